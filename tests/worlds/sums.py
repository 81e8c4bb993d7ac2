"""Property: what is permitted below a node is never above what it bears, in any depot with any habits and faults."""

from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from domain.knowledge.sendings import Sending
from domain.knowledge.situation import Situation
from domain.sharing import rebalance
from domain.sharing.plan import Plan
from domain.site.configuration import ChargePoint, Circuit
from tests.worlds.depot import Depot
from tests.worlds.habits import NEVER, Habits
from tests.worlds.random_depots import random_depot
from tests.worlds.world import World

SECONDS = 2400
FIRST_S = 60
"""So long after a first cycle nothing of what it sent too much is in force any more."""

RARE_PERCENT = 5
"""What occurs in fewer depots is not looked at enough."""


def fault_of(depot: Depot, seconds: int = SECONDS) -> str | None:
    """Play a depot: where more than a node bears was permitted first, and most; None where nowhere."""
    world = World(depot)
    world.play(seconds)
    return what_is_wrong(world)


def what_is_wrong(world: World) -> str | None:
    """Of a world that was played: violations, and plans that the certificate refused."""
    if world.worker.refused:
        return f"{len(world.worker.refused)} plans refused, the first: {world.worker.refused[0]}"
    if not world.violations:
        return None
    first, worst = world.violations[0], max(world.violations, key=lambda each: each.excess_w)
    over_s = len({each.second for each in world.violations})
    return (
        f"{over_s} s over, first by {first.excess_w} W at {first.node_id} in second {first.second}, "
        f"worst by {worst.excess_w} W at {worst.node_id} in second {worst.second}; {len(world.chargers)} chargers"
    )


def fault_of_seed(seed: int) -> str | None:
    return fault_of(random_depot(seed))


def is_by_a_first_cycle(seed: int) -> bool:
    """Whether more was permitted only because a first cycle sends those up to their exposure that were never told a
    limit, as SEND-4 has it: within a minute of it, and nothing is over where it sends what later ones would (ADR 0018).
    """
    depot = random_depot(seed)
    world, other = World(depot), World(depot, _as_later_cycles)
    while not world.worker.announced:
        world.tick()
    began = world.now
    world.play(SECONDS)
    other.play(began + FIRST_S)
    is_early = all(each.second <= began + FIRST_S for each in world.violations)
    return is_early and not world.worker.refused and what_is_wrong(other) is None


def _as_later_cycles(situation: Situation, *rest: Any) -> Plan:
    """A first cycle sends no more than one that follows another."""
    memory = situation.memory
    if not memory.sendings:
        sending = Sending.of(0, situation.at, situation.windows)
        situation = replace(situation, memory=replace(memory, sendings=(sending,)))
    return rebalance.decide(situation, *rest)


def what_occurs(depot: Depot) -> dict[str, bool]:
    """The habits and faults in words, and whether a depot has them."""
    habits = depot.habits.values()
    outages = [each for of_charger in depot.outages.values() for each in of_charger]
    gauges = depot.gauges.values()
    settings = depot.configurations[0][1].settings
    occurs = {
        "link dead both ways": any(not each.down_alone for each in outages),
        "downlink dead alone": any(each.down_alone for each in outages),
        "link dead for longer than a validity": any(
            each.end - each.start > settings.setpoint_valid_for_s for each in outages
        ),
        "refuses setpoints": bool(depot.refusals),
        "loads rise and fall": any(len(steps) > 1 for steps in depot.buildings.values()),
        "loads that nobody controls": bool(depot.buildings),
        "meter silent": any(each.silent for each in gauges),
        "meter late to speak": any(span.start == 0 for each in gauges for span in each.silent),
        "meter readings late": any(each.late_s for each in gauges),
        "meter in another unit": any(each.divided for each in gauges),
        "meter frozen": any(each.frozen for each in gauges),
        "take-over": bool(depot.take_overs),
        "nobody decides for a while": bool(depot.absent),
        "messages late": depot.late_s > 0,
        "settings of its own": depot.configurations[0][1].settings != type(settings)(),
        "settings change": len({each.settings for _, each in depot.configurations}) > 1,
        "messages leave connectors out": bool(depot.mutes),
        "power said thousandfold": bool(depot.misreads),
        "empty sockets draw": any(map(_has_idle_power, depot.configurations[0][1].charge_points)),
        "charger added": any(each.start > 0 for each in depot.there.values()),
        "charger taken away": any(each.end < NEVER for each in depot.there.values()),
    }
    return occurs | _habits_in(habits) | _edits_in(depot)


def _habits_in(habits: Iterable[Habits]) -> dict[str, bool]:
    ways = {
        "slow to apply": lambda each: each.lag_s >= 15,
        "speaks once a minute": lambda each: each.every_s >= 60,
        "empty sockets say nothing": lambda each: each.heartbeats,
        "reports its limit": lambda each: each.reports and not each.names,
        "names cycles": lambda each: each.names,
        "says neither": lambda each: not each.reports,
        "requests": lambda each: each.requests,
        "whole amperes": lambda each: each.step_w > 1,
        "draws more than told": lambda each: each.factor > 1,
        "reads its limit back coarsely": lambda each: each.reports and each.reads_back_w > 1,
        "power not known": lambda each: each.unknown_s > 0,
        "says later what it could not say": lambda each: each.replays,
        "loses sendings": lambda each: each.loses > 0,
        "old sendings come again": lambda each: each.repeats > 0,
        "clock wrong": lambda each: bool(each.clock),
    }
    return {name: any(map(has, habits)) for name, has in ways.items()}


def _has_idle_power(row: ChargePoint) -> bool:
    return any(each.idle_power_w for each in row.connectors)


def _edits_in(depot: Depot) -> dict[str, bool]:
    kinds = ("charger moved and back", "rating lowered", "limit lowered", "limit lowered below the safe one")
    found = dict.fromkeys((*kinds, "circuit out and back", "charger out and back"), False)
    for (_, before), (_, after) in zip(depot.configurations, depot.configurations[1:], strict=False):
        rows = {each.charge_point_id: each for each in before.charge_points}
        limits_w = {each.circuit_id: each.default_capacity_w or 0 for each in before.circuits}
        for row in after.charge_points:
            former = rows.get(row.charge_point_id, row)
            found["charger moved and back"] |= former.circuit_id != row.circuit_id
            found["rating lowered"] |= former.max_power_w > row.max_power_w
        for circuit in after.circuits:
            falls = limits_w.get(circuit.circuit_id, 0) > (circuit.default_capacity_w or 0)
            found["limit lowered"] |= falls
            found["limit lowered below the safe one"] |= falls and is_below_safe(circuit)
        gone = limits_w.keys() - {each.circuit_id for each in after.circuits}
        found["circuit out and back"] |= bool(gone)
        left = rows.keys() - {each.charge_point_id for each in after.charge_points} - depot.there.keys()
        found["charger out and back"] |= bool(left) and not gone
    return found


def is_below_safe(circuit: Circuit) -> bool:
    """Whether its limit is below the safe one, so that nothing is gained by safe mode (R29)."""
    return (circuit.safe_operating_capacity_w or 0) > (circuit.default_capacity_w or 0)


def occurrences(seeds: Iterable[int]) -> Tally[str]:
    """In how many of these depots each habit and fault occurs."""
    tally: Tally[str] = Tally()
    for seed in seeds:
        tally.update({name: int(does) for name, does in what_occurs(random_depot(seed)).items()})
    return tally
