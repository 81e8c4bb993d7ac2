"""Microgrids as they were read last: read again only after a further event, and put into words once for all who ask."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from application.queries.breaches import breaches
from application.queries.rows import BreachState, StatusRow
from entrypoints.api.answers import Representation
from entrypoints.api.read_side import ReadSide

KEPT: Final = 32
"""How many microgrids are kept, those that were asked for last: a large one takes some megabytes."""

OPEN_BREACHES: Final = 500
"""How many open breaches are known of a microgrid at most."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A microgrid as of an event. `shown`: its status as it was answered, by the state of its `as_of`."""

    event_seq: int
    microgrid: StatusRow
    open_breaches: Sequence[dict[str, Any]]
    shown: dict[str, Representation] = field(default_factory=dict)


class LatestMicrogrids:
    """The newest there is of every microgrid, whoever asks."""

    def __init__(self, read_side: ReadSide) -> None:
        self._read_model = read_side.read_model
        self._events = read_side.stored_events
        self._kept: OrderedDict[str, Latest] = OrderedDict()

    async def of(self, microgrid_id: str) -> Latest | None:
        """None where nobody knows it. Raises StorageUnavailable."""
        # Asked for first: what is read after it is as new, or newer.
        event_seq = await self._events.newest(microgrid_id)
        latest = self._kept.pop(microgrid_id, None)
        if latest is None or latest.event_seq != event_seq:
            row = await self._read_model.status(microgrid_id)
            if row is None:
                return None
            open_breaches = await breaches(self._read_model, microgrid_id, BreachState.OPEN, None, OPEN_BREACHES)
            latest = Latest(event_seq, row, open_breaches)
        self._kept[microgrid_id] = latest
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return latest
