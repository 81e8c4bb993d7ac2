"""What goes wrong in a depot, and between it and the bus: scripts by name."""
