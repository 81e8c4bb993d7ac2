"""By how much, how often and for how long nodes were exceeded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

TICK = timedelta(seconds=1)


@dataclass(slots=True)
class Exceedance:
    """One node: in how many ticks it was exceeded, in how many on end, by how much at the worst instant."""

    node_id: str
    ticks: int = 0
    longest_s: int = 0
    worst_w: int = 0
    worst_at: datetime | None = None
    on_end_s: int = 0
    last_at: datetime | None = None


class Exceedances:
    """Ticks in which anything was exceeded, and what it was. On end so many of them, `borne_s`, do not count."""

    def __init__(self, borne_s: int = 0) -> None:
        self.ticks = 0
        self._borne_s = borne_s
        self._nodes: dict[str, Exceedance] = {}

    @property
    def worst_first(self) -> list[Exceedance]:
        """The nodes that were exceeded."""
        counted = [each for each in self._nodes.values() if each.ticks]
        return sorted(counted, key=lambda each: (-each.worst_w, -each.ticks, each.node_id))

    @property
    def worst_w(self) -> int:
        """The most by which any node was exceeded."""
        return max((each.worst_w for each in self._nodes.values()), default=0)

    def note(self, now: datetime, excesses_w: Mapping[str, int]) -> None:
        """Take in a tick. A node whose excess is not above 0 was not exceeded."""
        counts = False
        for node_id, excess_w in excesses_w.items():
            if excess_w <= 0:
                continue
            node = self._nodes.setdefault(node_id, Exceedance(node_id))
            node.on_end_s = node.on_end_s + 1 if node.last_at == now - TICK else 1
            node.last_at = now
            if node.on_end_s <= self._borne_s:
                continue
            counts = True
            node.ticks += 1
            node.longest_s = max(node.longest_s, node.on_end_s)
            if excess_w > node.worst_w:
                node.worst_w, node.worst_at = excess_w, now
        self.ticks += counts
