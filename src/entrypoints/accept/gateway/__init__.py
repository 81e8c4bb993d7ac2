"""Tests a customer's gateway on a bus by reading and writing topics alone (DEPOT-2, DEPOT-3)."""
