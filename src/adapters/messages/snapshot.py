"""The lines of `busbar rebalance` (contract section 9): snapshots in, decisions or errors out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, BinaryIO, Final

from pydantic import FailFast, TypeAdapter, ValidationError
from pydantic_core import to_json
from typing_extensions import TypedDict

from adapters.messages.configuration import SiteConfigurationV1, configuration_from
from adapters.messages.events import write_cycle_completed
from adapters.messages.parsing import NotJson, faults, parse, summary
from adapters.messages.scalars import ClockReading
from adapters.messages.telemetry import TelemetryV1, telemetry_from
from application.queries.first_cycle import FirstCycle, first_cycle
from domain.events import CycleCompleted
from domain.plan import OverLimit
from domain.site import Fault, SiteConfiguration
from domain.telemetry import Telemetry

MAX_LINE_BYTES: Final = 16 * 2**20


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


@dataclass(frozen=True, slots=True)
class SnapshotError:
    """Why a line cannot be used. The paths of its faults are JSON pointers into the line."""

    code: str
    message: str
    faults: tuple[Fault, ...] = ()


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream without their ends. Of one that is too long no more is kept than shows that it is."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES)
        yield line.removesuffix(b"\n")


def read_snapshot(line: bytes) -> Snapshot | SnapshotError:
    """A line as a snapshot, its configuration still to be judged. Never raises."""
    if len(line) > MAX_LINE_BYTES:
        return SnapshotError("line_too_long", "The line is longer than 16 MiB.")
    try:
        wire = _SNAPSHOT.validate_python(parse(line))
    except NotJson as error:
        return SnapshotError("invalid_json", str(error))
    except ValidationError as error:
        found = faults(error)
        return SnapshotError("invalid_snapshot", summary(found), found)
    return Snapshot(
        configuration_from(wire["configuration"]), wire["at"], tuple(map(telemetry_from, wire["telemetry"]))
    )


def answer(line: bytes) -> tuple[bytes, bool]:
    """The answer to one line, without its end, and whether the line could be used. Never raises."""
    snapshot = read_snapshot(line)
    if isinstance(snapshot, SnapshotError):
        return write_error(snapshot), False
    decided = first_cycle(snapshot.configuration, snapshot.at, snapshot.telemetry)
    if not isinstance(decided, FirstCycle):
        return write_error(invalid_configuration(decided)), False
    return write_decision(decided.completed, decided.over_limit), True


def invalid_configuration(found: Sequence[Fault]) -> SnapshotError:
    """The faults of a configuration that was judged, with paths into the line that brought it."""
    return SnapshotError(
        "invalid_configuration",
        "The configuration has 1 fault." if len(found) == 1 else f"The configuration has {len(found)} faults.",
        tuple(replace(fault, path=f"/configuration{fault.path or ''}") for fault in found),
    )


def write_decision(decision: CycleCompleted, over_limit: tuple[OverLimit, ...]) -> bytes:
    """A line of output without its end: the event data, then `breaches`."""
    return b'%b,"breaches":%b}' % (
        write_cycle_completed(decision).removesuffix(b"}"),
        _OVER_LIMIT.dump_json(over_limit),
    )


def write_error(error: SnapshotError) -> bytes:
    """A line of output without its end, for a line that cannot be used."""
    return to_json({"error": error})
