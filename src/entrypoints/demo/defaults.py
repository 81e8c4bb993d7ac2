"""What a depot is played with where nothing is said."""

DEFAULT_SCENARIO = "malaga"

DEFAULT_CHARGERS = "real"

HEADLESS_S = 7200
"""How much simulated time a headless run covers."""
