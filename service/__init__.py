"""The service: settings, store, audit, access, the HTTP API and the console. Serves an exported bundle; never imports torch or training."""
