"""Depots to measure on: any number of connectors on circuits of depth 3 with charge points at depth 4."""

from datetime import UTC, datetime, timedelta
from random import Random

from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading, Session, Telemetry
from domain.site.configuration import ChargePoint, Circuit, Connector, SiteConfiguration, Strategy

AT = datetime(2026, 11, 22, 20, tzinfo=UTC)

CONNECTORS_PER_CHARGE_POINT = 2
CHARGE_POINTS_PER_CIRCUIT = 8
CIRCUITS_PER_FEEDER = 4
FEEDERS_PER_GRID_CONNECTION = 5


def a_depot(connectors: int, strategy: Strategy, seed: int = 1) -> SiteConfiguration:
    """A configuration oversubscribed at every level, with mixed ratings and minimums, all figures from the seed."""
    rng = Random(seed)
    circuits: list[Circuit] = []
    charge_points: list[ChargePoint] = []
    outlets = 0
    while outlets < connectors:
        number = len(charge_points)
        numbers = range(1, 1 + min(CONNECTORS_PER_CHARGE_POINT, connectors - outlets))
        rating = rng.choice((80_000, 120_000, 150_000, 180_000))
        charge_points.append(
            ChargePoint(
                f"cp-{number + 1}",
                _circuit(circuits, number, rng),
                rating * rng.choice((10, 15, 20)) // 10,
                tuple(Connector(each, rating, rng.choice((0, 0, 1_380, 4_140, 6_000))) for each in numbers),
            )
        )
        outlets += len(numbers)
    return SiteConfiguration(
        "depot",
        f"{connectors} connectors",
        1,
        strategy=strategy,
        circuits=tuple(circuits),
        charge_points=tuple(charge_points),
    )


def _circuit(circuits: list[Circuit], number: int, rng: Random) -> str:
    """The circuit of this charge point, added with those above it where it is their first."""
    inner, outer = CHARGE_POINTS_PER_CIRCUIT, CHARGE_POINTS_PER_CIRCUIT * CIRCUITS_PER_FEEDER
    whole = outer * FEEDERS_PER_GRID_CONNECTION
    grid_connection, feeder, circuit = f"gc-{number // whole}", f"f-{number // outer}", f"c-{number // inner}"
    if number % whole == 0:
        capacity = rng.randrange(8_000_000, 20_000_000)
        circuits.append(Circuit(grid_connection, None, grid_connection, capacity, capacity * 8 // 10, metered=True))
    if number % outer == 0:
        circuits.append(Circuit(feeder, grid_connection, feeder, rng.randrange(1_800_000, 5_000_000)))
    if number % inner == 0:
        circuits.append(Circuit(circuit, feeder, circuit, rng.randrange(500_000, 1_600_000)))
    return circuit


def telemetry_of(configuration: SiteConfiguration, at: datetime = AT, seed: int = 1) -> list[Telemetry]:
    """One fresh message a device: nine connectors of ten want power, every grid connection has a background."""
    rng = Random(seed)
    messages: list[Telemetry] = [
        ChargePointTelemetry(
            configuration.microgrid_id,
            charge_point.charge_point_id,
            1,
            at - timedelta(seconds=rng.randrange(30)),
            tuple(_reading(each, at, rng) for each in charge_point.connectors),
        )
        for charge_point in configuration.charge_points
    ]
    messages += [
        CircuitTelemetry(configuration.microgrid_id, each.circuit_id, 1, at, rng.randrange(4_000_000, 6_000_000))
        for each in configuration.circuits
        if each.metered
    ]
    return messages


def _reading(connector: Connector, at: datetime, rng: Random) -> ConnectorReading:
    if rng.random() < 0.1:
        return ConnectorReading(connector.connector_id, "Available", 0)
    started_at = at - timedelta(seconds=rng.randrange(8 * 3600))
    power = connector.max_power_w * rng.randrange(50) // 100
    return ConnectorReading(
        connector.connector_id,
        "Charging",
        power,
        rng.choice((None, connector.max_power_w * rng.randrange(40, 101) // 100)),
        power,
        session=Session(
            f"s-{rng.randrange(10**6)}",
            started_at,
            started_at + timedelta(seconds=rng.randrange(9 * 3600, 20 * 3600)),
            rng.randrange(20_000, 300_000),
            rng.randrange(1, 6),
        ),
    )
