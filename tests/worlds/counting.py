"""What is permitted below every node, second by second, as CLI-8 and CLI-9 count it; it knows no rule."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.worlds.chargers import Charger
from tests.worlds.habits import NEVER


@dataclass(frozen=True, slots=True)
class Violation:
    """More was permitted below a node than it bears."""

    second: int
    node_id: str
    excess_w: int


@dataclass(slots=True)
class Recently:
    """A figure of a node, with the extremes that it had within the last `reaction_s`."""

    value_w: int
    former: list[tuple[int, int]] = field(default_factory=list)

    def becomes(self, value_w: int, until: int) -> None:
        if value_w != self.value_w:
            self.former.append((until, self.value_w))
            self.value_w = value_w

    def expire(self, second: int) -> bool:
        """Forget what is too long ago; whether anything was."""
        kept = [each for each in self.former if each[0] >= second]
        forgot = len(kept) < len(self.former)
        self.former = kept
        return forgot

    @property
    def lowest_w(self) -> int:
        return min([self.value_w, *(value for _, value in self.former)])

    @property
    def highest_w(self) -> int:
        return max([self.value_w, *(value for _, value in self.former)])


class Counter:
    """Counts the seconds in which more is permitted below a node than it bears; not what nobody could have lowered.

    A charger out of reach counts with no more than it was told in vain, until it had time to obey when it is back:
    others make no room for a decrease in vain until it is missed, which is known and accepted. One that has been silent
    for `missed_s` is: it counts with all that it is permitted.

    `paths[i]` are the ids of the nodes above charger i, itself included.
    """

    def __init__(self, paths: Sequence[Sequence[str]], reaction_s: int, missed_s: int) -> None:
        self.violations: list[Violation] = []
        self._paths = paths
        self._reaction_s = reaction_s
        self._missed_s = missed_s
        self._capacities: dict[str, Recently] = {}
        self._backgrounds: dict[str, Recently] = {}
        self._floors_w = [0] * len(paths)
        self._reached_from = [-reaction_s] * len(paths)
        self._silent_from = [0] * len(paths)
        self._counted: list[tuple[int, int, int]] = []
        self._excesses: list[tuple[str, int]] = []

    def bears(self, node_id: str, capacity_w: int, second: int) -> None:
        """From now on, this much may be drawn below a node."""
        self._note(self._capacities, node_id, capacity_w, second)

    def draws(self, node_id: str, background_w: int, second: int) -> None:
        """From now on, the loads below a node that nobody controls draw this much."""
        self._note(self._backgrounds, node_id, background_w, second)

    def count(self, chargers: Sequence[Charger], second: int) -> None:
        """Judge one second."""
        counted = [self._of(index, charger, second) for index, charger in enumerate(chargers)]
        expired = [each.expire(second) for each in (*self._capacities.values(), *self._backgrounds.values())]
        for each in chargers:
            if each.elsewhere is not None and second > each.elsewhere.until:
                each.elsewhere, self._counted = None, []
        if counted != self._counted or any(expired):
            self._counted = counted
            self._excesses = self._judged(chargers)
        self.violations += [Violation(second, node_id, excess_w) for node_id, excess_w in self._excesses]

    def _of(self, index: int, charger: Charger, second: int) -> tuple[int, int, int]:
        """What counts of it, what it is permitted, and what of that nobody could have lowered."""
        permitted_w = charger.permitted_w
        if charger.speaks:
            self._silent_from[index] = second
        if charger.lost or not (charger.reached and charger.configured):
            self._floors_w[index], self._reached_from[index] = permitted_w, second + 1
            is_missed = second >= self._silent_from[index] + self._missed_s
            return permitted_w if is_missed else charger.heeds_w(second), permitted_w, permitted_w
        if charger.refuses:
            # The others have to make room for it, but nobody can lower it.
            self._floors_w[index], self._reached_from[index] = permitted_w, second + 1
            return permitted_w, permitted_w, permitted_w
        if second < self._reached_from[index] + self._reaction_s:
            self._floors_w[index] = min(self._floors_w[index], permitted_w)
            return charger.heeds_w(second), permitted_w, self._floors_w[index]
        return permitted_w, permitted_w, 0

    def _judged(self, chargers: Sequence[Charger]) -> list[tuple[str, int]]:
        sums: dict[str, list[int]] = {}
        for path, charger, figures in zip(self._paths, chargers, self._counted, strict=True):
            away = charger.elsewhere
            for node_id in path:
                most_w = NEVER if away is None or node_id not in away.node_ids else away.most_w
                of_node = sums.setdefault(node_id, [0, 0, 0])
                for each, figure in enumerate(figures):
                    of_node[each] += min(figure, most_w)
        excesses = []
        for node_id, (counted_w, permitted_w, unreached_w) in sums.items():
            if node_id in self._capacities:
                background = self._backgrounds.get(node_id)
                background_w = 0 if background is None else background.lowest_w
                excess_w = counted_w + background_w - self._capacities[node_id].highest_w
                if min(excess_w, permitted_w - unreached_w) > 0:
                    excesses.append((node_id, min(excess_w, permitted_w - unreached_w)))
        return excesses

    def _note(self, figures: dict[str, Recently], node_id: str, value_w: int, second: int) -> None:
        known = figures.setdefault(node_id, Recently(value_w))
        known.becomes(value_w, second + self._reaction_s)
        self._counted = []
