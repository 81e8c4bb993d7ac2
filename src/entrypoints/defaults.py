"""What a depot is played with where nothing is said."""

DEFAULT_SCENARIO = "malaga"

# Ideal for as long as the rules fail with real ones: the change that founds the rules anew makes it "real".
DEFAULT_CHARGERS = "ideal"

HEADLESS_S = 7200
"""How much simulated time a headless run covers."""
