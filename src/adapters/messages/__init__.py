"""Messages as they lie on the bus: wire shapes, the CloudEvents envelope, and the registry of types."""
