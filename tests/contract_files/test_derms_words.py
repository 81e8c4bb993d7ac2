"""What the DERMS sample says of a group, in the words of OSCP, of IEEE 2030.5 with CSIP-AUS, and of OpenADR."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from docs.derms import words

BEGIN = datetime(2026, 3, 16, 8, 1, 46, tzinfo=UTC)


def a_group(**known: Any) -> words.Group:
    node = {"mode": "normal", "limit_w": 400_000, "measured_w": 223_584, "quality": "ok"}
    stated = {name: known.pop(name) for name in node if name in known}
    return words.Group("depot/gc-1", node | stated, BEGIN, 120, **known)


def test_capacity_is_told_as_oscp_tells_it() -> None:
    messages = words.oscp(a_group(safe_w=150_000, wanted_w=412_500))
    span = {"phase": "ALL", "unit": "KW", "start_time": "2026-03-16T08:01:46Z", "end_time": "2026-03-16T08:03:46Z"}
    assert messages == {
        "UpdateGroupCapacityForecast": [
            {"group_id": "depot/gc-1", "type": "CONSUMPTION", "forecasted_blocks": [{"capacity": 400.0, **span}]},
            {
                "group_id": "depot/gc-1",
                "type": "FALLBACK_CONSUMPTION",
                "forecasted_blocks": [{"capacity": 150.0, **span}],
            },
        ],
        "AdjustGroupCapacityForecast": {
            "group_id": "depot/gc-1",
            "type": "CONSUMPTION",
            "forecasted_blocks": [{"capacity": 412.5, **span}],
        },
    }


@pytest.mark.parametrize(
    ("power_w", "measured_w", "energy_wh", "direction"),
    [(100_000, 140_000, 1_000, "IMPORT"), (-60_000, -60_000, 500, "EXPORT"), (0, 0, 0, "IMPORT")],
)
def test_a_measurement_of_oscp_is_the_energy_between_two_cycles(
    power_w: int, measured_w: int, energy_wh: int, direction: str
) -> None:
    since = BEGIN - timedelta(seconds=30)
    messages = words.oscp(a_group(measured_w=measured_w, before=(since, power_w)))
    assert messages["UpdateGroupMeasurements"] == {
        "group_id": "depot/gc-1",
        "measurements": [
            {
                "value": energy_wh,
                "phase": "ALL",
                "unit": "WH",
                "direction": direction,
                "energy_type": "TOTAL",
                "measure_time": "2026-03-16T08:01:46Z",
                "initial_measure_time": "2026-03-16T08:01:16Z",
            }
        ],
    }


@pytest.mark.parametrize(
    ("mode", "limit_w", "in_force"),
    [
        (
            "normal",
            400_000,
            {
                "DERControl": {
                    "interval": {"start": 1773648106, "duration": 120},
                    "DERControlBase": {"csipaus:opModImpLimW": {"multiplier": 2, "value": 4_000}},
                },
                "DefaultDERControl": {"DERControlBase": {"csipaus:opModImpLimW": {"multiplier": 1, "value": 15_000}}},
            },
        ),
        (
            "safe",
            149_999,
            {"DefaultDERControl": {"DERControlBase": {"csipaus:opModImpLimW": {"multiplier": 1, "value": 14_999}}}},
        ),
    ],
)
def test_capacity_is_told_as_ieee_2030_5_tells_it(mode: str, limit_w: int, in_force: dict[str, Any]) -> None:
    assert words.ieee_2030_5(a_group(mode=mode, limit_w=limit_w, safe_w=150_000)) == {
        "xmlns": "urn:ieee:std:2030.5:ns",
        "xmlns:csipaus": "https://csipaus.org/ns",
        "DERProgram": {"description": "depot/gc-1", **in_force},
        "MirrorUsagePoint": {
            "description": "depot/gc-1",
            "MirrorMeterReading": {
                "Reading": {
                    "qualityFlags": "0001",
                    "timePeriod": {"duration": 0, "start": 1773648106},
                    "value": 223_584,
                },
                "ReadingType": {"flowDirection": 1, "kind": 37, "powerOfTenMultiplier": 0, "uom": 38},
            },
        },
    }


@pytest.mark.parametrize("quality", ["ok", "estimated", "bad"])
def test_a_limit_and_a_report_are_told_as_openadr_tells_them(quality: str) -> None:
    said = words.openadr_3(a_group(quality=quality))
    (interval,) = said["event"]["intervals"]
    assert said["event"]["intervalPeriod"] == {"start": "2026-03-16T08:01:46Z", "duration": "PT120S"}
    assert interval["payloads"] == [{"type": "IMPORT_CAPACITY_LIMIT", "values": [400.0]}]
    (resource,) = said["report"]["resources"]
    assert resource["resourceName"] == "depot/gc-1"
    assert resource["intervals"][0]["payloads"] == [
        {"type": "DEMAND", "values": [223.584]},
        {"type": "DATA_QUALITY", "values": [quality.upper()]},
    ]


def test_what_is_not_known_is_left_out() -> None:
    unknown = a_group(measured_w=None, quality="missing", before=(BEGIN - timedelta(seconds=30), 100_000))
    assert words.oscp(unknown).keys() == {"UpdateGroupCapacityForecast"}
    assert [each["type"] for each in words.oscp(unknown)["UpdateGroupCapacityForecast"]] == ["CONSUMPTION"]
    assert "MirrorUsagePoint" not in words.ieee_2030_5(unknown)
    assert "DefaultDERControl" not in words.ieee_2030_5(unknown)["DERProgram"]
    (resource,) = words.openadr_3(unknown)["report"]["resources"]
    assert resource["intervals"][0]["payloads"] == [{"type": "DATA_QUALITY", "values": ["MISSING"]}]
