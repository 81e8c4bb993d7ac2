"""Observed load against limits in force: when a breach opens, becomes critical and clears, and why it came."""
