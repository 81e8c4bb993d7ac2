"""The data of the events (EVT-7, EVT-8, BREACH-7) as JSON: every key in its order, null written out.

The fields of the domain's events stand in that order, so that one pass of a serialiser writes them. Of pydantic's
models of them the schemas are made.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from adapters.messages.configuration import configuration_to
from adapters.messages.scalars import Id, Integer
from application import event_types
from application.ports.bus import PublishedEvent
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    MicrogridRetired,
)
from domain.site.identifiers import ID_PATTERN


class EventHeadV1(TypedDict):
    """What all event data begin with."""

    microgrid_id: Id
    event_seq: Annotated[Integer, Field(ge=1)]


_HEAD: Final = TypeAdapter(EventHeadV1)
_PROVISIONED: Final = TypeAdapter(MicrogridProvisioned)
_APPLIED: Final = TypeAdapter(ConfigurationApplied)
_REJECTED: Final = TypeAdapter(ConfigurationRejected)
_RETIRED: Final = TypeAdapter(MicrogridRetired)
_CYCLE: Final = TypeAdapter(CycleCompleted)
_CYCLE_ENCODER: Final = msgspec.json.Encoder()
"""Writes what the model above would, byte for byte, in a third of the time: cycles are nearly all there is."""
_CYCLE_DECODER: Final = msgspec.json.Decoder(CycleCompleted)
"""Reads what the model above would as the same. What it refuses is left to that."""

_UNSAID: Final = {"unheard_since": b',"unheard_since":null', "controls": b',"controls":[]'}
_BREACHED: Final = TypeAdapter(ConstraintBreached)
_CLEARED: Final = TypeAdapter(ConstraintCleared)


def write_microgrid_provisioned(event: MicrogridProvisioned) -> bytes:
    """Event data as JSON; each grid connection with `node_id`, `name`, its capacities and `metered`."""
    return _PROVISIONED.dump_json(event)


def write_configuration_applied(event: ConfigurationApplied) -> bytes:
    """Event data as JSON; the configuration in the shape of `site.configuration.v1`, defaults filled in."""
    data = {field.name: getattr(event, field.name) for field in fields(event)}
    return to_json(data | {"configuration": configuration_to(event.configuration)})


def write_configuration_rejected(event: ConfigurationRejected) -> bytes:
    """Event data as JSON."""
    return _REJECTED.dump_json(event)


def write_microgrid_retired(event: MicrogridRetired) -> bytes:
    """Event data as JSON."""
    return _RETIRED.dump_json(event)


def write_cycle_completed(event: CycleCompleted) -> bytes:
    """Event data as JSON; `unheard_since` and `controls` where there is something to say."""
    written: bytes = _CYCLE_ENCODER.encode(event)
    for key in unsaid(event):
        # Nothing of that stands in a text: quotes are escaped there.
        before, _, after = written.rpartition(_UNSAID[key])
        written = before + after
    return written


def unsaid(cycle: CycleCompleted) -> set[str]:
    """The keys of a cycle that are left out, as there is nothing to say."""
    said = {"unheard_since": cycle.unheard_since is not None, "controls": bool(cycle.controls)}
    return {key for key, is_said in said.items() if not is_said}


def write_constraint_breached(event: ConstraintBreached) -> bytes:
    """Event data as JSON."""
    return _BREACHED.dump_json(event)


def write_constraint_cleared(event: ConstraintCleared) -> bytes:
    """Event data as JSON."""
    return _CLEARED.dump_json(event)


class _PlainHead(msgspec.Struct):
    microgrid_id: str
    event_seq: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


_PLAIN_HEAD: Final = msgspec.json.Decoder(_PlainHead)
_IS_ID: Final = re.compile(ID_PATTERN).fullmatch


@dataclass(frozen=True, slots=True)
class EventReader:
    """Reads the events of one type and stream, by their head alone."""

    type: str
    stream: str

    def __call__(self, data: dict[str, Any]) -> PublishedEvent:
        """Parsed JSON of an event of ours. Raises pydantic's ValidationError where it does not begin like one."""
        head = _HEAD.validate_python(data)
        return PublishedEvent(head["microgrid_id"], head["event_seq"], self.type, json.dumps(data), self.stream)

    def plain(self, content: bytes) -> PublishedEvent:
        """The same of its bytes, which are passed on as they are. Raises ValueError where they have to be looked at."""
        head = _PLAIN_HEAD.decode(content)
        if _IS_ID(head.microgrid_id) is None:
            raise ValueError("no id")
        return PublishedEvent(head.microgrid_id, head.event_seq, self.type, content.decode(), self.stream)


_FACTS: Final[Mapping[str, TypeAdapter[Any]]] = {
    event_types.MICROGRID_PROVISIONED: _PROVISIONED,
    event_types.CONFIGURATION_APPLIED: _APPLIED,
    event_types.CONFIGURATION_REJECTED: _REJECTED,
    event_types.MICROGRID_RETIRED: _RETIRED,
    event_types.CYCLE_COMPLETED: _CYCLE,
    event_types.CONSTRAINT_BREACHED: _BREACHED,
    event_types.CONSTRAINT_CLEARED: _CLEARED,
}


def fact_of(event: PublishedEvent) -> DomainEvent | None:
    """An event as the domain announced it; None where its type is a newer release's. Keys that are not known are left.

    Raises pydantic's ValidationError, also for nesting about 200 deep.
    """
    if event.type == event_types.CYCLE_COMPLETED:
        try:
            return _CYCLE_DECODER.decode(event.content)
        except (msgspec.DecodeError, RecursionError):
            pass
    adapter = _FACTS.get(event.type)
    fact: DomainEvent | None = None if adapter is None else adapter.validate_json(event.content)
    return fact
