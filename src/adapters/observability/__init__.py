"""What operators see of a process: spans and logs, named in one place. Measured by OpenTelemetry, tied by trace ids."""
