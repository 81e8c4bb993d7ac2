"""What a cycle keeps for the next one spares work and changes nothing: without it the same is decided."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from domain.events import Trigger
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading, Readings, Session
from domain.microgrid import Microgrid
from domain.site.configuration import ChargePoint, Circuit, Connector, Order, SiteConfiguration, Strategy, Unit
from domain.site.site import Site

BEGIN = datetime(2026, 11, 22, 20, tzinfo=UTC)
CYCLES = 100
RATING_W = 50_000
CHARGE_POINTS = 6


def depot(unit: Unit, order: Order) -> Site:
    """Two circuits below a metered grid connection; both limit, and charge points have less than their connectors."""
    circuits = (
        Circuit("grid", None, "grid", 260_000, 120_000, metered=True),
        Circuit("east", "grid", "east", 130_000),
        Circuit("west", "grid", "west", 120_000),
    )
    charge_points = tuple(
        ChargePoint(
            f"cp-{number}",
            ("east", "west")[number % 2],
            RATING_W * 3 // 2,
            (Connector(1, RATING_W, 5_000, 100), Connector(2, RATING_W, 20_000)),
            fallback_power_w=10_000,
        )
        for number in range(CHARGE_POINTS)
    )
    strategy = Strategy(unit.value, order.value)
    return Site.of(
        SiteConfiguration("depot", "depot", 1, strategy=strategy, circuits=circuits, charge_points=charge_points)
    )


def messages(
    rng: Random, at: datetime, told_w: dict[tuple[str, int], int]
) -> Iterator[ChargePointTelemetry | CircuitTelemetry]:
    """What some of the devices say; often nobody says anything."""
    if rng.random() < 0.4:
        return
    for number in range(CHARGE_POINTS):
        if rng.random() < 0.3:
            name, sequence = f"cp-{number}", int(at.timestamp())
            read = tuple(reading(rng, each, told_w.get((name, each), 0)) for each in (1, 2) if rng.random() < 0.9)
            yield ChargePointTelemetry("depot", name, sequence, at - timedelta(seconds=rng.randrange(3)), read)
    if rng.random() < 0.5:
        yield CircuitTelemetry("depot", "grid", int(at.timestamp()), at, sum(told_w.values()) + rng.randrange(20_000))


def reading(rng: Random, number: int, told_w: int) -> ConnectorReading:
    drawn = rng.choice((told_w, told_w, told_w * 9 // 10, told_w * 11 // 10, 0, None))
    if rng.random() < 0.2:
        return ConnectorReading(number, "Available", 0)
    session = Session(f"s-{rng.randrange(2)}", BEGIN, BEGIN + timedelta(hours=9), 50_000, rng.randrange(1, 3))
    return ConnectorReading(number, "Charging", drawn, rng.choice((None, None, 30_000)), session=session)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("order", list(Order))
def test_a_cycle_that_keeps_nothing_of_the_one_before_decides_the_same(unit: Unit, order: Order) -> None:
    rng, readings, at, told_w = Random(f"{unit} {order}"), Readings(), BEGIN, dict[tuple[str, int], int]()
    microgrid, reused = Microgrid("depot", depot(unit, order)), 0
    assert microgrid.site is not None
    for _ in range(CYCLES):
        at += timedelta(seconds=rng.choice((1, 1, 5, 5, 20)))
        for message in messages(rng, at, told_w):
            readings.receive(message, microgrid.site.tree, at)
        trigger = rng.choice((Trigger.TELEMETRY, Trigger.MANUAL))
        change = microgrid.run_cycle(readings, trigger, at)
        assert change == replace(microgrid, seen=None, planned=None).run_cycle(readings, trigger, at)
        before, microgrid = microgrid, change.microgrid
        assert microgrid.planned is not None
        assert change.plan_fault is None
        if before.planned is not None:
            reused += sum(map(lambda then, now: then is now, before.planned.setpoints, microgrid.planned.setpoints))
        told_w = {(each.charge_point_id, each.connector_id): each.limit_w or 0 for each in microgrid.planned.setpoints}
    assert reused > CYCLES
