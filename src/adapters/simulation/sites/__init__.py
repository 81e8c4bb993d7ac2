"""The shipped depots, one file each."""
