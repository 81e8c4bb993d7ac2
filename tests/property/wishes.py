"""Random depots in which some stand by or demand less than they may have, and draw more than they are told."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from domain.knowledge.demand import Standing
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.memory import Memory
from domain.knowledge.situation import Situation
from domain.sharing.plan import Plan
from tests.oracle.decision import Target, demanded, sent, spare
from tests.oracle.depot import Connector, Depot, Json, Node, read
from tests.oracle.figures import Figures, figure, together_w
from tests.oracle.snapshots import random_snapshot
from tests.property.production import situation_of


@dataclass(frozen=True)
class Wish:
    """What a connector that wants power may have, in watts at the meter but for `told_minimum_w`, and its factor."""

    demand_w: int
    full_w: int
    minimum_w: int
    rating_w: int
    told_minimum_w: int
    factor: int

    @classmethod
    def random(cls, rng: Random, connector: Connector) -> "Wish":
        """It asks for all that it may have, for some of it, or stands by (R30, R31, R33)."""
        factor = rng.choice((1000, 1000, 1000, rng.randint(1001, 1049), 1050, rng.randint(1051, 2500)))
        rating_w = connector.rating_w * min(factor, 1035) // 1000
        full_w = min(at(connector.demand_w, factor), rating_w)
        minimum_w = min(at(connector.minimum_w, factor), rating_w)
        demand_w = full_w
        if minimum_w <= full_w and rng.random() < 0.5:
            demand_w = rng.choice((0, rng.randint(max(1, minimum_w), full_w)))
        return cls(demand_w, full_w, minimum_w, rating_w, connector.minimum_w, factor)

    def told_w(self, share_w: int) -> int:
        """R35."""
        told_w = share_w * 1000 // self.factor
        return self.told_minimum_w if 0 < told_w < self.told_minimum_w else told_w

    @property
    def is_hungry(self) -> bool:
        return self.demand_w == self.full_w


@dataclass(frozen=True)
class Case:
    """A depot as the oracle and as the domain know it, with the wishes of those that want power.

    `last_w`: the limit that each reported, at the meter.
    """

    depot: Depot
    figures: Figures
    situation: Situation
    wishes: dict[Node, Wish]
    last_w: dict[Node, int | None]

    def demanded(self) -> dict[Node, Target]:
        """What the fill of demands gives by the oracle."""
        return demanded(self.depot, self.figures, {key: each.demand_w for key, each in self.wishes.items()})

    def spare_w(self, first: dict[Node, Target]) -> dict[Node, int]:
        """What that leaves and who gets it, by the oracle."""
        if all(wish.is_hungry for wish in self.wishes.values()):
            return {}
        return spare(self.depot, self.figures, first, {key: each.full_w for key, each in self.wishes.items()})

    def right(self) -> list[Any]:
        """What is to be said of every connector that wants power, and what is allocated at every node."""
        first = self.demanded()
        more_w = self.spare_w(first)
        total_w = {key: target.target_w + more_w.get(key, 0) for key, target in first.items()}
        idle_w: dict[Node, int | None] = {
            each.node_id: each.idle_power_w if each.idle else None for each in self.depot.connectors
        }
        limits_w = sent(self.depot, self.figures, {**idle_w, **total_w}, self.last_w)
        said: list[Any] = []
        for key, wish in self.wishes.items():
            limit_w = limits_w[key] or 0
            told, target = wish.told_w(limit_w), wish.told_w(total_w[key])
            reason = "awaiting_decrease" if told < target else _reason(first[key], wish)
            said.append((key, target, told, first[key].binding, reason, first[key].target_w > 0))
        return said + [
            sum(total_w.get(each.node_id, 0) for each in self.depot.below(node_id)) for node_id in self.depot.nodes
        ]

    def said(self, plan: Plan) -> list[Any]:
        """What a plan says of them."""
        said: list[Any] = []
        for line, told in zip(self.situation.lines, plan.setpoints, strict=True):
            key = line.connector.node_id
            if key in self.wishes:
                is_on = plan.rotation.records[key].on_since is not None
                said.append((key, told.target_w, told.limit_w, told.binding_node_id, told.reason, is_on))
        return said + [node.allocated_w for node in plan.nodes]


def random_case(rng: Random, *, minimums: bool = True) -> Case:
    """`minimums`: some connectors have one; without, everybody is admitted."""
    snapshot = random_snapshot(rng)
    if not minimums:
        for charge_point in snapshot["configuration"]["charge_points"]:
            for connector in charge_point["connectors"]:
                connector.pop("min_power_w", None)
    depot = read(snapshot)
    wishes = {each.node_id: Wish.random(rng, each) for each in depot.connectors if each.wants}
    return case_of(snapshot, depot, wishes)


def case_of(snapshot: Json, depot: Depot, wishes: dict[Node, Wish]) -> Case:
    """A depot whose connectors have these wishes. What the oracle read of it is changed to watts at the meter."""
    figures, last_w = figure(depot), {}
    for connector in depot.connectors:
        wish, reading = wishes.get(connector.node_id), connector.reading
        applied_w = None if reading is None else reading.applied_w
        last_w[connector.node_id] = applied_w
        if wish is not None and reading is not None:
            fallback_w = min(depot.nodes[connector.charge_point_id].fallback_w, connector.rating_w)
            told_w = fallback_w if applied_w is None else applied_w
            connector.minimum_w = wish.minimum_w
            figures.exposure_w[connector.node_id] = max(at(told_w, wish.factor), reading.power_w or 0)
            last_w[connector.node_id] = None if applied_w is None else at(applied_w, wish.factor)
    for node_id, node in depot.nodes.items():
        factors = [wishes[each.node_id].factor for each in depot.below(node_id) if each.node_id in wishes]
        others = [each.node_id for each in depot.below(node_id) if each.node_id not in wishes]
        if any(figures.exposure_w[each] for each in others):
            continue
        if node.node_type == "charge_point" and factors:
            limit = figures.limits[node_id]
            limit.limit_w = (limit.limit_w or 0) * min(*factors, 1035) // 1000
        figures.held_w[node_id] = together_w(depot, node_id, figures.exposure_w)
    memory = Memory(ledger={key: LedgerEntry(factor=wish.factor) for key, wish in wishes.items()})
    return Case(depot, figures, _as_wished(situation_of(snapshot, memory), wishes, figures), wishes, last_w)


def at(told_w: int, factor: int) -> int:
    return -(-told_w * factor // 1000)


def _as_wished(situation: Situation, wishes: dict[Node, Wish], figures: Figures) -> Situation:
    nodes = [
        replace(view, held=replace(view.held, exposed_w=figures.held_w[view.node.node_id])) for view in situation.nodes
    ]
    lines = [
        _wishing(line, wishes[node_id], figures.exposure_w[node_id]) if node_id in wishes else line
        for line in situation.lines
        for node_id in (line.connector.node_id,)
    ]
    return replace(situation, lines=lines, nodes=nodes)


def _wishing(line: Line, wish: Wish, exposure_w: int) -> Line:
    assert line.standing is Standing.WANTING
    return replace(
        line,
        demand_w=wish.demand_w,
        full_w=wish.full_w,
        minimum_w=wish.minimum_w,
        rating_w=wish.rating_w,
        exposure_w=exposure_w,
    )


def _reason(target: Target, wish: Wish) -> str:
    if wish.demand_w == 0:
        return "standby"
    if target.held_off:
        return "below_minimum"
    return "granted" if target.target_w == wish.demand_w else "limited"
