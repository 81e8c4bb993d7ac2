"""What site file, telemetry and events consist of, by the contract's schemas."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tools.reference.tables import table

FOLDER: Final = Path(__file__).resolve().parents[2] / "contracts" / "schemas"

Schema = Mapping[str, Any]

SITE_FILE: Final = """# Site file

The fields of a site configuration, `site.configuration.v1`, as its schema describes them. An absent field that is not
required has its default. The rules are in the [specification](specification/site-configuration.md); how to begin is in
[Write a site file](../how-to/site-file.md).
"""

TELEMETRY: Final = """# Telemetry

The fields of what chargers and meters send, as their schemas describe them. The rules are in the
[specification](specification/telemetry.md).
"""


EVENTS: Final = """# Events

The data of the events that Busbar publishes, as their schemas describe them. How they are enveloped, and when they
come, is in the [specification](specification/events.md); how to take them in, in
[Write a subscriber](../derms/README.md).
"""

KNOWN: Final = frozenset({"ChargePoint", "Circuit", "Connector", "Settings", "SiteConfiguration", "Strategy"})
"""What the page of the site file has."""


def site_file() -> str:
    """The page of `site.configuration.v1`."""
    return "\n".join([SITE_FILE, *_sections("site.configuration.v1")])


def telemetry() -> str:
    """The page of both messages of telemetry."""
    return "\n".join([TELEMETRY, *_sections("charge_point.telemetry.v1"), *_sections("circuit.telemetry.v1")])


def events() -> str:
    """The page of every event, each shape that several have once."""
    found, told = [EVENTS], set(KNOWN)
    for file in sorted(FOLDER.glob("busbar.*.json")):
        found += _sections(file.stem, told)
        told |= set(json.loads(file.read_text("utf-8")).get("definitions", {}))
    return "\n".join(found)


def _sections(name: str, told: Collection[str] = ()) -> Iterator[str]:
    """A table for the message, and one for each object in it that was not told of before; of words what each means."""
    schema: Schema = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    yield f"## {name}\n"
    yield from _section(schema)
    for title, below in schema.get("definitions", {}).items():
        if title not in told:
            yield f"### {title.removesuffix('V1')}\n"
            yield from _section(below) if "properties" in below else [f"{below.get('description', '')}\n"]


def _section(schema: Schema) -> Iterator[str]:
    if said := schema.get("description"):
        yield f"{said.split(chr(10))[0]}\n"
    required = schema.get("required", ())
    rows = (
        [f"`{name}`", _kind(field), _absent(field, required=name in required), field.get("description", "")]
        for name, field in schema["properties"].items()
    )
    yield table(("field", "is", "where absent", "meaning"), rows)


def _kind(field: Schema) -> str:
    """What a value is where it is not null."""
    if "anyOf" in field:
        return " or ".join(_kind(each) for each in field["anyOf"] if each.get("type") != "null")
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1].removesuffix("V1")
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"] if each is not None)
    named = field.get("type", "any")
    kinds = [each for each in ([named] if isinstance(named, str) else named) if each != "null"]
    return " or ".join(f"list of {_kind(field['items'])}" if each == "array" else each for each in kinds)


def _absent(field: Schema, *, required: bool) -> str:
    """What an absent field stands for; of one that has to be there whether it may be null."""
    if required:
        return "required, may be null" if _may_be_null(field) else "required"
    default = field.get("default")
    return "null" if default is None else f"`{json.dumps(default)}`"


def _may_be_null(field: Schema) -> bool:
    return "null" in field.get("type", ()) or any(_may_be_null(each) for each in field.get("anyOf", ()))
