"""The read side over HTTP (contract section 10)."""
