"""A microgrid's memory as JSON with a schema number."""

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, from_json, to_json

from domain.microgrid import MicrogridState

SCHEMA_NUMBER: Final = 3
"""Rises when JSON written before can no longer be read as it is; `load` then has to upcast the older ones."""

_STATE: Final = TypeAdapter(MicrogridState)
_COLUMNS: Final = {"event_seq", "cycle_seq"}


class UnreadableState(ValueError):
    """A stored memory that this code cannot read; the message says what is wrong with it, and where."""


def dump(state: MicrogridState) -> dict[str, Any]:
    """What is not a column of its own, as JSON values."""
    data: dict[str, Any] = _STATE.dump_python(state, mode="json", exclude=_COLUMNS)
    return data


def read_back(state: MicrogridState) -> MicrogridState:
    """What another worker reads of it, by way of the text that is stored."""
    return load(SCHEMA_NUMBER, from_json(to_json(dump(state))), event_seq=state.event_seq, cycle_seq=state.cycle_seq)


def load(schema_number: int, data: dict[str, Any], *, event_seq: int, cycle_seq: int) -> MicrogridState:
    """Raises UnreadableState for a schema this code does not know, and for what is missing or is not as it should be.

    Nothing that is missing is taken for empty: a memory without its ledger would have forgotten every exposure.
    """
    if schema_number not in (1, 2, SCHEMA_NUMBER):
        raise UnreadableState(f"microgrid state of schema {schema_number}; this code reads up to {SCHEMA_NUMBER}")
    try:
        if schema_number == 1:
            data = _with_bounds_to_come(data)
        if schema_number <= 2:
            data = _with_sendings_once(data)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnreadableState(f"microgrid state of schema {schema_number}: {type(error).__name__} {error}") from error
    try:
        state: MicrogridState = _COMPLETE.validate_python(data | {"event_seq": event_seq, "cycle_seq": cycle_seq})
    except ValidationError as error:
        wrong = "; ".join(f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise UnreadableState(f"microgrid state of schema {schema_number}: {wrong}") from error
    return state


def _with_bounds_to_come(data: dict[str, Any]) -> dict[str, Any]:
    """From schema 1: the background was one figure, not bounds; it is estimated anew, as in a first cycle."""
    return data | {"memory": data["memory"] | {"background": {}}}


def _with_sendings_once(data: dict[str, Any]) -> dict[str, Any]:
    """From schema 2: when a cycle was sent stood in the newest setpoint of every connector, ranks in the memory."""
    memory = dict(data["memory"])
    memory["ledger"] = {
        node_id: entry | {"setpoints": _sent(entry["standing"])} for node_id, entry in memory["ledger"].items()
    }
    return data | {"rotation": memory.pop("rotation"), "memory": memory}


def _sent(standing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The setpoints of a connector: only those that were overtaken say when they were sent last."""
    setpoints = [{name: value for name, value in sent.items() if name != "last_cycle_seq"} for sent in standing]
    return [*setpoints[:-1], *[newest | {"last_sent_at": None} for newest in setpoints[-1:]]]


def _required(schema: Any) -> Any:
    """A schema of pydantic's core in which no field has a default."""
    match schema:
        case {"type": "default", "schema": inner}:
            return _required(inner)
        case dict():
            return {key: _required(value) for key, value in schema.items()}
        case list():
            return [_required(value) for value in schema]
        case _:
            return schema


_COMPLETE: Final = SchemaValidator(_required(_STATE.core_schema))
