"""One small depot, as every route shows it: the examples of the OpenAPI document."""

from typing import Any, Final

AS_OF: Final = {"cycle_seq": 17, "event_seq": 41, "at": "2026-11-22T08:00:00Z", "state": "fresh"}

_STATE = {
    "code": "over_limit",
    "sentence": "Grid connection 1 is 12 kW over its limit",
    "since": "2026-11-22T07:59:45Z",
}

_TOTALS = {"requested_w": 150_000, "allocated_w": 80_000, "measured_w": 79_200, "reserved_w": 0, "background_w": 20_000}

_BREACH = {
    "microgrid_id": "malaga",
    "event_seq": 40,
    "breach_id": "malaga-38",
    "node_id": "gc-1",
    "node_type": "grid_connection",
    "node_path": ["malaga", "gc-1"],
    "severity": "critical",
    "limit_w": 100_000,
    "limit_kind": "default_capacity",
    "observed_w": 112_000,
    "excess_w": 12_000,
    "peak_excess_w": 15_000,
    "energy_over_limit_wh": 60,
    "first_observed_at": "2026-11-22T07:59:40Z",
    "observed_at": "2026-11-22T08:00:00Z",
    "duration_s": 20,
    "cause": "unmanaged_load",
    "contributors": [{"node_id": "gc-1", "observed_w": 33_000, "limit_w": None, "exposure_w": None}],
    "cycle_seq": 17,
    "decided_at": "2026-11-22T08:00:00Z",
    "opened_at": "2026-11-22T07:59:45Z",
    "cleared_at": None,
}

_HEAD = {
    "microgrid_id": "malaga",
    "event_seq": 41,
    "cycle_seq": 17,
    "trigger": "telemetry",
    "decided_at": "2026-11-22T08:00:00Z",
    "configuration_version": 7,
    "strategy": {"unit": "connector", "order": "equal_share"},
    "outcome": "curtailed",
    "degraded": False,
    "totals": _TOTALS,
}

_FIGURES = {
    "measured_w": 99_200,
    "background_w": 20_000,
    "reserved_w": 0,
    "allocated_w": 80_000,
    "headroom_w": 0,
    "constrained": True,
    "quality": "ok",
}

_NODE = {
    "node_id": "gc-1",
    "node_type": "grid_connection",
    "parent_id": "malaga",
    "mode": "normal",
    "limit_w": 100_000,
    "limit_kind": "default_capacity",
    **_FIGURES,
}

_SHOWN = {
    **_NODE,
    "name": "Grid connection 1",
    "state": "at_limit",
    "rating_w": 100_000,
    "default_capacity_w": 100_000,
    "safe_operating_capacity_w": None,
    "held_w": 0,
    "setpoint": None,
}

_SETPOINT = {
    "charge_point_id": "cp-001",
    "connector_id": 1,
    "limit_w": 80_000,
    "target_w": 80_000,
    "previous_limit_w": 61_000,
    "requested_w": 150_000,
    "measured_w": 79_200,
    "reserved_w": 0,
    "status": "Charging",
    "reason": "limited",
    "binding_node_id": "gc-1",
    "valid_for_s": 120,
    "factor": 1000,
    "session": {
        "session_id": "s-1",
        "started_at": "2026-11-22T07:05:00Z",
        "departs_at": "2026-11-22T17:30:00Z",
        "energy_needed_wh": 210_000,
        "priority": 1,
        "served_wh": 31_000,
    },
}

_MICROGRID = {
    "microgrid_id": "malaga",
    "name": "Malaga depot",
    "state": _STATE,
    "outcome": "curtailed",
    "degraded": False,
    "totals": _TOTALS,
    "open_breaches": 1,
    "as_of": AS_OF,
}

_BUCKET = {
    "at": "2026-11-22T08:00:00Z",
    "measured_w": 99_200,
    "measured_max_w": 99_800,
    "limit_w": 100_000,
    "allocated_w": 80_000,
    "background_w": 20_000,
    "reserved_w": 0,
    "quality": "ok",
}


def _page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None, "as_of": AS_OF}


MICROGRIDS: Final = _page(_MICROGRID)
_CONTROLS: Final = [
    {"charge_point_id": "cp-1", "control": {"why": None, "unit": "W", "reads_back": True, "lapses": True}}
]
_NOT_READY: Final = {
    "vehicles": 1,
    "sentence": "1 vehicle will not be ready in time at present powers: cp-002/1 leaves at 18:30",
}
STATUS: Final = {
    "microgrid_id": "malaga",
    "name": "Malaga depot",
    "state": _STATE,
    "not_ready": _NOT_READY,
    "configuration_version": 7,
    "warnings": [
        {
            "code": "safe_capacity_missing",
            "node_id": "gc-1",
            "message": "The circuit is metered and has no safe operating capacity.",
        }
    ],
    "nodes": [_SHOWN],
    "latest_cycle": {**_HEAD, "setpoints": [_SETPOINT]},
    "headroom_w": 0,
    "time_zone": "Australia/Perth",
    "unknown_statuses": [],
    "controls": _CONTROLS,
    "as_of": AS_OF,
    "open_breaches": [_BREACH],
}
OVERVIEW: Final = {
    "microgrid_id": "malaga",
    "name": "Malaga depot",
    "state": _STATE,
    "not_ready": _NOT_READY,
    "time_zone": "Australia/Perth",
    "as_of": AS_OF,
    "age_s": 1,
    "stale_after_s": 80,
    "asked_again_within_s": 3882,
    "warnings": STATUS["warnings"],
    "latest_cycle": _HEAD,
    "load_w": 99_200,
    "limit_w": 100_000,
    "headroom_w": 0,
    "over_limit": 0,
    "charging": 1,
    "offline": 0,
    "connectors": 1,
    "binding": [{"node_id": "gc-1", "limit_w": 100_000, "limit_kind": "default_capacity", "connectors": 1}],
    "held_back": [
        {
            "node_id": "cp-001/1",
            "wants_w": 150_000,
            "gets_w": 80_000,
            "reason": "limited",
            "binding_node_id": "gc-1",
        }
    ],
    "open_breaches": [_BREACH],
    "last_breach": _BREACH,
    "nodes": [_SHOWN],
    "controls": _CONTROLS,
}
CYCLES: Final = _page(_HEAD)
CYCLE: Final = {**_HEAD, "nodes": [_NODE], "setpoints": [_SETPOINT], "as_of": AS_OF}
BREACHES: Final = _page(_BREACH)
HISTORY: Final = _page(_BUCKET)
LOG: Final = _page(
    {
        "at": "2026-11-22T07:12:00Z",
        "code": "limit_changed",
        "node_id": "gc-1",
        "sentence": "The limit of Grid connection 1 is 100 kW, 200 kW before",
        "before_w": 200_000,
        "now_w": 100_000,
        "duration_s": None,
    }
)
SESSIONS: Final = _page(
    {
        "connector": "cp-001/1",
        "session": _SETPOINT["session"],
        "power_w": 79_200,
        "state": "held_back",
        "ready_at": "2026-11-22T10:39:06Z",
        "short_by_wh": 0,
    }
)
STREAM: Final = """:

id: 41
event: busbar.cycle.completed.v1
data: {"microgrid_id":"malaga","event_seq":41,"cycle_seq":17}

"""
