"""Microgrids as they were read last: read again only after a further event, and put into words once for all who ask."""

from asyncio import Lock, gather
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from application.ports.read_side import NewestEvent
from application.queries.breaches import Breach
from application.queries.rows import StatusRow
from application.queries.sessions import NotReady, not_ready
from application.queries.status import OPEN_BREACHES
from entrypoints.api.answers import Representation
from entrypoints.api.read_side import ReadSide

KEPT: Final = 32
"""How many microgrids are kept, those that were asked for last: a large one takes some megabytes."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A microgrid as of an event. What was answered of it is kept by the state of its `as_of`, and whether overviews
    have sessions. `not_ready` are those of its vehicles that are late.
    """

    event: NewestEvent
    microgrid: StatusRow
    open_breaches: Sequence[Breach]
    last_breach: Breach | None
    not_ready: NotReady | None
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
        newest = await self._events.newest(microgrid_id)
        # All who heard of an event ask at once: the first reads, the others wait for what it read.
        reading = self._reading.setdefault(microgrid_id, Lock())
        async with reading:
            latest = self._kept.pop(microgrid_id, None)
            if latest is None or latest.event.event_seq < newest.event_seq:
                latest = await self._read(microgrid_id, newest)
            if latest is not None:
                self._kept[microgrid_id] = latest
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return latest

    async def _read(self, microgrid_id: str, event: NewestEvent) -> Latest | None:
        # At once: beside a cycle that computes, each takes as long as it waits for its turns.
        row, rows = await gather(
            self._read_model.status(microgrid_id), self._read_model.latest_breaches(microgrid_id, OPEN_BREACHES)
        )
        if row is None:
            return None
        breaches = [Breach.of(each) for each in rows]
        is_open = [each for each in breaches if each.cleared_at is None]
        return Latest(event, row, is_open, next(iter(breaches), None), not_ready(row))
