"""What may be wrong with a site file: what the service says of the example of the garage, broken on purpose."""

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from adapters.messages.configuration import read_configuration
from domain.site import validation
from domain.site.power_tree import derive
from tools.reference.tables import table

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "garage.json"

Place = Sequence[str | int]

GRID: Final = ("circuits", 0)
BOARD: Final = ("circuits", 1)
BOX: Final = ("charge_points", 0)
OUTLET: Final = (*BOX, "connectors", 0)

Change = tuple[str, Place, Any]
"""A code, the place in the example that is changed, and what stands there then."""

FAULTS: Final[Sequence[Change]] = (
    ("duplicate_id", (*BOX, "charge_point_id"), "boxes"),
    ("unknown_parent", (*BOARD, "parent_id"), "gc-2"),
    ("circuit_cycle", (*BOARD, "parent_id"), "boxes"),
    ("no_grid_connection", (*GRID, "parent_id"), "boxes"),
    ("grid_connection_without_limit", (*GRID, "default_capacity_w"), None),
    ("unknown_circuit", (*BOX, "circuit_id"), "board"),
    ("negative_power", (*BOX, "max_power_w"), -22_000),
    ("minimum_above_maximum", (*OUTLET, "min_power_w"), 23_000),
    ("no_connectors", (*BOX, "connectors"), []),
    ("unknown_strategy", ("strategy", "order"), "fair"),
    ("invalid_setting", ("settings",), {"refresh_interval_s": 120}),
)

WARNINGS: Final[Sequence[Change]] = (
    ("safe_above_default", (*GRID, "safe_operating_capacity_w"), 70_000),
    ("safe_capacity_missing", (*GRID, "safe_operating_capacity_w"), None),
    ("unlimited_circuit", (*BOARD, "default_capacity_w"), None),
    ("minimum_above_charge_point", (*BOX, "max_power_w"), 3_000),
    ("fallback_exceeds_limit", (*GRID, "safe_operating_capacity_w"), 16_000),
    ("no_room_for_minimum", (*BOARD, "default_capacity_w"), 4_000),
    ("always_reserved", ("settings",), {"apply_grace_s": 80}),
)

HEAD: Final = """# Faults and warnings

What `busbar check` and `busbar configure` say of a site file. Each sentence below is that of `examples/garage.json`
with one place changed. A fault refuses the file whole, and the last good configuration stays in force; a warning does
not.

Of two faults there is no example, as they depend on what is in force: `version_not_newer` (the version was used before,
for something else) and `workspace_changed` (the `workspace_id` is another than at first). `too_deep` is a circuit below
32 others. A field that is missing or of the wrong kind is `malformed`. The list with its rules is
[SITE-7 and SITE-8](specification/site-configuration.md#faults-and-warnings).
"""


def faults() -> str:
    """The page of faults and warnings."""
    head = ("code", "where the example has", "what is said")
    tables = (table(head, map(_row, changes)) for changes in (FAULTS, WARNINGS))
    return f"{HEAD}\n## Faults\n\n{next(tables)}\n## Warnings\n\n{next(tables)}"


def _row(change: Change) -> Sequence[str]:
    code, path, value = change
    place = f"/{'/'.join(map(str, path))}"
    return f"`{code}`", f"`{place}` {json.dumps(value)}", said(changed(path, value))[code]


def said(document: Mapping[str, Any]) -> Mapping[str, str]:
    """What is said of a site configuration: the first message of each code."""
    configuration = read_configuration(document)
    found = [(each.code, each.message) for each in validation.faults(configuration)]
    if not found:
        warnings = validation.warnings(configuration, derive(configuration))
        found = [(each.code, each.message) for each in warnings]
    return dict(reversed(found))


def changed(path: Place, value: Any) -> Mapping[str, Any]:
    """The example with another value at a place."""
    document = copy.deepcopy(json.loads(EXAMPLE.read_text("utf-8")))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return dict(document)
