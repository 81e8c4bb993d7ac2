"""A light load: small depots that report every second, are configured anew now and then, and send what is bad."""

import asyncio
import random
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY
from application.ports.bus import Message
from tests.faults import planted

DEPOTS = tuple(f"depot-{number}" for number in range(8))
"""Two in each of four partitions."""

SECOND = 1.0
CONFIGURED_EVERY = 3
"""Every third second one of the depots gets another capacity."""


class Load:
    """Plays until it is stopped, repeatable by its seed but for the time of day; one bad message a second."""

    def __init__(
        self, bootstrap_servers: str, prefix: str, seed: int, bad: Sequence[str], depots: Sequence[str] = DEPOTS
    ) -> None:
        self._connection = Connection(bootstrap_servers)
        self._prefix = prefix
        self._random = random.Random(seed)
        self._bad = bad
        self._versions = dict.fromkeys(depots, 0)
        self._depots = depots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._play()), daemon=True)
        self._fault: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns once the last message is acknowledged. Raises what ended the load before."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._fault is not None:
            raise self._fault

    async def _play(self) -> None:
        topics = {name: KafkaPublisher(self._connection, f"{self._prefix}.{name}") for name in _TOPICS}
        try:
            await topics["configuration"].publish([self._configuration(depot) for depot in self._depots])
            second = 0
            while not self._stop.is_set():
                for topic, messages in self._second(second).items():
                    await topics[topic].publish(messages)
                second += 1
                await asyncio.sleep(SECOND)
        except Exception as fault:
            self._fault = fault
        finally:
            for publisher in topics.values():
                await publisher.close()

    def _second(self, second: int) -> dict[str, list[Message]]:
        messages: dict[str, list[Message]] = {topic: [] for topic in _TOPICS}
        readings = [
            self._reading(depot, number, second)
            for depot in self._depots
            for number in range(1, _charge_points(depot) + 1)
        ]
        messages["telemetry"] += [registry.encode(CHARGE_POINT_TELEMETRY, reading) for reading in readings]
        if second % CONFIGURED_EVERY == CONFIGURED_EVERY - 1:
            messages["configuration"].append(self._configuration(self._random.choice(self._depots)))
        if self._bad:
            kind, reading = self._bad[second % len(self._bad)], self._random.choice(readings)
            if kind == planted.REJECTED:
                self._versions[reading["microgrid_id"]] += 1
            topic, message = planted.bad_message(kind, reading, self._versions[reading["microgrid_id"]])
            messages[topic].append(message)
        return messages

    def _configuration(self, depot: str) -> Message:
        self._versions[depot] += 1
        return registry.encode(
            SITE_CONFIGURATION,
            _configuration(
                depot, self._versions[depot], self._random.randrange(80_000, 120_000), _charge_points(depot)
            ),
        )

    def _reading(self, depot: str, number: int, second: int) -> dict[str, Any]:
        status = self._random.choice(("Charging", "Charging", "Charging", "Available"))
        power_w = self._random.randrange(5_000, 20_000) if status == "Charging" else 0
        return {
            "microgrid_id": depot,
            "charge_point_id": f"cp-{number}",
            "sequence": second + 1,
            "measured_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "connectors": [{"connector_id": 1, "status": status, "power_w": power_w}],
        }


def a_crowd(count: int) -> Mapping[str, Message]:
    """By microgrid, the first configurations of so many small depots, which are decided once and then left alone."""
    alone = {"refresh_interval_s": 3600, "setpoint_valid_for_s": 7200}
    return {
        name: registry.encode(SITE_CONFIGURATION, {**_configuration(name, 1, 100_000, 1), "settings": alone})
        for name in (f"crowd-{number}" for number in range(count))
    }


def made_up(count: int) -> Mapping[str, Sequence[tuple[str, Message]]]:
    """By id, what arrives for so many that nobody knows, and its topics: a malformed configuration and a reading."""
    reading = {
        "charge_point_id": "cp-1",
        "sequence": 1,
        "measured_at": datetime.now(UTC).isoformat(),
        "connectors": [{"connector_id": 1, "status": "Charging", "power_w": 1}],
    }
    return {
        name: [planted.bad_message(kind, {**reading, "microgrid_id": name}, 1) for kind in (planted.MADE_UP, "unknown")]
        for name in (f"made-up-{number}" for number in range(count))
    }


_TOPICS = ("configuration", "telemetry")


def _charge_points(depot: str) -> int:
    """Two to four."""
    return 2 + int(depot.rpartition("-")[2]) % 3


def _configuration(depot: str, version: int, capacity_w: int, charge_points: int) -> dict[str, Any]:
    return {
        "microgrid_id": depot,
        "name": depot,
        "version": version,
        "settings": {"refresh_interval_s": 2, "telemetry_cycle_interval_s": 1, "min_cycle_interval_s": 1},
        "circuits": [{"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": capacity_w}],
        "charge_points": [
            {
                "charge_point_id": f"cp-{number}",
                "circuit_id": "gc",
                "max_power_w": 60_000,
                "fallback_power_w": 10_000,
                "connectors": [{"connector_id": 1, "max_power_w": 50_000}],
            }
            for number in range(1, charge_points + 1)
        ],
    }
