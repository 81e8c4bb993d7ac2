"""A microgrid's memory as it is stored: JSON with a schema number, packed."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, from_json

from adapters.database.packing import pack, unpack
from adapters.database.state_upcasts import UPCASTS
from domain.microgrid import MicrogridState
from domain.site.configuration import Settings

SCHEMA_NUMBER: Final = 6
"""Rises when JSON written before can no longer be read as it is; `UPCASTS` then get one more."""

FORMER_NUMBER: Final = 5
"""What the release before reads and writes."""

SINCE: Final[Mapping[str, object]] = {"retired_at": None, "retirements": ()}
"""What the release before does not know, each with what it takes for granted."""

DEFAULTS: Final = Settings()

_STATE: Final = TypeAdapter(MicrogridState)
_COLUMNS: Final = {"event_seq", "cycle_seq"}
_KEPT: Final = [each.name for each in fields(MicrogridState) if each.name not in _COLUMNS]
_FORMERLY_KEPT: Final = [name for name in _KEPT if name not in SINCE]
_ENCODER: Final = msgspec.json.Encoder()
"""Writes what pydantic would, in a quarter of the time; not as MessagePack, which has no integers beyond 64 bits."""


class UnreadableState(ValueError):
    """A stored memory that this code cannot read; the message says what is wrong with it, and where."""


def dump(state: MicrogridState) -> bytes:
    """What is not a column of its own."""
    return _packed(state, _KEPT)


def written(state: MicrogridState, *, for_the_former: bool) -> tuple[int, bytes]:
    """A schema number and what is stored under it.

    For the release before it is the number that this reads, unless that would lose something: a retired microgrid then
    is one that the release before parks.
    """
    if for_the_former and all(getattr(state, name) == granted for name, granted in SINCE.items()):
        return FORMER_NUMBER, _packed(state, _FORMERLY_KEPT)
    return SCHEMA_NUMBER, dump(state)


def _packed(state: MicrogridState, names: Sequence[str]) -> bytes:
    return pack(_ENCODER.encode({name: getattr(state, name) for name in names}))


def read_back(state: MicrogridState) -> MicrogridState:
    """What another worker reads of it, by way of the bytes that are stored."""
    return load(SCHEMA_NUMBER, dump(state), event_seq=state.event_seq, cycle_seq=state.cycle_seq)


def load(
    schema_number: int, stored: bytes, *, event_seq: int, cycle_seq: int, settings: Settings = DEFAULTS
) -> MicrogridState:
    """Raises UnreadableState for a schema this code does not know, and for what is missing or is not as it should be.

    `settings` are those in force: by them an older memory is read that does not say how long its setpoints last.
    Nothing that is missing is taken for empty: a memory without its ledger would have forgotten every exposure.
    """
    if not 1 <= schema_number <= SCHEMA_NUMBER:
        raise UnreadableState(f"microgrid state of schema {schema_number}; this code reads up to {SCHEMA_NUMBER}")
    try:
        data: Any = from_json(unpack(stored))
    except ValueError as error:
        raise UnreadableState(f"microgrid state of schema {schema_number}: {error}") from error
    if not isinstance(data, dict):
        raise UnreadableState(f"microgrid state of schema {schema_number}: {type(data).__name__}, not an object")
    try:
        for older in range(schema_number, SCHEMA_NUMBER):
            data = UPCASTS[older](data, settings)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise UnreadableState(f"microgrid state of schema {schema_number}: {type(error).__name__} {error}") from error
    try:
        state: MicrogridState = _COMPLETE.validate_python(data | {"event_seq": event_seq, "cycle_seq": cycle_seq})
    except ValidationError as error:
        wrong = "; ".join(f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise UnreadableState(f"microgrid state of schema {schema_number}: {wrong}") from error
    return state


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
