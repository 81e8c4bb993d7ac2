"""Who wants how much, who is idle, who is reserved: also when nothing has been heard yet."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import demand, exposure
from domain.demand import Demands, Standing
from domain.ledger import LedgerEntry, SentSetpoint
from domain.power_tree import Site
from domain.site import ChargePoint, Circuit, Connector, SiteConfiguration
from domain.telemetry import ConnectorReading, KeptReading, Readings

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
STALE_AFTER_S = 90
SITE = Site.of(
    SiteConfiguration(
        "depot",
        "Depot",
        1,
        circuits=(Circuit("gc-1", None, "Grid connection", 4_000_000),),
        charge_points=tuple(
            ChargePoint(f"cp-{number}", "gc-1", 150_000, (Connector(1, 150_000, idle_power_w=2_000),))
            for number in (1, 2)
        ),
    )
)
CP_1_WAS_IDLE = ("cp-1/1",)


def hear(readings: Readings, charge_point_id: str, status: str, at: datetime) -> None:
    reading = ConnectorReading(1, status, 0)
    readings.connectors[charge_point_id, 1] = KeptReading(reading, at, at, 0, None)
    readings.heard_at[charge_point_id] = at


def assess(readings: Readings, second: int) -> Demands:
    return demand.assess(SITE.tree, readings, EIGHT + timedelta(seconds=second), STALE_AFTER_S, last_idle=CP_1_WAS_IDLE)


def test_after_a_take_over_who_was_idle_stays_it_and_who_had_demand_is_reserved() -> None:
    demands = assess(Readings(listening_since=EIGHT), 0)
    assert demands.standings == [Standing.IDLE, Standing.RESERVED]
    assert demands.readings == [None, None]
    assert demand.idle_ids(SITE.tree, demands) == CP_1_WAS_IDLE


@pytest.mark.parametrize(
    ("second", "standing"), [(STALE_AFTER_S - 1, Standing.IDLE), (STALE_AFTER_S, Standing.RESERVED)]
)
def test_last_known_counts_only_while_everybody_has_had_time_to_be_heard(second: int, standing: Standing) -> None:
    assert assess(Readings(listening_since=EIGHT), second).standings[0] is standing


def test_from_the_beginning_on_a_connector_never_heard_is_reserved() -> None:
    assert assess(Readings(), 0).standings == [Standing.RESERVED, Standing.RESERVED]


def test_what_is_heard_replaces_what_was_known() -> None:
    readings = Readings(listening_since=EIGHT)
    hear(readings, "cp-1", "Charging", EIGHT)
    hear(readings, "cp-2", "Available", EIGHT)
    demands = assess(readings, 5)
    assert demands.standings == [Standing.WANTING, Standing.IDLE]
    assert demand.idle_ids(SITE.tree, demands) == ("cp-2/1",)


def test_a_message_that_names_no_connector_leaves_it_as_known() -> None:
    readings = Readings(listening_since=EIGHT, heard_at={"cp-1": EIGHT})
    assert assess(readings, 5).standings[0] is Standing.IDLE


def test_an_idle_connector_not_heard_yet_holds_its_exposure_and_reserves_its_idle_power() -> None:
    told = LedgerEntry(standing=(SentSetpoint(30_000, 1, EIGHT, 1, EIGHT, True),), confirmed_w=10_000)
    demands = assess(Readings(listening_since=EIGHT), 0)
    settings = SITE.configuration.settings
    held = exposure.hold(SITE.tree, demands, [told, told], (), EIGHT, settings)
    assert held.exposures_w[0] == 30_000
    assert held.reserved_w == [2_000, 30_000]
