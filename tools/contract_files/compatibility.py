"""Whether a schema may take the place of the one that others were given: within a version it may only grow.

Judged by structure, and strictly: a change that it cannot follow counts as a break.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from tools.contract_files.schemas import INBOUND, Schema

Where: TypeAlias = str

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_SAME_OR_NONE = ("pattern", "format")

_SAYS_NO_MORE = "int64"
"""A format that only repeats what whole numbers are kept to by their bounds."""

_WIDENED: Mapping[str | None, tuple[str, ...]] = {
    r"^[A-Za-z0-9._:-]{1,64}$": (r"^[A-Za-z0-9*=+@|._:-]{1,64}$", r"^[^\x00]{0,64}$"),
}
"""Patterns by those that they took the place of, and that allow less: a reader of the later reads the former."""

AGREED: frozenset[str] = frozenset(
    {
        "busbar.cycle.completed.v1/setpoints/*/reason: more values than granted, limited, below_minimum,"
        " awaiting_decrease, idle, reserved, unresponsive",
        "busbar.constraint.breached.v1/observed_at: null where string is relied on",
        "busbar.constraint.cleared.v1/observed_at: null where string is relied on",
        "busbar.cycle.completed.v1/totals/measured_w: null where integer is relied on",
        "busbar.cycle.completed.v1/nodes/*/measured_w: null where integer is relied on",
        "site.configuration.v1/name: string where null is relied on",
        "site.configuration.v1/circuits/*/name: string where null is relied on",
        # Refused as `negative_power` or `invalid_setting` before the schema stated it.
        "site.configuration.v1/max_import_w: beyond minimum 0",
        "site.configuration.v1/settings: object where null is relied on",
        "site.configuration.v1/circuits/*/default_capacity_w: beyond minimum 0",
        "site.configuration.v1/circuits/*/safe_operating_capacity_w: beyond minimum 0",
        "site.configuration.v1/charge_points/*/max_power_w: beyond minimum 0",
        "site.configuration.v1/charge_points/*/fallback_power_w: beyond minimum 0",
        "site.configuration.v1/charge_points/*/connectors/*/max_power_w: beyond minimum 0",
        "site.configuration.v1/charge_points/*/connectors/*/min_power_w: beyond minimum 0",
        "site.configuration.v1/charge_points/*/connectors/*/idle_power_w: beyond minimum 0",
    }
)
"""Breaks that were made within a version, once, before anything was released."""


def breaks(former: Mapping[str, Schema], current: Mapping[str, Schema]) -> list[str]:
    """What the current schemas (by CloudEvents type) take from those who rely on the former ones, in sentences."""
    found = [f"{name}: the type is gone" for name in former if name not in current]
    for name in (name for name in former if name in current):
        before, now = _without_refs(former[name]), _without_refs(current[name])
        found += [f"{name}{where}: the field is gone" for where in sorted(_fields(before) - _fields(now))]
        # We must go on reading all that was allowed; others must be able to read all that we write from now on.
        wide, narrow = (before, now) if name in INBOUND else (now, before)
        found += [f"{name}{complaint}" for complaint in _refused(wide, narrow, "")]
    return found


def _refused(offered: Schema, reader: Schema, where: Where) -> Iterator[str]:
    """Why a reader of the one schema may refuse what is valid by the other."""
    choices = reader.get("anyOf", [reader])
    for offer in offered.get("anyOf", [offered]):
        complaints = [list(_refused_by_one(offer, choice, where)) for choice in choices]
        if all(complaints):
            yield from min(complaints, key=len)


def _refused_by_one(offer: Schema, reader: Schema, where: Where) -> Iterator[str]:
    is_narrower = (offer.get("type"), reader.get("type")) == ("integer", "number")
    if "type" in reader and offer.get("type") != reader["type"] and not is_narrower:
        yield f"{where}: {offer.get('type')} where {reader['type']} is relied on"
        return
    if "enum" in reader and not set(offer.get("enum", [object()])) <= set(reader["enum"]):
        yield f"{where}: more values than {', '.join(reader['enum'])}"
    for bound in _LOWER_BOUNDS:
        if bound in reader and offer.get(bound, float("-inf")) < reader[bound]:
            yield f"{where}: beyond {bound} {reader[bound]}"
    for bound in _UPPER_BOUNDS:
        if bound in reader and offer.get(bound, float("inf")) > reader[bound]:
            yield f"{where}: beyond {bound} {reader[bound]}"
    for keyword in _SAME_OR_NONE:
        same = (_SAYS_NO_MORE, offer.get(keyword), *_WIDENED.get(offer.get(keyword), ()))
        if keyword in reader and reader[keyword] not in same:
            yield f"{where}: without the {keyword} {reader[keyword]}"
    for name in reader.get("required", []):
        if name not in offer.get("required", []):
            yield f"{where}/{name}: may be absent where it is relied on"
    for name, schema in reader.get("properties", {}).items():
        if name in offer.get("properties", {}):
            yield from _refused(offer["properties"][name], schema, f"{where}/{name}")
    if "items" in reader:
        yield from _refused(offer.get("items", {}), reader["items"], f"{where}/*")


def _fields(schema: Schema, where: Where = "") -> set[Where]:
    """The places of all fields, at any depth."""
    found: set[Where] = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {f"{where}/{name}"} | _fields(inner, f"{where}/{name}")
    for inner in schema.get("anyOf", []):
        found |= _fields(inner, where)
    return found | (_fields(schema["items"], f"{where}/*") if "items" in schema else set())


def _without_refs(schema: Schema) -> Schema:
    """The schema with its definitions put where they are referred to, and a list of types as alternatives.

    None of ours refers to itself.
    """
    definitions = schema.get("definitions", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(each) for each in part]
        if not isinstance(part, dict):
            return part
        if isinstance(part.get("$ref"), str):
            return resolved(definitions[part["$ref"].rpartition("/")[2]])
        if isinstance(part.get("type"), list):
            kinds = [{"type": each} if each == "null" else part | {"type": each} for each in part["type"]]
            return {"anyOf": [resolved(each) for each in kinds]}
        return {key: resolved(value) for key, value in part.items() if key != "definitions"}

    whole: Schema = resolved(schema)
    return whole
