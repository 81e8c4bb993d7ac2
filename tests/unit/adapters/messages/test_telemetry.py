"""Telemetry from the wire."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.messages.parsing import faults, parse
from adapters.messages.telemetry import read_charge_point_telemetry, read_circuit_telemetry
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading, Session
from tests.unit.adapters.messages.examples import ABSENT, CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY, Raw, changed, text

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
READING = "/connectors/0"
SESSION = "/connectors/0/session"


def read(value: object) -> ChargePointTelemetry:
    return read_charge_point_telemetry(parse(text(value)))


def read_circuit(value: object) -> CircuitTelemetry:
    return read_circuit_telemetry(parse(text(value)))


def with_change(path: str, value: Any) -> ChargePointTelemetry:
    return read(changed(CHARGE_POINT_TELEMETRY, path, value))


def paths_of_faults(value: object) -> list[str | None]:
    with pytest.raises(ValidationError) as caught:
        read(value)
    return [fault.path for fault in faults(caught.value)]


def test_every_key_of_a_charge_points_message_is_read() -> None:
    """Holds TEL-1."""
    assert read(CHARGE_POINT_TELEMETRY) == ChargePointTelemetry(
        "malaga",
        "cp-001",
        8812,
        EIGHT,
        (
            ConnectorReading(
                1,
                "Charging",
                61_200,
                requested_w=150_000,
                applied_limit_w=60_000,
                applied_cycle_seq=16,
                session=Session(
                    "s-1",
                    started_at=datetime(2026, 11, 22, 7, tzinfo=UTC),
                    departs_at=datetime(2026, 11, 22, 17, 30, 0, 500_000, tzinfo=UTC),
                    energy_needed_wh=210_000,
                    priority=1,
                ),
                refused_cycle_seq=17,
            ),
        ),
    )


def test_every_key_of_a_meters_message_is_read() -> None:
    """Holds TEL-2."""
    assert read_circuit(CIRCUIT_TELEMETRY) == CircuitTelemetry("malaga", "gc-1", 4, EIGHT, 912_000)


def test_a_meter_may_read_generation() -> None:
    assert read_circuit({**CIRCUIT_TELEMETRY, "power_w": -5000}).power_w == -5000


def test_the_least_a_reading_can_say() -> None:
    reading = {"connector_id": 2, "status": "Available"}
    assert read({**CHARGE_POINT_TELEMETRY, "connectors": [reading]}).connectors == (
        ConnectorReading(2, "Available", None, None, None, None, None, None),
    )


def test_a_message_may_mention_no_connector() -> None:
    assert with_change("/connectors", []).connectors == ()


@pytest.mark.parametrize(
    "path",
    [
        f"{READING}/power_w",
        f"{READING}/requested_w",
        f"{READING}/applied_limit_w",
        f"{READING}/applied_cycle_seq",
        f"{READING}/refused_cycle_seq",
        SESSION,
        f"{SESSION}/started_at",
        f"{SESSION}/departs_at",
        f"{SESSION}/energy_needed_wh",
        f"{SESSION}/priority",
    ],
)
def test_null_says_what_absence_says(path: str) -> None:
    """Holds CONV-2."""
    without = with_change(path, ABSENT)
    assert with_change(path, None) == without
    assert without != read(CHARGE_POINT_TELEMETRY)


def test_zero_is_not_null() -> None:
    """Holds CONV-2."""
    assert with_change(f"{READING}/power_w", 0).connectors[0].power_w == 0
    assert with_change(f"{READING}/requested_w", 0).connectors[0].requested_w == 0
    assert with_change(f"{READING}/applied_limit_w", 0).connectors[0].applied_limit_w == 0


def test_a_priority_of_zero_is_a_priority() -> None:
    """Holds TEL-6."""
    session = with_change(f"{SESSION}/priority", 0).connectors[0].session
    assert session is not None
    assert session.priority == 0


def test_a_session_without_a_priority_has_one_hundred() -> None:
    """Holds TEL-6."""
    session = with_change(f"{SESSION}/priority", ABSENT).connectors[0].session
    assert session is not None
    assert session.priority == 100


@pytest.mark.parametrize(
    "path",
    [
        "/microgrid_id",
        "/charge_point_id",
        "/sequence",
        "/measured_at",
        "/connectors",
        f"{READING}/connector_id",
        f"{READING}/status",
        f"{SESSION}/session_id",
    ],
)
def test_a_required_key_can_be_neither_missing_nor_null(path: str) -> None:
    assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, path, ABSENT)) == [path]
    assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, path, None)) == [path]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/sequence", "8812"),
        ("/sequence", 0.5),
        ("/measured_at", 1795334400),
        (READING, 1),
        (f"{READING}/connector_id", -1),
        (f"{READING}/connector_id", 1.5),
        (f"{READING}/connector_id", True),
        (f"{READING}/status", 3),
        (f"{READING}/status", "C" * 65),
        (f"{READING}/status", "Char\x00ging"),
        (f"{READING}/status", Raw(b'"\\udead"')),
        (f"{READING}/power_w", "61200"),
        (f"{READING}/power_w", Raw(b"1e400")),
        (f"{READING}/power_w", 10**12 + 1),
        (f"{READING}/requested_w", -1),
        (f"{READING}/requested_w", -0.51),
        (f"{READING}/applied_limit_w", -1),
        (f"{READING}/applied_limit_w", False),
        (SESSION, "s-1"),
        (f"{SESSION}/session_id", "s" * 65),
        (f"{SESSION}/session_id", 1.5),
        (f"{SESSION}/session_id", True),
        (f"{SESSION}/priority", "high"),
        (f"{SESSION}/energy_needed_wh", 10**13),
    ],
    ids=repr,
)
def test_a_wrong_type_or_range_is_malformed_at_its_place(path: str, value: Any) -> None:
    """Holds CONV-5, CONV-6."""
    assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, path, value)) == [path]


def test_a_status_nobody_knows_is_read() -> None:
    """Holds TEL-3."""
    assert with_change(f"{READING}/status", "Melting").connectors[0].status == "Melting"


@pytest.mark.parametrize(
    ("written", "status"),
    [("charging", "Charging"), ("SUSPENDEDEV", "SuspendedEV"), ("evconnected", "EVConnected"), ("idle", "Idle")],
)
def test_a_status_is_read_in_any_case(written: str, status: str) -> None:
    """Holds TEL-3."""
    assert with_change(f"{READING}/status", written).connectors[0].status == status


@pytest.mark.parametrize(
    ("written", "power_w"),
    [
        (61_200.5, 61_201),
        (61_200.49, 61_200),
        (-0.5, 0),
        (-0.51, -1),
        (0.49999999999999994, 0),
        (2**51 + 0.5, None),
        (10**12 - 0.5, 10**12),
        (10**12 + 0.5, None),
    ],
)
def test_a_fraction_is_rounded_to_the_nearest_whole_halves_up(written: float, power_w: int | None) -> None:
    """Holds CONV-5."""
    if power_w is None:
        assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, f"{READING}/power_w", written)) == [f"{READING}/power_w"]
    else:
        assert with_change(f"{READING}/power_w", written).connectors[0].power_w == power_w


@pytest.mark.parametrize(
    ("written", "session_id"), [(1234, "1234"), (-1, "-1"), (0, "0"), ("s 1/ü", "s 1/ü"), ("s" * 64, "s" * 64)]
)
def test_a_session_id_is_text_or_an_integer(written: str | int, session_id: str) -> None:
    """Holds TEL-6."""
    session = with_change(f"{SESSION}/session_id", written).connectors[0].session
    assert session is not None
    assert session.session_id == session_id


def test_the_connector_that_is_the_whole_station_is_read() -> None:
    """Holds TEL-7."""
    assert with_change(f"{READING}/connector_id", 0).connectors[0].connector_id == 0


def test_a_connector_that_is_reported_twice_in_one_message_is_malformed() -> None:
    """Holds TEL-1."""
    reading = CHARGE_POINT_TELEMETRY["connectors"][0]
    assert paths_of_faults({**CHARGE_POINT_TELEMETRY, "connectors": [reading, reading]}) == ["/connectors"]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-22T08:00:00Z", EIGHT),
        ("2026-11-22t08:00:00z", EIGHT),
        ("2026-11-22T08:00:00.000Z", EIGHT),
        ("2026-11-22T08:00:00.25Z", EIGHT.replace(microsecond=250_000)),
        ("2026-11-22T08:00:00.123456789Z", EIGHT.replace(microsecond=123_456)),
        ("2026-11-22T16:00:00+08:00", EIGHT),
        ("2026-11-21T20:30:00-11:30", EIGHT),
        ("2026-11-22T08:00:00-00:00", EIGHT),
    ],
)
def test_a_time_with_a_zone_is_converted_to_utc(written: str, instant: datetime) -> None:
    measured_at = with_change("/measured_at", written).measured_at
    assert measured_at == instant
    assert measured_at.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T08:00:00",
        "2026-11-22",
        "2026-11-22T08:00Z",
        "2026-11-22T08:00:00,5Z",
        "2026-11-22T08:00:00+0800",
        "2026-11-22T08:00:00+08",
        "2026-11-22T08:00:00+08:00:30",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:00:60Z",
        "2026-02-30T08:00:00Z",
        "2026-W47-7T08:00:00Z",
        "20261122T080000Z",
        "2026-11-22T08:00:00Z\n",
        "٢٠٢٦-11-22T08:00:00Z",
        "1795334400",
        "now",
        "",
    ],
)
def test_a_time_that_is_not_rfc_3339_with_a_zone_is_malformed(written: str) -> None:
    """Holds CONV-3."""
    assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, "/measured_at", written)) == ["/measured_at"]
    assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, f"{SESSION}/started_at", written)) == [
        f"{SESSION}/started_at"
    ]


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_clock_at_the_end_of_the_calendar_shows_no_time(zero: str) -> None:
    assert paths_of_faults(changed(CHARGE_POINT_TELEMETRY, "/measured_at", zero)) == ["/measured_at"]


def test_a_departure_at_the_end_of_the_calendar_means_never() -> None:
    session = with_change(f"{SESSION}/departs_at", "9999-12-31T23:59:59Z").connectors[0].session
    assert session is not None
    assert session.departs_at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_unknown_keys_are_ignored() -> None:
    """Holds CONV-4."""
    assert with_change("/vendor", {"firmware": [1.5]}) == read(CHARGE_POINT_TELEMETRY)
    assert with_change(f"{READING}/temperature_c", 41.5) == read(CHARGE_POINT_TELEMETRY)
    assert with_change(f"{SESSION}/tag", None) == read(CHARGE_POINT_TELEMETRY)
