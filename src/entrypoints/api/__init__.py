"""The read side over HTTP (HTTP-1 to HTTP-15)."""
