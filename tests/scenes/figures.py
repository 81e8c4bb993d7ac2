"""What is measured of a scene when it is over."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from domain.breaches.constraint import ConstraintBreached
from domain.events import CycleCompleted
from domain.knowledge.limits import Mode
from domain.sharing.plan import Reason
from tests.scenes.vehicle import WATT_SECONDS
from tests.scenes.world import World

SETTLED_AFTER_S = 60


@dataclass(frozen=True)
class Figures:
    """What one scene shows.

    `over_s`: seconds over the limit, `well_over_s` of them by more than 1 %, `longest_s` without a break, `worst_w` the
    most. `off_s`: seconds after the first minute in which nothing flows. `switches`: how often the setpoint of the
    worst connector goes to 0 or comes from it. `new_values`: setpoints other than the one before, of a charger in an
    hour. `unresponsive_cycles`: published ones in which some connector is. `safe_s`: seconds whose newest published
    cycle has a node in safe mode. `times_s`: seconds that the scene asks for beside these.
    """

    energy_kwh: float
    over_s: int
    well_over_s: int
    longest_s: int
    worst_w: int
    off_s: int
    switches: int
    new_values: float
    unresponsive_cycles: int
    safe_s: int
    breaches: int
    causes: tuple[str, ...]
    times_s: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        times = "".join(f", {what} {second}" for what, second in self.times_s.items())
        return (
            f"{self.energy_kwh:.1f} kWh, over {self.over_s} s ({self.well_over_s} by > 1 %, longest {self.longest_s},"
            f" worst {self.worst_w / 1000:.1f} kW), off {self.off_s} s, {self.switches} switches,"
            f" {self.new_values:.0f} new values, unresponsive in {self.unresponsive_cycles} cycles,"
            f" safe {self.safe_s} s, {self.breaches} breaches {'/'.join(self.causes)}{times}"
        )


def measured(world: World, limit_w: int | None = None, times_s: Mapping[str, int] | None = None) -> Figures:
    """The figures of a world at its end; the limit is that of what is drawn in all, with the building."""
    loads_w = [] if limit_w is None else world.load_by_second
    excess_w = [load_w - (limit_w or 0) for load_w in loads_w]
    told_w = list(_told_w(world))
    breaches = [each.event for each in world.happened if isinstance(each.event, ConstraintBreached)]
    cycles = [cycle for _, cycle in world.cycles]
    return Figures(
        energy_kwh=sum(world.drawn_by_second) / WATT_SECONDS / 1000,
        over_s=sum(each > 0 for each in excess_w),
        well_over_s=sum(each * 100 > (limit_w or 0) for each in excess_w),
        longest_s=_longest(each > 0 for each in excess_w),
        worst_w=max(0, *excess_w, 0),
        off_s=sum(each == 0 for each in world.drawn_by_second[SETTLED_AFTER_S:]),
        switches=max((_switches(each) for each in told_w), default=0),
        new_values=sum(map(len, told_w)) / len(world.chargers) * 3600 / world.second,
        unresponsive_cycles=sum(map(_has_unresponsive, cycles)),
        safe_s=_safe_s(world),
        breaches=len({breach.breach_id for breach in breaches}),
        causes=tuple(sorted({breach.cause.value for breach in breaches})),
        times_s=times_s or {},
    )


def _told_w(world: World) -> Iterator[list[int]]:
    """By connector, the setpoints that it was sent, without those that say the same again."""
    sent_w: dict[tuple[str, int], list[int]] = defaultdict(list)
    for _, cycle in world.cycles:
        for setpoint in cycle.setpoints:
            if setpoint.limit_w is not None:
                sent_w[setpoint.charge_point_id, setpoint.connector_id].append(setpoint.limit_w)
    for values_w in sent_w.values():
        yield [value_w for value_w, _ in groupby(values_w)]


def _switches(told_w: list[int]) -> int:
    return sum((before_w > 0) != (after_w > 0) for before_w, after_w in pairwise(told_w))


def _longest(over: Iterable[bool]) -> int:
    return max((sum(1 for _ in run) for is_over, run in groupby(over) if is_over), default=0)


def _has_unresponsive(cycle: CycleCompleted) -> bool:
    return any(setpoint.reason is Reason.UNRESPONSIVE for setpoint in cycle.setpoints)


def _safe_s(world: World) -> int:
    ends = [second for second, _ in world.cycles[1:]] + [world.second]
    return sum(
        end - second
        for (second, cycle), end in zip(world.cycles, ends, strict=True)
        if any(node.mode is Mode.SAFE for node in cycle.nodes)
    )
