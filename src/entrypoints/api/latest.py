"""Microgrids as they were read last: read again only after a further event, and put into words once for all who ask."""

from asyncio import Lock, gather
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from application.queries.breaches import Breach, breaches
from application.queries.rows import BreachState, StatusRow
from application.queries.status import OPEN_BREACHES
from entrypoints.api.answers import Representation
from entrypoints.api.read_side import ReadSide

KEPT: Final = 32
"""How many microgrids are kept, those that were asked for last: a large one takes some megabytes."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A microgrid as of an event. What was answered of it is kept by the state of its `as_of`, and whether overviews
    have sessions. `traceparent` is that of the event.
    """

    event_seq: int
    microgrid: StatusRow
    open_breaches: Sequence[Breach]
    last_breach: Breach | None
    traceparent: str | None = None
    shown: dict[str, Representation] = field(default_factory=dict)
    overviews: dict[tuple[str, bool], Representation] = field(default_factory=dict)


class LatestMicrogrids:
    """The newest there is of every microgrid, whoever asks."""

    def __init__(self, read_side: ReadSide) -> None:
        self._read_model = read_side.read_model
        self._events = read_side.stored_events
        self._kept: OrderedDict[str, Latest] = OrderedDict()
        self._reading: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    async def of(self, microgrid_id: str) -> Latest | None:
        """None where nobody knows it. Raises StorageUnavailable."""
        # Asked for first: what is read after it is as new, or newer.
        event_seq = await self._events.newest(microgrid_id)
        # All who heard of an event ask at once: the first reads, the others wait for what it read.
        reading = self._reading.setdefault(microgrid_id, Lock())
        async with reading:
            latest = self._kept.pop(microgrid_id, None)
            if latest is None or latest.event_seq < event_seq:
                latest = await self._read(microgrid_id, event_seq)
            if latest is not None:
                self._kept[microgrid_id] = latest
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return latest

    async def _read(self, microgrid_id: str, event_seq: int) -> Latest | None:
        # At once: beside a cycle that computes, each takes as long as it waits for its turns.
        row, open_breaches, last, traceparent = await gather(
            self._read_model.status(microgrid_id),
            breaches(self._read_model, microgrid_id, BreachState.OPEN, None, OPEN_BREACHES),
            breaches(self._read_model, microgrid_id, BreachState.ALL, None, 1),
            self._events.traceparent(microgrid_id, event_seq),
        )
        if row is None:
            return None
        return Latest(event_seq, row, open_breaches, last[0] if last else None, traceparent)
