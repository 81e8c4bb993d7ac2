"""Who decides for which partition, and in which stream of events."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from application.ports.bus import PublishedEvent


@dataclass(frozen=True, slots=True)
class Epoch:
    """An owner's time with a partition. It ends when the partition is claimed again, whoever claims it."""

    partition: int
    number: int


class Fenced(Exception):
    """The partition is not this owner's any more: nothing it decides there becomes true."""


class Ownership(Protocol):
    """Issues the epochs under which workers decide. Partitions of equal numbers belong together, whatever the topic."""

    async def claim(self, partitions: Collection[int]) -> Sequence[Epoch]:
        """A new epoch for each partition, higher than all before.

        Once this returns, no unit of work of an earlier epoch of theirs is open or commits.
        """
        ...


class Streams(Protocol):
    """The stream of events that the database leads, and how far it is in it. Raises StorageUnavailable."""

    async def current(self) -> str: ...

    async def reached(self, microgrid_ids: Collection[str]) -> Mapping[str, int]:
        """The newest `event_seq` of those of the microgrids that are stored."""
        ...


class EventTails(Protocol):
    """The newest events on the bus."""

    async def newest(self, partitions: Collection[int]) -> Mapping[int, Sequence[PublishedEvent]]:
        """Some of each partition; none where it is empty."""
        ...
