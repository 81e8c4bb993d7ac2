"""Who wants how much, who is idle, who is reserved: also when nothing has been heard yet."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.knowledge import lines
from domain.knowledge.demand import Standing
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.memory import Memory
from domain.knowledge.readings import ConnectorReading, KeptReading, Readings
from domain.knowledge.sendings import Sending, SentSetpoint
from domain.knowledge.situation import Snapshot, assess
from domain.site.configuration import ChargePoint, Circuit, Connector, SiteConfiguration
from domain.site.site import Site

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
CP_1_WAS_IDLE = Memory(idle=("cp-1/1",))


def hear(readings: Readings, charge_point_id: str, status: str, at: datetime) -> None:
    reading = ConnectorReading(1, status, 0)
    readings.connectors[charge_point_id, 1] = KeptReading(reading, at, at, 0, None)
    readings.heard_at[charge_point_id] = at


def read(readings: Readings, second: int, memory: Memory = CP_1_WAS_IDLE) -> list[Line]:
    return lines.read(SITE, readings, memory, EIGHT + timedelta(seconds=second))


def standings(readings: Readings, second: int) -> list[Standing]:
    return [line.standing for line in read(readings, second)]


def idle(readings: Readings, second: int) -> tuple[str, ...]:
    """Who is remembered to be idle."""
    return assess(Snapshot(SITE, readings, EIGHT + timedelta(seconds=second), CP_1_WAS_IDLE)).memory.idle


def test_after_a_take_over_who_was_idle_stays_it_and_who_had_demand_is_reserved() -> None:
    readings = Readings(listening_since=EIGHT)
    assert standings(readings, 0) == [Standing.IDLE, Standing.RESERVED]
    assert [line.known for line in read(readings, 0)] == [None, None]
    assert idle(readings, 0) == ("cp-1/1",)


@pytest.mark.parametrize(
    ("second", "standing"), [(STALE_AFTER_S - 1, Standing.IDLE), (STALE_AFTER_S, Standing.RESERVED)]
)
def test_last_known_counts_only_while_everybody_has_had_time_to_be_heard(second: int, standing: Standing) -> None:
    assert standings(Readings(listening_since=EIGHT), second)[0] is standing


def test_from_the_beginning_on_a_connector_never_heard_is_reserved() -> None:
    assert standings(Readings(), 0) == [Standing.RESERVED, Standing.RESERVED]


def test_what_is_heard_replaces_what_was_known() -> None:
    readings = Readings(listening_since=EIGHT)
    hear(readings, "cp-1", "Charging", EIGHT)
    hear(readings, "cp-2", "Available", EIGHT)
    assert standings(readings, 5) == [Standing.WANTING, Standing.IDLE]
    assert idle(readings, 5) == ("cp-2/1",)


def test_a_message_that_names_no_connector_leaves_it_as_known() -> None:
    readings = Readings(listening_since=EIGHT, heard_at={"cp-1": EIGHT})
    assert standings(readings, 5)[0] is Standing.IDLE


def test_an_idle_connector_not_heard_yet_holds_its_exposure_and_reserves_its_idle_power() -> None:
    told = LedgerEntry(setpoints=(SentSetpoint(30_000, 1, EIGHT, raised=True),), confirmed_w=10_000)
    memory = Memory(ledger={"cp-1/1": told, "cp-2/1": told}, sendings=(Sending(1, EIGHT),), idle=("cp-1/1",))
    held = read(Readings(listening_since=EIGHT), 0, memory)
    assert held[0].exposure_w == 30_000
    assert [line.reserved_w for line in held] == [2_000, 30_000]
