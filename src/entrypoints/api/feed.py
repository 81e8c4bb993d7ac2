"""The events of microgrids as they come, for as many listeners as there are: looked for once, encoded once.

A listener has no queue. It asks for what follows the last event it could send: the newest are in memory for all
listeners alike, older ones are in the database. One that does not read holds nothing but the event in its hands.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic_core import to_json

from application.ports.persistence import StorageUnavailable
from application.ports.read_side import StoredEvent, StoredEvents

LOOKED_EVERY_S: Final = 0.25
COMMENT_EVERY_S: Final = 15.0
PAGE: Final = 20
RECENT: Final = 20
"""How many events of a microgrid are kept encoded."""

COMMENT: Final = b":\n\n"

Frame: TypeAlias = tuple[int, bytes]
"""An event's number and what is sent of it."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Channel:
    """One microgrid that is listened to. `changed` is set, and another put in its place, with every change."""

    newest: int
    recent: deque[Frame] = field(default_factory=lambda: deque(maxlen=RECENT))
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: int = 0

    def announce(self, frames: Sequence[Frame]) -> None:
        if frames and self.recent and frames[0][0] != self.recent[-1][0] + 1:
            self.recent.clear()
        self.recent.extend(frames)
        self.newest = frames[-1][0] if frames else self.newest
        self.changed.set()
        self.changed = asyncio.Event()


class Feed:
    """What streams listen to. It looks for events only while somebody listens."""

    def __init__(self, events: StoredEvents) -> None:
        self._events = events
        self._channels: dict[str, _Channel] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End every stream; further ones end at once."""
        self._closed = True
        for channel in self._channels.values():
            channel.announce([])

    async def listen(self, microgrid_id: str, last_event_id: str | None) -> AsyncGenerator[bytes]:
        """What to send to one listener, without an end.

        Begins after `last_event_id`; with what comes next where it is None; with a reset where it cannot be used.
        Raises StorageUnavailable.
        """
        newest = (await self._events.newest(microgrid_id)).event_seq
        position = newest if last_event_id is None else _sequence(last_event_id)
        async with self._channel(microgrid_id, newest) as channel:
            yield COMMENT
            comment_at = _now() + COMMENT_EVERY_S
            while not self._closed:
                changed = channel.changed
                frames = None if position is None else await self._after(channel, microgrid_id, position)
                if frames is None:
                    position = max(newest, channel.newest)
                    yield _reset(microgrid_id, position)
                    continue
                for event_seq, frame in frames:
                    yield frame
                    position = event_seq
                if not frames:
                    await _wait(changed, comment_at - _now())
                if _now() >= comment_at:
                    comment_at += COMMENT_EVERY_S
                    yield COMMENT

    async def _after(self, channel: _Channel, microgrid_id: str, position: int) -> Sequence[Frame] | None:
        """The events that follow a position, None where they are kept no longer or it was never reached."""
        if position == channel.newest:
            return []
        if channel.recent and channel.recent[0][0] <= position + 1 <= channel.recent[-1][0]:
            return [frame for frame in channel.recent if frame[0] > position]
        events = await self._events.after(microgrid_id, position, PAGE)
        if events:
            return _frames(events) if events[0].event_seq == position + 1 else None
        return [] if position == (await self._events.newest(microgrid_id)).event_seq else None

    @asynccontextmanager
    async def _channel(self, microgrid_id: str, newest: int) -> AsyncIterator[_Channel]:
        channel = self._channels.setdefault(microgrid_id, _Channel(newest))
        channel.listeners += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield channel
        finally:
            channel.listeners -= 1
            if not channel.listeners:
                del self._channels[microgrid_id]
            if not self._channels and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOKED_EVERY_S)
            for microgrid_id, channel in tuple(self._channels.items()):
                try:
                    events = await self._events.after(microgrid_id, channel.newest, PAGE)
                except StorageUnavailable as error:
                    _logger.warning("no events can be read: %s", error)
                    continue
                except Exception:
                    _logger.exception("no events can be read")
                    continue
                if events:
                    channel.announce(_frames(events))


async def without_data(parts: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same for a listener that reads what it wants anew whenever something happened."""
    async with aclosing(parts):
        async for part in parts:
            head, is_event, _ = part.partition(b"\ndata: ")
            yield head + b"\ndata: {}\n\n" if is_event else part


def _frames(events: Sequence[StoredEvent]) -> Sequence[Frame]:
    """JSON as the service writes it has no line breaks."""
    return [
        (event.event_seq, b"id: %d\nevent: %s\ndata: %s\n\n" % (event.event_seq, event.type.encode(), event.data))
        for event in events
    ]


def _reset(microgrid_id: str, event_seq: int) -> bytes:
    """The reader has to read anew what it knows; the events after this one follow."""
    data = to_json({"microgrid_id": microgrid_id, "event_seq": event_seq})
    return b"id: %d\nevent: reset\ndata: %s\n\n" % (event_seq, data)


def _sequence(last_event_id: str) -> int | None:
    is_one = last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 19
    return int(last_event_id) if is_one else None


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(changed.wait(), max(0.0, seconds))
    except TimeoutError:
        return


def _now() -> float:
    return asyncio.get_running_loop().time()
