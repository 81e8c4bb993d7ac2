"""A run of a simulated depot as a file: for people (HTML), for build servers (JUnit) and for programs (JSON)."""
