"""How often the collector looks for cycles of garbage. Nearly all there is here goes without it."""

import gc
from typing import Final

YOUNG: Final = 50_000
"""How many more objects than were freed call for a look. A batch of readings makes some thousands, and frees them."""


def collect_rarely() -> None:
    """To be called once everything is imported, by what works through many messages or answers requests: a tenth of its
    time and more.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


def collect_now() -> None:
    """To be called once a membership has ended. What it kept, every depot of a worker and what its client had fetched,
    lies in cycles that have grown old. Those are looked for so rarely that many memberships would lie beside the next.
    """
    gc.collect()
