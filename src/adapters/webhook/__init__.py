"""Entries of the log to somebody's own HTTP server, signed."""
