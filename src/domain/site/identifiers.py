"""Ids: their alphabet, their natural order, and the ids of power nodes."""

import re
from typing import TypeAlias

NaturalKey: TypeAlias = tuple[tuple[tuple[int, int, str], ...], str]

ID_PATTERN = r"^[A-Za-z0-9*=+@|._:-]{1,64}$"
"""OCPP's identifier characters (CONV-6)."""

_RUNS = re.compile(r"[0-9]+|[^0-9]+")


def natural_key(identifier: str) -> NaturalKey:
    """The sort key of the natural id order (CONV-7): `cp-2` before `cp-10`.

    Digit runs compare as numbers and come before other text; ties go by the raw id (`cp-2` after `cp-02`).
    """
    runs = tuple((0, int(run), "") if run[0] in "0123456789" else (1, 0, run) for run in _RUNS.findall(identifier))
    return runs, identifier


def connector_node_id(charge_point_id: str, connector_id: int) -> str:
    """The power node id of a connector: `<charge_point_id>/<connector_id>`."""
    return f"{charge_point_id}/{connector_id}"
