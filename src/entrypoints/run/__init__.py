"""A real depot on one machine: the parts of a deployment in one process, on an embedded database and bus."""
