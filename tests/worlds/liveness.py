"""Property: when faults have ended, nobody stays reserved, unresponsive, or at 0 beside room that is there."""

from collections.abc import Iterator

from domain.events import CycleCompleted
from domain.sharing.plan import Reason
from tests.worlds.chargers import Charger
from tests.worlds.depot import Depot
from tests.worlds.habits import at_step
from tests.worlds.random_depots import random_depot
from tests.worlds.world import HEARTBEAT_S, World

QUIET_S = 1200
RECOVERED_S = 120
WATCHED_S = 60


def fault_of_seed(seed: int) -> str | None:
    """What is still wrong two minutes, and a grace for each connector that was unresponsive, after the last fault."""
    return fault_of(random_depot(seed, QUIET_S))


def fault_of(depot: Depot) -> str | None:
    world = World(depot)
    world.play(QUIET_S)
    settings = depot.configurations[0][1].settings
    unresponsive = set(_unresponsive(world.published))
    recovered = QUIET_S + RECOVERED_S
    while world.now < recovered + settings.apply_grace_s * len(unresponsive):
        world.tick()
        unresponsive |= set(_unresponsive(world.published))
    for _ in range(WATCHED_S):
        world.tick()
        stuck = next(_stuck(world), None)
        if stuck is not None:
            return f"second {world.now}: {stuck}"
    return None


def _unresponsive(published: CycleCompleted | None) -> Iterator[tuple[str, int]]:
    for each in () if published is None else published.setpoints:
        if each.reason is Reason.UNRESPONSIVE:
            yield each.charge_point_id, each.connector_id


def _stuck(world: World) -> Iterator[str]:
    if world.published is None:
        return
    for each in world.published.setpoints:
        charger = world.chargers[each.charge_point_id]
        name = f"{each.charge_point_id}/{each.connector_id} is {each.reason}"
        # Another worker has heard nothing of a socket whose charger only says that it is there.
        unheard = charger.habits.heartbeats and bool(world.depot.take_overs)
        rare = _is_heard_rarely(world, charger)
        if not charger.speaks or (each.reason is Reason.RESERVED and (rare or unheard)):
            continue
        if each.reason in (Reason.RESERVED, Reason.UNRESPONSIVE):
            yield name
        elif each.limit_w == 0 and each.reason is not Reason.IDLE:
            room_w, minimum_w = _room_w(world, each.charge_point_id), charger.outlets[each.connector_id - 1].minimum_w
            if room_w is None or room_w >= max(minimum_w, charger.rating_w // 50):
                yield f"{name}, at 0 W beside {room_w} W"


def _is_heard_rarely(world: World, charger: Charger) -> bool:
    """Whether between two readings it is silent, or it may be heard too late that a setpoint was renewed, and room is
    held for a fallback that is above that (R7, R17).
    """
    settings, habits = world.depot.configurations[-1][1].settings, charger.habits
    empty = all(each.session is None for each in charger.outlets)
    behind_s = max(0, -at_step(habits.clock, world.now)) + world.depot.late_s
    heard_s = behind_s + (max(habits.every_s, HEARTBEAT_S) if empty else habits.every_s)
    heard_s += settings.telemetry_cycle_interval_s
    renewed_s = settings.setpoint_valid_for_s - settings.apply_grace_s - settings.refresh_interval_s
    return heard_s >= min(renewed_s, settings.connector_stale_after_s)


def _room_w(world: World, charge_point_id: str) -> int | None:
    """The least that the limits above it leave, by what was decided; None where nothing limits it."""
    nodes = {} if world.published is None else {each.node_id: each for each in world.published.nodes}
    rooms_w = []
    current: str | None = charge_point_id
    while current is not None:
        node = nodes[current]
        if node.headroom_w is not None:
            rooms_w.append(node.headroom_w)
        current = node.parent_id
    return min(rooms_w, default=None)
