"""What a run of the site came to, as far as an acceptance asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

PLAIN = "plain"
"""The name of the run in which nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Instant:
    """The worst second of a run: by how much a node was over (`over_w` above 0), or nearest to what it bears (else)."""

    second: int
    node_id: str
    over_w: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Played:
    """A run: its summary (CLI-7) and the account of it; `causes` are those of the breaches that its script explains."""

    name: str
    causes: frozenset[str]
    charge_points: int
    summary: Mapping[str, Any]
    account: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether no limit was violated and all that the script was to bring about happened (CLI-11)."""
        return bool(self.summary["verdict"] == "pass")

    @property
    def failures(self) -> list[str]:
        """Why it did not pass, a sentence each, the worst first."""
        violated = [
            f"{each['node_id']} was over its limit in {each['ticks']} s, {each['longest_s']} s on end, by"
            f" {each['worst_w']:,} W at worst, in second {each['worst_s']}."
            for each in self.account["violations"]
        ]
        return violated + [each["message"] for each in self.summary["expected"]]

    @property
    def breaches_expected(self) -> int:
        """How many breaches opened of a cause that the script explains."""
        return sum(each["cause"] in self.causes for each in self.account["breaches"])

    @property
    def breaches_unexpected(self) -> int:
        """How many others opened."""
        return len(self.account["breaches"]) - self.breaches_expected

    @property
    def energy_percent(self) -> float | None:
        """Delivered of possible energy (CLI-10); None where none was possible."""
        possible_wh = self.summary["energy_possible_wh"]
        return round(100 * self.summary["energy_delivered_wh"] / possible_wh, 1) if possible_wh else None

    @property
    def changes_a_charger_and_hour(self) -> float | None:
        """How often a charger was sent another limit, an hour; None without chargers."""
        charger_hours = self.charge_points * self.summary["simulated_s"] / 3600
        return round(self.account["limit_changes"] / charger_hours, 1) if charger_hours else None

    @property
    def worst(self) -> Instant | None:
        """Where and when a limit was violated most; else what was drawn over a capacity; else the fullest circuit."""
        for key, word in (("violations", "permitted"), ("true_overloads", "drawn")):
            if self.account[key]:
                each = self.account[key][0]
                sentence = f"{each['worst_w']:,} W more {word} than {each['node_id']} bears"
                return Instant(each["worst_s"], each["node_id"], each["worst_w"], sentence)
        return _fullest(self.account["time_line"])


@dataclass(frozen=True, slots=True)
class NotPlayed:
    """A run that there was not, and why."""

    name: str
    reason: str


Outcome: TypeAlias = Played | NotPlayed


def _fullest(time_line: Mapping[str, Any]) -> Instant | None:
    """The sample in which the load of a circuit was nearest to its capacity."""
    circuits: Sequence[str] = time_line["circuits"]
    shares = [
        (load_w / capacity_w, -sample["second"], circuit_id, capacity_w - load_w)
        for sample in time_line["samples"]
        for circuit_id, load_w, capacity_w in zip(circuits, sample["load_w"], sample["capacity_w"], strict=True)
        if capacity_w
    ]
    if not shares:
        return None
    share, second, circuit_id, left_w = max(shares)
    return Instant(-second, circuit_id, -left_w, f"{circuit_id} at {100 * share:.1f} % of its capacity")
