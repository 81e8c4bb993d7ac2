"""A depot played in one process, and what a run of it came to."""
