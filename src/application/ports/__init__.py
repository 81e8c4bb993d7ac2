"""What the application asks of the outside world, as Protocols named by role."""
