"""What is kept of a station beyond its links."""

from dataclasses import dataclass, field
from datetime import datetime

from adapters.ocpp.abilities import Abilities


class UnusableMemory(Exception):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as its station began it."""

    transaction_id: int
    id_tag: str | None
    started_at: datetime | None
    meter_start: int | None = None


@dataclass(slots=True)
class Kept:
    """Of one station; maps by connector. `fallbacks`: the level-0 limit in watts that was accepted."""

    abilities: Abilities = field(default_factory=Abilities)
    statuses: dict[int, str] = field(default_factory=dict)
    transactions: dict[int, Transaction] = field(default_factory=dict)
    fallbacks: dict[int, int] = field(default_factory=dict)
    why: str | None = None
    """The code of what makes it not controlled, as last found out (`findings`)."""
