"""The console: server-rendered pages that a reviewer works in. They need no JavaScript; a little makes them faster."""
