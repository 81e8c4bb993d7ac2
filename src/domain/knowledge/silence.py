"""Since when nothing is heard of a whole microgrid."""

from datetime import datetime

from domain.knowledge.situation import Situation


def unheard_since(situation: Situation) -> datetime | None:
    """When the newest message of any device was heard; null where that is recent, and where there was none."""
    meters = situation.memory.meters.values()
    heard = [line.entry.heard_at for line in situation.lines] + [each.read_at for each in meters]
    newest = max([each for each in heard if each is not None], default=None)
    recent = situation.at - situation.windows.connector_stale_after
    return None if newest is None or newest >= recent else newest
