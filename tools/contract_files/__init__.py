"""Makes the files under `contracts` from the wire models and from what the service says in a tiny depot."""
