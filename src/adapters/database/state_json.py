"""A microgrid's memory as JSON with a schema number."""

from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from domain.microgrid import MicrogridState

SCHEMA_NUMBER = 2
"""Rises when JSON written before can no longer be read as it is; `load` then has to upcast the older ones."""

_STATE = TypeAdapter(MicrogridState)
_COLUMNS = {"event_seq", "cycle_seq"}


def dump(state: MicrogridState) -> dict[str, Any]:
    """What is not a column of its own, as JSON values."""
    data: dict[str, Any] = _STATE.dump_python(state, mode="json", exclude=_COLUMNS)
    return data


def read_back(state: MicrogridState) -> MicrogridState:
    """What another worker reads of it, by way of the text that is stored."""
    return load(SCHEMA_NUMBER, from_json(to_json(dump(state))), event_seq=state.event_seq, cycle_seq=state.cycle_seq)


def load(schema_number: int, data: dict[str, Any], *, event_seq: int, cycle_seq: int) -> MicrogridState:
    """Raises ValueError for a schema this code does not know."""
    match schema_number:
        case 2:
            pass
        case 1:
            # The background was one figure, not bounds: it is estimated anew, as in a first cycle.
            data = data | {"memory": data["memory"] | {"background": {}}}
        case _:
            raise ValueError(f"microgrid state of schema {schema_number}; this code reads up to {SCHEMA_NUMBER}")
    return _STATE.validate_python(data | {"event_seq": event_seq, "cycle_seq": cycle_seq})
