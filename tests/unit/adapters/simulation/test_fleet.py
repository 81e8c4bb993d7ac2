"""Who comes, who leaves, and who left with what it needs."""

from dataclasses import replace
from datetime import timedelta

from adapters.simulation.fleet import Fleet
from adapters.simulation.ideal import IdealDepot
from adapters.simulation.layout import Outlet
from adapters.simulation.sockets import Socket
from adapters.simulation.vehicle import Visit
from tests.unit.adapters.simulation.controller import START
from tests.unit.adapters.simulation.test_vehicle import VISIT

FIRST = replace(VISIT, arrives_at=START + timedelta(seconds=10), departs_at=START + timedelta(seconds=100))
SECOND = replace(
    VISIT, session_id="s-2", arrives_at=START + timedelta(seconds=200), departs_at=START + timedelta(seconds=300)
)


def fleet_of(*visits: Visit) -> tuple[Fleet, Socket]:
    socket = Socket(Outlet(("cp-1", 1), 150_000, 10_000))
    return Fleet([socket], [iter(visits)], IdealDepot(lambda configuration, background_w, wants, now: {})), socket


def session_at(fleet: Fleet, socket: Socket, second: int) -> str | None:
    fleet.tick(START + timedelta(seconds=second))
    return None if socket.vehicle is None else socket.vehicle.visit.session_id


def test_vehicles_plug_in_and_leave_in_the_second_they_are_due() -> None:
    fleet, socket = fleet_of(FIRST, SECOND)
    seen = [session_at(fleet, socket, second) for second in (9, 10, 99, 100, 199, 200, 299, 300, 1000)]
    assert seen == [None, "s-1", "s-1", None, None, "s-2", "s-2", None, None]
    assert fleet.departed == 2


def test_a_vehicle_leaves_on_time_whether_it_is_ready_or_not() -> None:
    fleet, socket = fleet_of(FIRST)
    session_at(fleet, socket, 10)
    session_at(fleet, socket, 100)
    assert (fleet.departed, fleet.ready) == (1, 0)


def test_a_ready_vehicle_counts_while_it_is_there_and_after_it_left() -> None:
    fleet, socket = fleet_of(FIRST)
    session_at(fleet, socket, 10)
    assert fleet.ready == 0
    assert socket.vehicle is not None
    socket.vehicle.charge(FIRST.needed_wh * 3600)
    assert (fleet.departed, fleet.ready) == (0, 1)
    session_at(fleet, socket, 100)
    assert (fleet.departed, fleet.ready) == (1, 1)
