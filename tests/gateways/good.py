"""A gateway that keeps its duties: the simulated depot, full but for one charger."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.memory.partitioning import partition_of
from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.depot import Depot
from adapters.simulation.habits import Chargers
from adapters.simulation.layout import Payload
from adapters.simulation.scenario import own_site
from application.event_types import CYCLE_COMPLETED
from entrypoints.allocator import new_allocator

CHARGE_POINTS = ("cp-1", "cp-2", "cp-3", "cp-4")
RATING_W, MINIMUM_W, FALLBACK_W, CAPACITY_W = 22_000, 4_140, 4_600, 60_000


SETTINGS = {"setpoint_valid_for_s": 60, "refresh_interval_s": 15, "apply_grace_s": 8}


def site(settings: Mapping[str, int] = SETTINGS) -> dict[str, Any]:
    """Four chargers that could draw 88 kW together on a connection of 60."""
    return {
        "microgrid_id": "garage",
        "version": 1,
        "settings": dict(settings),
        "circuits": [
            {"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": CAPACITY_W, "metered": True}
        ],
        "charge_points": [
            {
                "charge_point_id": name,
                "circuit_id": "gc",
                "max_power_w": RATING_W,
                "fallback_power_w": FALLBACK_W,
                "connectors": [{"connector_id": 1, "max_power_w": RATING_W, "min_power_w": MINIMUM_W}],
            }
            for name in CHARGE_POINTS
        ],
    }


class Gateway:
    """The simulated depot between setpoints and telemetry, a second a tick. What is planted overrides what it does."""

    def __init__(
        self,
        configuration: Mapping[str, Any],
        start: datetime,
        *,
        heartbeat_s: int = 30,
        chargers: Chargers = Chargers.IDEAL,
        seed: int = 1,
    ) -> None:
        self.settings: Mapping[str, int] = configuration["settings"]
        taken = len(configuration["charge_points"]) - 1
        arrivals = ArrivalPlan(
            vehicles=taken, at_start=taken, stay_s=(20_000, 25_000), charge_percent_at_start=(5, 10), min_power_w=4_140
        )
        scenario = replace(
            own_site(configuration),
            arrivals=arrivals,
            heartbeat_interval_s=heartbeat_s,
            report_interval_s=min(5, heartbeat_s),
            lag_s=(0, self.settings["apply_grace_s"] // 4),
        )
        self.depot = Depot(scenario, seed, start, new_allocator(), chargers=chargers)

    def hear(self, event_type: str, data: dict[str, Any]) -> None:
        """Take an event as it came over the bus."""
        if event_type == CYCLE_COMPLETED:
            self.obey(data)

    def tick(self, now: datetime) -> list[Payload]:
        """Let the second pass that ends now; returns what is sent at its end."""
        return self.say(self.depot.tick(now), now)

    def partition_of(self, key: str, count: int) -> int:
        """Where a message of this key is put."""
        return partition_of(key, count)

    def obey(self, cycle: dict[str, Any]) -> None:
        """Pass a cycle on to the chargers."""
        self.depot.deliver(cycle)

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        """What is sent of what chargers and meters report."""
        return payloads
