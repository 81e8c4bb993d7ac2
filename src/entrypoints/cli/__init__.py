"""The command line: one module a command, what several share beside them."""
