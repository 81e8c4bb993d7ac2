"""How a gateway passes readings up and setpoints down: samples, each run by a test."""
