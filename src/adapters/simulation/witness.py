"""What a depot hears of the service that balances it: breaches, and how its nodes are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CYCLE_COMPLETED = "busbar.cycle.completed.v1"


@dataclass(slots=True)
class Breach:
    """A breach by its first event, and the seconds of the run in which it was heard to open and to clear."""

    node_id: str
    cause: str
    severity: str
    excess_w: int
    opened_s: int
    cleared_s: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a node was judged from a second of the run on: `normal` or `safe`, and how good its figures are."""

    since_s: int
    mode: str
    quality: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a fault script was to bring about and did not. `node_id` is None where no node is meant."""

    code: str
    node_id: str | None
    message: str


class Witness:
    """Listens to the events of one microgrid, in their order.

    `limit_changes`: how often a connector was sent another limit than the one before. Its first one is no change.
    """

    def __init__(self) -> None:
        self.breaches: dict[str, Breach] = {}
        self.configured_s: list[tuple[int, int]] = []
        self.limit_changes = 0
        self._decided_s: int | None = None
        self._judgements: dict[str, list[Judgement]] = {}
        self._limits_w: dict[tuple[str, int], int | None] = {}

    def hear(self, event_type: str, data: Mapping[str, Any], second: int) -> None:
        """Take in an event in this second of the run."""
        if self._decided_s is None or event_type == CYCLE_COMPLETED:
            self._decided_s = second
        match event_type:
            case "busbar.constraint.breached.v1":
                self.breaches.setdefault(
                    data["breach_id"],
                    Breach(data["node_id"], data["cause"], data["severity"], data["excess_w"], second),
                )
            case "busbar.constraint.cleared.v1":
                if data["breach_id"] in self.breaches:
                    self.breaches[data["breach_id"]].cleared_s = second
            case "busbar.configuration.applied.v1":
                self.configured_s.append((second, data["version"]))
            case other if other == CYCLE_COMPLETED:
                for node in data["nodes"]:
                    self._judge(node["node_id"], Judgement(second, node["mode"], node["quality"]))
                self._count_changes(data["setpoints"])

    def judgements(self, node_id: str, seconds: range) -> list[Judgement]:
        """How a node was judged in these seconds of the run, one after the other."""
        heard = self._judgements.get(node_id, [])
        earlier = [each for each in heard if each.since_s < seconds.start][-1:]
        return earlier + [each for each in heard if each.since_s in seconds]

    def not_cleared(self, cause: str) -> list[Missing]:
        """The breaches of a cause that are still open."""
        return [
            Missing("breach_not_cleared", each.node_id, f"The breach at {each.node_id} ({cause}) was not cleared.")
            for each in self.breaches.values()
            if each.cause == cause and each.cleared_s is None
        ]

    def undecided(self, second: int, valid_for_s: int) -> list[Missing]:
        """That in this second of the run nothing was decided for longer than setpoints hold, if so (CLI-11).

        Who hears no event at all, as a depot whose chargers alone are played, does not know.
        """
        if self._decided_s is None or second - self._decided_s <= valid_for_s:
            return []
        return [Missing("not_decided", None, f"No decision was heard since second {self._decided_s}.")]

    def _count_changes(self, setpoints: Sequence[Mapping[str, Any]]) -> None:
        for each in setpoints:
            key = (each["charge_point_id"], each["connector_id"])
            if key in self._limits_w and self._limits_w[key] != each["limit_w"]:
                self.limit_changes += 1
            self._limits_w[key] = each["limit_w"]

    def _judge(self, node_id: str, judged: Judgement) -> None:
        heard = self._judgements.setdefault(node_id, [])
        if not heard or (heard[-1].mode, heard[-1].quality) != (judged.mode, judged.quality):
            heard.append(judged)
