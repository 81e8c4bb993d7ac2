"""The lines of `busbar rebalance` (CLI-17, CLI-18): snapshots in, decisions or errors out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from pydantic import FailFast, TypeAdapter
from typing_extensions import TypedDict

from adapters.messages.configuration import SiteConfigurationV1, configuration_from
from adapters.messages.events import write_cycle_completed
from adapters.messages.lines import LineError, read_line, write_error
from adapters.messages.scalars import ClockReading
from adapters.messages.telemetry import TelemetryV1, telemetry_from
from application.queries.first_cycle import FirstCycle, first_cycle
from domain.breaches.over_limit import OverLimit
from domain.events import CycleCompleted
from domain.knowledge.readings import Telemetry
from domain.site.configuration import Fault, SiteConfiguration


class SnapshotV1(TypedDict):
    """A line of input."""

    configuration: SiteConfigurationV1
    at: ClockReading
    telemetry: Annotated[list[TelemetryV1], FailFast()]


_SNAPSHOT: Final = TypeAdapter(SnapshotV1)
_OVER_LIMIT: Final = TypeAdapter(tuple[OverLimit, ...])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a site at an instant: the question `busbar rebalance` answers."""

    configuration: SiteConfiguration
    at: datetime
    telemetry: tuple[Telemetry, ...]


def read_snapshot(line: bytes) -> Snapshot | LineError:
    """A line as a snapshot, its configuration still to be judged. Never raises."""
    wire = read_line(line, _SNAPSHOT)
    if isinstance(wire, LineError):
        return wire
    return Snapshot(
        configuration_from(wire["configuration"]), wire["at"], tuple(map(telemetry_from, wire["telemetry"]))
    )


def answer(line: bytes) -> tuple[bytes, bool]:
    """The answer to one line, without its end, and whether the line could be used. Never raises."""
    snapshot = read_snapshot(line)
    if isinstance(snapshot, LineError):
        return write_error(snapshot), False
    decided = first_cycle(snapshot.configuration, snapshot.at, snapshot.telemetry)
    if not isinstance(decided, FirstCycle):
        return write_error(invalid_configuration(decided)), False
    return write_decision(decided.completed, decided.over_limit), True


def invalid_configuration(found: Sequence[Fault]) -> LineError:
    """The faults of a configuration that was judged, with paths into the line that brought it."""
    return LineError(
        "invalid_configuration",
        "The configuration has 1 fault." if len(found) == 1 else f"The configuration has {len(found)} faults.",
        tuple(replace(fault, path=f"/configuration{fault.path or ''}") for fault in found),
    )


def write_decision(decision: CycleCompleted, over_limit: tuple[OverLimit, ...]) -> bytes:
    """A line of output without its end: the event data, then `breaches`. A snapshot says itself how old it is."""
    return b'%b,"breaches":%b}' % (
        write_cycle_completed(replace(decision, unheard_since=None)).removesuffix(b"}"),
        _OVER_LIMIT.dump_json(over_limit),
    )
