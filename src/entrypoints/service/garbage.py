"""How often the collector looks for cycles of garbage. Nearly all there is here goes without it."""

import gc
from typing import Final

YOUNG: Final = 50_000
"""How many more objects than were freed call for a look. A batch of readings makes some thousands, and frees them."""


def collect_rarely() -> None:
    """To be called once everything is imported, by what works through many messages: a tenth of its time and more."""
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
