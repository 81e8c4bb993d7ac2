"""Kafka's promises inside one process, for the demo and for tests."""
