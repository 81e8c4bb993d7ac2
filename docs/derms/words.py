"""What Busbar says of a group, in the words of OSCP 2.0, of IEEE 2030.5 with CSIP-AUS, and of OpenADR 3.

A group is a node of a cycle that has a limit. What is not known is left out, never 0. README.md has the mapping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]

NAMESPACES = {"xmlns": "urn:ieee:std:2030.5:ns", "xmlns:csipaus": "https://csipaus.org/ns"}

WATTS, POWER = 38, 37
IMPORTED, EXPORTED = 1, 19
QUALITY_FLAGS = {"ok": "0001", "bad": "0010", "estimated": "0020"}
"""Of IEEE 2030.5: valid, questionable, derived."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group after a cycle. `safe_w` is its safe operating capacity, `wanted_w` the limit that it could use.

    `before` is when it was measured before, and at what power, where that is recent enough to tell an energy.
    """

    group_id: str
    node: Mapping[str, Any]
    begin: datetime
    valid_for_s: int
    safe_w: int | None = None
    wanted_w: int | None = None
    before: tuple[datetime, int] | None = None

    @property
    def end(self) -> datetime:
        """When what the cycle told the chargers lapses."""
        return self.begin + timedelta(seconds=self.valid_for_s)


def oscp(group: Group) -> Message:
    """Message by its name, as far as there is something to say."""
    capacities_w = {"CONSUMPTION": group.node["limit_w"], "FALLBACK_CONSUMPTION": group.safe_w}
    forecasts = [_forecast(group, kind, power_w) for kind, power_w in capacities_w.items() if power_w is not None]
    messages: Message = {"UpdateGroupCapacityForecast": forecasts}
    if group.wanted_w is not None:
        messages["AdjustGroupCapacityForecast"] = _forecast(group, "CONSUMPTION", group.wanted_w)
    measured_w = group.node["measured_w"]
    if group.before is not None and measured_w is not None:
        since, power_w = group.before
        energy_wh = round((power_w + measured_w) / 2 * (group.begin - since).total_seconds() / 3600)
        measurement = {
            "value": abs(energy_wh),
            "phase": "ALL",
            "unit": "WH",
            "direction": "EXPORT" if energy_wh < 0 else "IMPORT",
            "energy_type": "TOTAL",
            "measure_time": rfc3339(group.begin),
            "initial_measure_time": rfc3339(since),
        }
        messages["UpdateGroupMeasurements"] = {"group_id": group.group_id, "measurements": [measurement]}
    return messages


def compliance_error(group_id: str, breach: Mapping[str, Any]) -> Message:
    """OSCP's GroupCapacityComplianceError. It names no group: it answers the forecast that it is correlated with."""
    sentence = (
        f"{group_id} draws {breach['observed_w']} W, {breach['excess_w']} W above its limit of {breach['limit_w']} W"
        f" ({breach['severity']}, {breach['cause']})."
    )
    return {"message": sentence}


def ieee_2030_5(group: Group) -> Message:
    """A DERProgram and what mirrors its meter. In safe mode no DERControl, so that DefaultDERControl is in effect."""
    program: Message = {"description": group.group_id}
    fail_safe_w = group.safe_w
    if group.node["mode"] == "normal":
        interval = {"duration": group.valid_for_s, "start": int(group.begin.timestamp())}
        program["DERControl"] = {"interval": interval, **_import_limit(group.node["limit_w"])}
    else:
        fail_safe_w = group.node["limit_w"]
    if fail_safe_w is not None:
        program["DefaultDERControl"] = _import_limit(fail_safe_w)
    told: Message = {**NAMESPACES, "DERProgram": program}
    if group.node["measured_w"] is not None:
        told["MirrorUsagePoint"] = _mirrored(group)
    return told


def openadr_3(group: Group) -> Message:
    """The event that limits what is imported, and the report of what is."""
    start = rfc3339(group.begin)
    limits = [{"type": "IMPORT_CAPACITY_LIMIT", "values": [group.node["limit_w"] / 1000]}]
    event = {
        "eventName": group.group_id,
        "intervalPeriod": {"start": start, "duration": f"PT{group.valid_for_s}S"},
        "payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}],
        "intervals": [{"id": 0, "payloads": limits}],
    }
    said = [{"type": "DATA_QUALITY", "values": [group.node["quality"].upper()]}]
    if group.node["measured_w"] is not None:
        said.insert(0, {"type": "DEMAND", "values": [group.node["measured_w"] / 1000]})
    interval = {"id": 0, "intervalPeriod": {"start": start, "duration": "PT0S"}, "payloads": said}
    report = {
        "payloadDescriptors": [{"payloadType": "DEMAND", "units": "KW"}],
        "resources": [{"resourceName": group.group_id, "intervals": [interval]}],
    }
    return {"event": event, "report": report}


def rfc3339(instant: datetime) -> str:
    """An instant in UTC as text."""
    return instant.isoformat().replace("+00:00", "Z")


def _forecast(group: Group, kind: str, power_w: int) -> Message:
    block = {
        "capacity": power_w / 1000,
        "phase": "ALL",
        "unit": "KW",
        "start_time": rfc3339(group.begin),
        "end_time": rfc3339(group.end),
    }
    return {"group_id": group.group_id, "type": kind, "forecasted_blocks": [block]}


def _import_limit(limit_w: int) -> Message:
    return {"DERControlBase": {"csipaus:opModImpLimW": _active_power(limit_w)}}


def _active_power(power_w: int) -> dict[str, int]:
    """ActivePower has 16 bits and a power of ten. A limit is rounded down."""
    value, multiplier = power_w, 0
    while value > 2**15 - 1:
        value, multiplier = value // 10, multiplier + 1
    return {"multiplier": multiplier, "value": value}


def _mirrored(group: Group) -> Message:
    measured_w = group.node["measured_w"]
    direction = EXPORTED if measured_w < 0 else IMPORTED
    reading = {
        "qualityFlags": QUALITY_FLAGS[group.node["quality"]],
        "timePeriod": {"duration": 0, "start": int(group.begin.timestamp())},
        "value": abs(measured_w),
    }
    kind = {"flowDirection": direction, "kind": POWER, "powerOfTenMultiplier": 0, "uom": WATTS}
    return {"description": group.group_id, "MirrorMeterReading": {"Reading": reading, "ReadingType": kind}}
