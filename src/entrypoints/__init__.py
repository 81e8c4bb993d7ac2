"""Where processes start: settings, the container, the command line."""
