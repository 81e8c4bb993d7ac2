"""Which reading is kept: the newest, by its time and then by its number (R1 to R3, R6)."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from domain.knowledge.readings import (
    ChargePointTelemetry,
    CircuitTelemetry,
    ConnectorReading,
    LimitReport,
    MeterReading,
    Readings,
    Receipt,
    Reception,
    Session,
    Telemetry,
)
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

DEPOT = Depot(grid("gc-1", 100, metered=True), feeder("f-1", "gc-1", 100), charger("cp-1", "f-1", 50, 50))
TREE = DEPOT.site.tree


def at(seconds: float) -> datetime:
    return EIGHT + timedelta(seconds=seconds)


def message(
    seconds: float, sequence: int, *readings: ConnectorReading, microgrid: str = "depot", charge_point: str = "cp-1"
) -> ChargePointTelemetry:
    return ChargePointTelemetry(microgrid, charge_point, sequence, at(seconds), readings)


def meter(seconds: float, sequence: int, power_w: int, circuit: str = "gc-1") -> CircuitTelemetry:
    return CircuitTelemetry("depot", circuit, sequence, at(seconds), power_w)


def draws(power_w: int, connector: int = 1, applied_limit_w: int | None = None) -> ConnectorReading:
    return ConnectorReading(connector, "Charging", power_w, applied_limit_w=applied_limit_w)


class Inbox:
    """Readings, and what became of every message."""

    def __init__(self) -> None:
        self.readings = Readings()

    def take(self, telemetry: Telemetry, received_after_s: float = 100) -> Reception:
        return self.readings.receive(telemetry, TREE, at(received_after_s))

    def kept_w(self, connector: int = 1) -> int | None:
        return self.readings.connectors["cp-1", connector].reading.power_w


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def counted(receipt: Receipt, times: int = 1) -> Counter[Receipt]:
    return Counter({receipt: times})


def test_R1_a_newer_reading_replaces_the_last(inbox: Inbox) -> None:
    inbox.take(message(1, 1, draws(10)))
    assert inbox.take(message(2, 2, draws(20))).receipts == counted(Receipt.KEPT)
    assert inbox.kept_w() == 20


def test_R1_a_late_reading_is_dropped_and_counted(inbox: Inbox) -> None:
    inbox.take(message(2, 2, draws(20)))
    assert inbox.take(message(1, 1, draws(10))).receipts == counted(Receipt.OUTDATED)
    assert inbox.kept_w() == 20


def test_R1_a_late_reading_with_a_higher_number_is_dropped_all_the_same(inbox: Inbox) -> None:
    inbox.take(message(2, 2, draws(20)))
    assert inbox.take(message(1, 9, draws(10))).receipts == counted(Receipt.OUTDATED)


def test_R1_a_newer_reading_with_a_lower_number_is_kept(inbox: Inbox) -> None:
    """A charger that restarts counts from 1 again."""
    inbox.take(message(1, 900, draws(10)))
    assert inbox.take(message(2, 1, draws(20))).receipts == counted(Receipt.KEPT)


def test_R1_of_two_readings_of_one_instant_the_higher_number_is_kept(inbox: Inbox) -> None:
    inbox.take(message(1, 2, draws(20)))
    assert inbox.take(message(1, 1, draws(10))).receipts == counted(Receipt.OUTDATED)
    assert inbox.take(message(1, 3, draws(30))).receipts == counted(Receipt.KEPT)
    assert inbox.kept_w() == 30


def test_R1_a_repeated_reading_is_dropped(inbox: Inbox) -> None:
    inbox.take(message(1, 1, draws(10)))
    assert inbox.take(message(1, 1, draws(10))).receipts == counted(Receipt.OUTDATED)


def test_R1_a_reading_of_the_future_counts_as_taken_at_its_receipt(inbox: Inbox) -> None:
    inbox.take(message(160, 1, draws(10)), received_after_s=100)
    assert inbox.readings.connectors["cp-1", 1].measured_at == at(100)
    assert inbox.readings.heard_at["cp-1"] == at(100)
    assert inbox.take(message(101, 2, draws(20)), received_after_s=101).receipts == counted(Receipt.KEPT)


def test_R1_a_reading_of_more_than_a_minute_ahead_is_dropped_whole(inbox: Inbox) -> None:
    ahead = message(161, 1, draws(10), draws(10, connector=2))
    assert inbox.take(ahead, received_after_s=100) == Reception(counted(Receipt.FUTURE, 2))
    assert inbox.readings == Readings()
    assert inbox.take(meter(161, 1, 10), received_after_s=100).receipts == counted(Receipt.FUTURE)


def test_R3_an_empty_message_of_more_than_a_minute_ahead_shows_no_link_alive(inbox: Inbox) -> None:
    assert inbox.take(message(161, 1), received_after_s=100).receipts == counted(Receipt.FUTURE)
    assert inbox.readings.heard_at == {}


def test_R1_a_repetition_does_not_become_newer_by_being_received_later(inbox: Inbox) -> None:
    """The clock is 30 s ahead: at its second receipt it would count as taken a second later."""
    inbox.take(message(130, 1, draws(10)), received_after_s=100)
    assert inbox.take(message(130, 1, draws(10)), received_after_s=101).receipts == counted(Receipt.OUTDATED)
    assert inbox.readings.connectors["cp-1", 1].measured_at == at(100)


def test_R1_a_device_whose_clock_is_ahead_goes_on_being_heard(inbox: Inbox) -> None:
    inbox.take(message(130, 1, draws(10)), received_after_s=100)
    assert inbox.take(message(131, 2, draws(20)), received_after_s=101).receipts == counted(Receipt.KEPT)


def test_R2_a_reported_limit_outlives_its_reading(inbox: Inbox) -> None:
    inbox.take(message(1, 1, draws(10, applied_limit_w=16)))
    inbox.take(message(2, 2, draws(20)))
    kept = inbox.readings.connectors["cp-1", 1]
    assert kept.reading.applied_limit_w is None
    assert kept.report == LimitReport(16, at(1), None)


def test_R2_so_does_the_cycle_that_it_named(inbox: Inbox) -> None:
    inbox.take(message(1, 1, ConnectorReading(1, "Charging", 10, applied_limit_w=16, applied_cycle_seq=7)))
    inbox.take(message(2, 2, draws(20)))
    kept = inbox.readings.connectors["cp-1", 1]
    assert (kept.report, kept.named_cycle_seq) == (LimitReport(16, at(1), 7), 7)


def test_R2_a_session_does_not(inbox: Inbox) -> None:
    inbox.take(message(1, 1, charging("Charging", "s-1")))
    inbox.take(message(2, 2, charging("Charging", None)))
    assert inbox.readings.connectors["cp-1", 1].reading.session is None


def test_R3_a_message_about_a_connector_that_is_not_configured_shows_the_link_alive(inbox: Inbox) -> None:
    inbox.take(message(5, 1, draws(10, connector=3)))
    assert inbox.readings.heard_at == {"cp-1": at(5)}


def test_R2_a_newer_report_replaces_the_last_also_when_it_is_0(inbox: Inbox) -> None:
    inbox.take(message(1, 1, draws(10, applied_limit_w=16)))
    inbox.take(message(2, 2, draws(0, applied_limit_w=0)))
    assert inbox.readings.connectors["cp-1", 1].report == LimitReport(0, at(2), None)


def test_R1_connectors_are_kept_one_by_one(inbox: Inbox) -> None:
    inbox.take(message(2, 2, draws(20, connector=2)))
    mixed = inbox.take(message(1, 1, draws(10), draws(10, connector=2)))
    assert mixed.receipts == Counter({Receipt.KEPT: 1, Receipt.OUTDATED: 1})
    assert (inbox.kept_w(1), inbox.kept_w(2)) == (10, 20)


def test_R1_a_connector_that_a_message_does_not_mention_keeps_its_reading(inbox: Inbox) -> None:
    inbox.take(message(1, 1, draws(10)))
    inbox.take(message(2, 2, draws(20, connector=2)))
    assert inbox.kept_w(1) == 10


def test_R3_an_empty_message_shows_the_link_alive(inbox: Inbox) -> None:
    assert inbox.take(message(5, 1)) == Reception(Counter())
    assert inbox.readings.heard_at == {"cp-1": at(5)}


def test_R3_a_late_message_does_not_make_a_link_look_older(inbox: Inbox) -> None:
    inbox.take(message(5, 2))
    inbox.take(message(3, 1))
    assert inbox.readings.heard_at == {"cp-1": at(5)}


@pytest.mark.parametrize(
    "telemetry",
    [
        message(1, 1, draws(10), microgrid="elsewhere"),
        message(1, 1, draws(10), charge_point="cp-9"),
        message(1, 1, draws(10), charge_point="f-1"),
        message(1, 1, draws(10, connector=3)),
        meter(1, 1, 10, circuit="f-1"),
        meter(1, 1, 10, circuit="cp-1"),
        meter(1, 1, 10, circuit="nowhere"),
        CircuitTelemetry("elsewhere", "gc-1", 1, at(1), 10),
    ],
)
def test_R1_what_is_unknown_or_not_metered_is_counted_and_changes_no_reading(
    inbox: Inbox, telemetry: Telemetry
) -> None:
    assert inbox.take(telemetry) == Reception(counted(Receipt.UNKNOWN))
    assert inbox.readings.connectors == {}
    assert inbox.readings.meters == {}


def test_R1_meters_go_by_the_same_rule(inbox: Inbox) -> None:
    assert inbox.take(meter(2, 5, -20)).receipts == counted(Receipt.KEPT)
    assert inbox.take(meter(2, 5, -20)).receipts == counted(Receipt.OUTDATED)
    assert inbox.take(meter(1, 9, 10)).receipts == counted(Receipt.OUTDATED)
    assert inbox.take(meter(2, 6, 30)).receipts == counted(Receipt.KEPT)
    assert inbox.readings.meters == {"gc-1": MeterReading(30, at(2), at(2), 6)}


def charging(status: str, session_id: str | None) -> ConnectorReading:
    return ConnectorReading(1, status, 0, session=None if session_id is None else Session(session_id))


@pytest.mark.parametrize(
    ("second", "news"),
    [
        (charging("Charging", "s-1"), False),
        (ConnectorReading(1, "Charging", 900, 500, 16, session=Session("s-1", priority=1)), False),
        (charging("SuspendedEV", "s-1"), True),
        (charging("Charging", "s-2"), True),
        (charging("Charging", None), True),
    ],
)
def test_a_change_of_status_or_session_is_news(inbox: Inbox, second: ConnectorReading, news: bool) -> None:
    assert inbox.take(message(1, 1, charging("Charging", "s-1"))).news
    assert inbox.take(message(2, 2, second)).news is news


def test_a_change_that_comes_too_late_is_no_news(inbox: Inbox) -> None:
    inbox.take(message(2, 2, charging("Charging", "s-1")))
    assert not inbox.take(message(1, 1, charging("Available", None))).news
    assert not inbox.take(meter(1, 1, 10)).news


def test_a_status_that_ocpp_does_not_have_is_kept_and_counted_apart(inbox: Inbox) -> None:
    """Holds TEL-3."""
    assert inbox.take(message(1, 1, charging("Melting", "s-1"))) == Reception(
        counted(Receipt.UNKNOWN_STATUS), news=True
    )
    assert inbox.readings.connectors["cp-1", 1].reading.status == "Melting"


@pytest.mark.parametrize(
    ("power_w", "receipt"), [(62, Receipt.KEPT), (63, Receipt.IMPLAUSIBLE), (None, Receipt.KEPT), (-63, Receipt.KEPT)]
)
def test_R6_a_reading_above_five_quarters_of_the_rating_is_kept_and_counted_apart(
    inbox: Inbox, power_w: int | None, receipt: Receipt
) -> None:
    """Of 50 W five quarters are 62.5."""
    assert inbox.take(message(1, 1, ConnectorReading(1, "Charging", power_w))).receipts == counted(receipt)
    assert inbox.kept_w() == power_w


def test_a_reading_that_is_odd_twice_is_counted_twice(inbox: Inbox) -> None:
    """Holds TEL-8."""
    receipts = inbox.take(message(1, 1, ConnectorReading(1, "Melting", 63))).receipts
    assert receipts == counted(Receipt.UNKNOWN_STATUS) + counted(Receipt.IMPLAUSIBLE)


def test_a_reading_of_the_whole_station_is_passed_over_and_the_others_of_its_message_are_kept(inbox: Inbox) -> None:
    """Holds TEL-7."""
    reception = inbox.take(message(1, 1, draws(30, connector=0), draws(10)))
    assert reception.receipts == counted(Receipt.WHOLE_STATION) + counted(Receipt.KEPT)
    assert inbox.readings.connectors.keys() == {("cp-1", 1)}
    assert inbox.readings.heard_at == {"cp-1": at(1)}
