"""What a script of things that go wrong is, and what it may lay hands on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from random import Random
from typing import TypeAlias

from adapters.simulation.delivery import Delivery
from adapters.simulation.layout import Payload
from adapters.simulation.plant import Plant
from adapters.simulation.witness import Missing, Witness

NOT_HONOURED = frozenset({"setpoint_not_honoured"})
SILENT = frozenset({"stale_telemetry"})
LOWERED = frozenset({"limit_lowered"})

WINDOW = range(300, 900)
"""Minute 5 to 15, in seconds of the run."""


class NothingToAffect(Exception):
    """The depot has nothing that a script could act on; the message says what is missing."""


class Undisturbed:
    """Everything arrives at once and everybody obeys. A disturbance overrides what goes wrong.

    `messages_affected` counts messages dropped, altered, delayed, added, made to be ignored or obeyed otherwise, and
    take-overs. `capacities_w` are default capacities that are imposed on circuits now, `ratings_percent` is what is
    left of every rating, `unreachable` are the charge points at which nothing arrives that is sent to them now.
    `takes_over`: in this second another worker goes on from what is stored.
    """

    def __init__(self) -> None:
        self.messages_affected = 0
        self.capacities_w: Mapping[str, int] = {}
        self.ratings_percent = 100
        self.unreachable: frozenset[str] = frozenset()
        self.takes_over = False

    def act(self, now: datetime, second: int) -> None:
        """Lay hands on the depot at the start of this second of the run, at the instant `now`."""

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        """What arrives at the bus in this second, of what is sent in it and of what was held back."""
        return payloads

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        """What arrives at the chargers, of what the bus delivers now and of what was held back.

        Asked at the start of every second, and again for every cycle that follows it.
        """
        return deliveries

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        """What this was to bring about by this second of the run, and did not."""
        return []


Begin: TypeAlias = Callable[[Plant, Random], Undisturbed]


@dataclass(frozen=True, slots=True)
class Fault:
    """A script. `begin` raises NothingToAffect where a depot has nothing that it could act on.

    Before `starts_s` of the run nothing of it can be seen. `of_the_worker`: it acts on the worker, and needs one in the
    same process. `causes` are those of the breaches that it explains, where the depot is full enough for them.
    """

    name: str
    summary: str
    begin: Begin
    starts_s: int = 0
    of_the_worker: bool = False
    causes: frozenset[str] = frozenset()


def device_of(payload: Payload) -> str:
    """The id of the charge point or the circuit that sends a message."""
    device: str = payload["charge_point_id"] if "charge_point_id" in payload else payload["circuit_id"]
    return device


def charge_points_of(plant: Plant) -> list[str]:
    """All charge points. Raises NothingToAffect where there are none."""
    return _some([*plant.chargers], "charge points")


def meters_of(plant: Plant) -> list[str]:
    """All meters. Raises NothingToAffect where there are none."""
    return _some([*plant.meters], "meters")


def devices_of(plant: Plant) -> list[str]:
    """All that sends messages. Raises NothingToAffect where nothing does."""
    return _some([*plant.chargers, *plant.meters], "charge points or meters")


def one_in(number: int, devices: Sequence[str], draw: Random) -> list[str]:
    """A share of the devices, at least one of them."""
    return draw.sample(devices, max(1, len(devices) // number))


def held_lower_unseen(plant: Plant) -> list[str]:
    """The nodes that are held to less than their default capacity while their meter is silent."""
    return [
        node.node_id
        for node in plant.layout.nodes
        if node.metered and node.safe_capacity_w is not None and node.safe_capacity_w < (node.capacity_w or inf)
    ]


def in_use(plant: Plant) -> list[str]:
    """The charge points at which a vehicle is now."""
    chargers = plant.chargers.items()
    return [name for name, charger in chargers if any(socket.vehicle is not None for socket in charger.sockets)]


def _some(devices: list[str], what: str) -> list[str]:
    if not devices:
        raise NothingToAffect(f"there are no {what}")
    return devices
