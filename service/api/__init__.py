"""The HTTP API: assess, health, and its own documentation."""
