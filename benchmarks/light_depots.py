"""Depots that cost little to play: chargers that obey at once, and a count of where more is permitted than fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from adapters.simulation.delivery import deliveries
from adapters.simulation.layout import ConnectorKey, Layout, Payload, read_layout
from adapters.simulation.violations import ViolationCounter

RATING_W = 50_000
FALLBACK_W = 5_000
FEEDERS = 5
OCCUPIED = 0.8
COMES_OR_GOES = 0.1
MARK = 100
"""A power's last two digits say which reading of its connector it is: so a cycle shows what it was decided on."""

MARKED_FROM_W = 3 * MARK
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def site(microgrid_id: str, connectors: int, settings: Mapping[str, int]) -> dict[str, Any]:
    """Chargers of one connector on five feeders: a feeder bears 7 tenths of their ratings, the site half of them."""
    feeders = [f"f-{number + 1}" for number in range(FEEDERS)]
    ratings_w = connectors * RATING_W
    return {
        "microgrid_id": microgrid_id,
        "name": microgrid_id,
        "version": 1,
        "settings": settings,
        "circuits": [
            {"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": ratings_w // 2},
            *(
                {
                    "circuit_id": feeder,
                    "parent_id": "gc",
                    "name": feeder,
                    "default_capacity_w": ratings_w * 7 // (10 * FEEDERS),
                }
                for feeder in feeders
            ),
        ],
        "charge_points": [
            {
                "charge_point_id": f"cp-{number + 1}",
                "circuit_id": feeders[number % FEEDERS],
                "max_power_w": RATING_W,
                "fallback_power_w": FALLBACK_W,
                "connectors": [{"connector_id": 1, "max_power_w": RATING_W}],
            }
            for number in range(connectors)
        ],
    }


@dataclass(slots=True)
class _Socket:
    """A connector. `wanted_w` is 0 where no vehicle is there; `told_w` is in force until it lapses.

    `unseen`: the marks of the readings that no cycle has shown yet, and when they were taken.
    """

    key: ConnectorKey
    wanted_w: int = 0
    sessions: int = 0
    readings: int = 0
    told_w: int = 0
    lapses_at: datetime = LONG_AGO
    unseen: list[tuple[int, datetime]] = field(default_factory=list)

    def permitted_w(self, now: datetime) -> int:
        return self.told_w if now < self.lapses_at else FALLBACK_W

    def seen(self, measured_w: int) -> list[datetime]:
        """When the readings were taken that a cycle is the first to show, or to have passed over for a newer one."""
        marks = [mark for mark, _ in self.unseen]
        if measured_w < MARKED_FROM_W or measured_w % MARK not in marks:
            return []
        count = marks.index(measured_w % MARK) + 1
        shown, self.unseen = self.unseen[:count], self.unseen[count:]
        return [taken_at for _, taken_at in shown]


class LightDepot:
    """One depot. A vehicle wants something else with every reading; what it draws is what it may and wants."""

    def __init__(self, configuration: Mapping[str, Any], seed: int) -> None:
        layout: Layout = read_layout(configuration)
        self.microgrid_id = layout.microgrid_id
        self._rng = Random(seed)
        self._sockets = {outlet.key: _Socket(outlet.key) for outlet in layout.outlets}
        for socket in self._sockets.values():
            if self._rng.random() < OCCUPIED:
                self._plug_in(socket)
        self._counter = ViolationCounter(layout, {each.charge_point_id: 0 for each in layout.stations}, 1)
        self._cycle_seq = 0
        self._next_lapse: datetime | None = None

    @property
    def violations(self) -> int:
        """How often more was permitted or drawn somewhere than fits, of all the instants at which something changed."""
        return self._counter.limit_violations + self._counter.true_overload_ticks

    def play(self, now: datetime, some: slice = slice(None)) -> list[Payload]:
        """Vehicles come, go and change their mind; one message for each of these chargers."""
        return [self._read(socket, now) for socket in list(self._sockets.values())[some]]

    def obey(self, cycle: Mapping[str, Any], now: datetime) -> list[float]:
        """Take the setpoints of a cycle; returns the ages in seconds of the readings that it is the first to show."""
        if cycle["cycle_seq"] <= self._cycle_seq:
            return []
        self._cycle_seq = cycle["cycle_seq"]
        ages_s = []
        for delivery in deliveries(cycle):
            self._counter.delivered(delivery, now)
            for each in delivery.setpoints:
                socket = self._sockets[delivery.charge_point_id, each["connector_id"]]
                ages_s += [(now - taken_at).total_seconds() for taken_at in socket.seen(each["measured_w"] or 0)]
                if each["limit_w"] is not None:
                    socket.told_w = each["limit_w"]
                    socket.lapses_at = delivery.decided_at + timedelta(seconds=each["valid_for_s"])
        self._next_lapse = min(socket.lapses_at for socket in self._sockets.values())
        self._judge(now)
        return ages_s

    def let_lapse(self, now: datetime) -> None:
        """Judge anew where setpoints have lapsed since."""
        if self._next_lapse is not None and now >= self._next_lapse:
            self._judge(now)
            later = [socket.lapses_at for socket in self._sockets.values() if socket.lapses_at > now]
            self._next_lapse = min(later, default=None)

    def _plug_in(self, socket: _Socket) -> None:
        socket.sessions += 1
        socket.wanted_w = RATING_W * self._rng.randrange(30, 101) // 100

    def _judge(self, now: datetime) -> None:
        drawn_w = {key: min(each.permitted_w(now), each.wanted_w) for key, each in self._sockets.items()}
        self._counter.tick(now, drawn_w)

    def _read(self, socket: _Socket, now: datetime) -> Payload:
        if self._rng.random() < COMES_OR_GOES:
            if socket.wanted_w:
                socket.wanted_w = 0
            else:
                self._plug_in(socket)
        elif socket.wanted_w:
            changed_w = socket.wanted_w * self._rng.randrange(85, 113) // 100
            socket.wanted_w = min(RATING_W, max(RATING_W // 10, changed_w))

        charge_point_id, connector_id = socket.key
        socket.readings += 1
        permitted_w = socket.permitted_w(now)
        drawn_w = min(permitted_w, socket.wanted_w)
        if drawn_w >= MARKED_FROM_W + MARK:
            mark = socket.readings % MARK
            drawn_w = (drawn_w // MARK - 1) * MARK + mark
            socket.unseen.append((mark, now))
        reading: Payload = {"connector_id": connector_id, "status": "Available", "power_w": 0}
        if socket.wanted_w:
            reading |= {
                "status": "Charging",
                "power_w": drawn_w,
                "requested_w": socket.wanted_w,
                "session": {"session_id": f"{charge_point_id}-{socket.sessions}"},
            }
        return {
            "microgrid_id": self.microgrid_id,
            "charge_point_id": charge_point_id,
            "sequence": socket.readings,
            "measured_at": now.isoformat().replace("+00:00", "Z"),
            "connectors": [reading | {"applied_limit_w": permitted_w}],
        }
