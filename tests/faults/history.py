"""What a deployment did, as it can be read afterwards from the bus and the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from pydantic_core import from_json

from application.ports.bus import Message, Position

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""By the name of a table, its rows in the order of their keys."""

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Event:
    """A message of the events topic, or a row of the outbox (which has no position)."""

    key: str | None
    headers: Headers
    value: bytes
    position: Position | None = None

    @property
    def id(self) -> str:
        return (dict(self.headers)["ce_id"] or b"").decode()

    @property
    def type(self) -> str:
        return (dict(self.headers)["ce_type"] or b"").decode()

    @cached_property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = from_json(self.value)
        return data

    @property
    def event_seq(self) -> int:
        event_seq: int = self.data["event_seq"]
        return event_seq

    @property
    def content(self) -> tuple[str | None, Headers, bytes]:
        return self.key, self.headers, self.value


@dataclass(frozen=True, slots=True)
class Commit:
    """A version of a microgrid, the epoch it was written under, and the partition's epoch at that commit."""

    microgrid_id: str
    version: int
    epoch: int
    current_epoch: int


@dataclass(frozen=True, slots=True)
class State:
    """How far a microgrid is in the end."""

    version: int
    cycle_seq: int
    event_seq: int


@dataclass(frozen=True, slots=True)
class Record:
    """A message, and where it lay."""

    position: Position
    message: Message


@dataclass(frozen=True, slots=True)
class History:
    """Everything there is to check. `planted` are the bad messages, which a header says; see `load`."""

    published: Sequence[Event]
    committed: Sequence[Event]
    commits: Sequence[Commit]
    states: Mapping[str, State]
    dead_letters: Sequence[Record]
    planted: Sequence[Record]
    live: Rows
    rebuilt: Rows
