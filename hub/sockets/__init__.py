"""WebSockets: a message in, replies out, one task a connection."""
