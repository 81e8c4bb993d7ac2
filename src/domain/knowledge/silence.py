"""Since when nothing is heard of a whole microgrid."""

from datetime import datetime
from itertools import chain

from domain.knowledge.situation import Situation


def unheard_since(situation: Situation) -> datetime | None:
    """When the newest message of any device was heard; null where that is recent, and where there was none."""
    recent, newest = situation.at - situation.windows.connector_stale_after, None
    heard = chain(
        [each.read_at for each in situation.memory.meters.values()],
        (line.entry.heard_at for line in situation.lines),
    )
    for heard_at in heard:
        if heard_at is not None and heard_at >= recent:
            return None
        newest = heard_at if newest is None or (heard_at is not None and heard_at > newest) else newest
    return newest
