"""What a customer's integration test begins with: a site is checked, proven fail-safe and played (DEPOT-1, DEPOT-2)."""
