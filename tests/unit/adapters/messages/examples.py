"""One message of every inbound type, each key written out, and ways to change one."""

import copy
import json
from enum import Enum
from typing import Any

CONFIGURATION: dict[str, Any] = {
    "microgrid_id": "malaga",
    "workspace_id": "pta",
    "name": "Malaga depot",
    "time_zone": "Australia/Perth",
    "version": 7,
    "max_import_w": 5_000_000,
    "strategy": {"unit": "charger", "order": "priority"},
    "settings": {
        "meter_stale_after_s": 31,
        "connector_stale_after_s": 91,
        "breach_hold_s": 6,
        "min_cycle_interval_s": 2,
        "telemetry_cycle_interval_s": 7,
        "refresh_interval_s": 41,
        "setpoint_valid_for_s": 121,
        "apply_grace_s": 21,
        "apply_tolerance_w": 501,
        "background_confirm_s": 11,
        "background_hold_s": 61,
        "usage_window_s": 122,
        "usage_margin_w": 3001,
        "standby_retry_s": 2701,
        "rotation_quantum_s": 901,
    },
    "circuits": [
        {
            "circuit_id": "gc-1",
            "parent_id": None,
            "name": "Grid connection 1",
            "default_capacity_w": 4_000_000,
            "safe_operating_capacity_w": 3_200_000,
            "metered": True,
            "generation": True,
        },
        {
            "circuit_id": "f-1",
            "parent_id": "gc-1",
            "name": "Feeder 1",
            "default_capacity_w": 1_200_000,
            "safe_operating_capacity_w": None,
            "metered": False,
            "generation": False,
        },
    ],
    "charge_points": [
        {
            "charge_point_id": "cp-001",
            "name": "Bay 1",
            "circuit_id": "f-1",
            "max_power_w": 180_000,
            "fallback_power_w": 20_000,
            "connectors": [{"connector_id": 1, "max_power_w": 150_000, "min_power_w": 4_000, "idle_power_w": 300}],
        }
    ],
}

CHARGE_POINT_TELEMETRY: dict[str, Any] = {
    "microgrid_id": "malaga",
    "charge_point_id": "cp-001",
    "sequence": 8812,
    "measured_at": "2026-11-22T08:00:00Z",
    "connectors": [
        {
            "connector_id": 1,
            "status": "Charging",
            "power_w": 61_200,
            "requested_w": 150_000,
            "applied_limit_w": 60_000,
            "applied_cycle_seq": 16,
            "refused_cycle_seq": 17,
            "session": {
                "session_id": "s-1",
                "started_at": "2026-11-22T07:00:00Z",
                "departs_at": "2026-11-22T17:30:00.5Z",
                "energy_needed_wh": 210_000,
                "priority": 1,
            },
        }
    ],
}

CIRCUIT_TELEMETRY: dict[str, Any] = {
    "microgrid_id": "malaga",
    "circuit_id": "gc-1",
    "sequence": 4,
    "measured_at": "2026-11-22T08:00:00Z",
    "power_w": 912_000,
}

SNAPSHOT: dict[str, Any] = {
    "configuration": CONFIGURATION,
    "at": "2026-11-22T08:00:02Z",
    "telemetry": [CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY],
}


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Any = _Absent.ABSENT


def changed(example: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The example with another value, or none, at the place a JSON pointer names."""
    result = copy.deepcopy(example)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")[1:]]
    place: Any = result
    for part in parents:
        place = place[part]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return result


def text(value: object) -> bytes:
    """A value as JSON; bytes inside `Raw` stand as they are."""
    raws: list[bytes] = []

    def stand_in(raw: object) -> str:
        assert isinstance(raw, Raw)
        raws.append(raw.text)
        return f"\x00{len(raws) - 1}\x00"

    encoded = json.dumps(value, default=stand_in).encode()
    for number, raw in enumerate(raws):
        encoded = encoded.replace(b'"\\u0000%d\\u0000"' % number, raw)
    return encoded


class Raw:
    """Bytes that Python's encoder would not write."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Raw({self.text[:20]!r})"

    def __deepcopy__(self, memo: dict[int, object]) -> "Raw":
        return self
