"""What chargers and meters report, which reading is newer, and how long one stays fresh (TEL-1 to TEL-8, R1 to R7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from domain.site.power import WattHours, Watts
from domain.site.power_tree import PowerTree
from domain.values import value

WHOLE_STATION = 0
"""The connector number by which OCPP means the station itself."""

FUTURE_TOLERANCE = timedelta(seconds=60)
DEFAULT_PRIORITY = 100

STATUSES_WITH_DEMAND = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Occupied", "EVConnected"})

STATUSES = STATUSES_WITH_DEMAND | {"Available", "Finishing", "Reserved", "Unavailable", "Faulted", "Idle"}
"""Those of OCPP 1.6 and 2.0.1, charging states included."""


@value
class Session:
    """A charging session as its charger reports it. A lower `priority` goes first."""

    session_id: str
    started_at: datetime | None = None
    departs_at: datetime | None = None
    energy_needed_wh: WattHours | None = None
    priority: int = DEFAULT_PRIORITY


@value
class ConnectorReading:
    """One connector inside a charge point's message; no `power_w` where that is not known (R4).

    `applied_limit_w` was read back from the charger; `refused_cycle_seq`: it refused the setpoint of that cycle (R5).
    """

    connector_id: int
    status: str
    power_w: Watts | None
    requested_w: Watts | None = None
    applied_limit_w: Watts | None = None
    applied_cycle_seq: int | None = None
    session: Session | None = None
    refused_cycle_seq: int | None = None


@value
class Control:
    """What a gateway found a charger to do (DEPOT-4). Nothing is decided by it."""

    why: str | None
    """Why the charger cannot be held to a limit, in words; null: it is controlled."""
    unit: str | None
    """In which unit the charger takes its limits: `W`, watts; `A`, amperes of each phase; null: not known."""
    reads_back: bool | None
    """Whether the charger tells the limit in force; null: not known."""
    lapses: bool | None
    """Whether a limit ends in the charger by itself; null: not known."""


@value
class ChargePointTelemetry:
    """A charge point's message. Also an empty one shows that its link is alive. `control` where a gateway says it."""

    microgrid_id: str
    charge_point_id: str
    sequence: int
    measured_at: datetime
    connectors: tuple[ConnectorReading, ...]
    control: Control | None = None


@value
class CircuitTelemetry:
    """A reading of a circuit's meter."""

    microgrid_id: str
    circuit_id: str
    sequence: int
    measured_at: datetime
    power_w: Watts


Telemetry: TypeAlias = ChargePointTelemetry | CircuitTelemetry


class Receipt(StrEnum):
    """What became of a reading: kept, or why it was dropped (and counted).

    Kept too, with what is odd about it: `UNKNOWN_STATUS`, one that OCPP does not have; `IMPLAUSIBLE`, a power that its
    rating does not allow (R6). `WHOLE_STATION`: passed over, as it is of connector 0.
    """

    KEPT = "kept"
    OUTDATED = "outdated"
    FUTURE = "future"
    UNKNOWN = "unknown"
    UNKNOWN_STATUS = "unknown_status"
    IMPLAUSIBLE = "implausible"
    WHOLE_STATION = "whole_station"


def plausible_w(rating_w: Watts) -> Watts:
    """The most that a reading of a connector of this rating may say and be believed (R6)."""
    return rating_w * 5 // 4


@value
class LimitReport:
    """The limit a connector last reported as applied; the cycle it names, where it names one."""

    limit_w: Watts
    measured_at: datetime
    cycle_seq: int | None


class _Dated(Protocol):
    """When a reading counts as taken, when its device said so, and its number."""

    @property
    def measured_at(self) -> datetime: ...

    @property
    def sent_as_measured_at(self) -> datetime: ...

    @property
    def sequence(self) -> int: ...


@value
class KeptReading:
    """The newest reading of a connector, with what outlives it: the limit it last reported; and since when its power
    can be after it could not (R6).
    """

    reading: ConnectorReading
    measured_at: datetime
    sent_as_measured_at: datetime
    sequence: int
    report: LimitReport | None
    right_since: datetime | None = None

    @property
    def named_cycle_seq(self) -> int | None:
        """The cycle that the reading names, or else its newest report."""
        if self.reading.applied_cycle_seq is not None:
            return self.reading.applied_cycle_seq
        return None if self.report is None else self.report.cycle_seq


@value
class MeterReading:
    """The newest reading of a circuit's meter."""

    power_w: Watts
    measured_at: datetime
    sent_as_measured_at: datetime
    sequence: int


@value
class Reception:
    """What a message did. `news`: a status or a session changed, which is worth a cycle soon."""

    receipts: Mapping[Receipt, int]
    news: bool = False


@dataclass(slots=True)
class Readings:
    """The newest reading of everything in one microgrid. Grows with its chargers, not with their messages.

    `listening_since`: when somebody took over a microgrid that was decided before; None from the beginning on.
    """

    connectors: dict[tuple[str, int], KeptReading] = field(default_factory=dict)
    heard_at: dict[str, datetime] = field(default_factory=dict)
    meters: dict[str, MeterReading] = field(default_factory=dict)
    listening_since: datetime | None = None
    controls: dict[str, Control] = field(default_factory=dict)

    def receive(self, telemetry: Telemetry, tree: PowerTree, received_at: datetime) -> Reception:
        """Keep what is newer than what is known; tells how many readings were kept or dropped, and why.

        A message later than its receipt counts as taken at its receipt; one more than 60 s later is dropped whole.
        """
        if telemetry.microgrid_id != tree.nodes[0].node_id:
            return Reception(_all(telemetry, Receipt.UNKNOWN))
        if telemetry.measured_at > received_at + FUTURE_TOLERANCE:
            return Reception(_all(telemetry, Receipt.FUTURE))
        measured_at = telemetry.measured_at if telemetry.measured_at < received_at else received_at
        if isinstance(telemetry, CircuitTelemetry):
            return Reception({self._receive_meter(telemetry, tree, measured_at): 1})
        identifier = telemetry.charge_point_id
        if identifier not in tree.charge_points:
            return Reception(_all(telemetry, Receipt.UNKNOWN))
        heard_at = self.heard_at.get(identifier)
        if heard_at is None or heard_at < measured_at:
            self.heard_at[identifier] = measured_at
        if telemetry.control is not None and self.heard_at[identifier] <= measured_at:
            self.controls[identifier] = telemetry.control
        receipts: dict[Receipt, int] = {}
        news = False
        for reading in telemetry.connectors:
            found, is_news = self._receive_connector(telemetry, reading, tree, measured_at)
            news |= is_news
            for each in found:
                receipts[each] = receipts.get(each, 0) + 1
        return Reception(receipts, news)

    def _receive_meter(self, telemetry: CircuitTelemetry, tree: PowerTree, measured_at: datetime) -> Receipt:
        index = tree.node_index.get(telemetry.circuit_id)
        if index is None or not tree.nodes[index].metered:
            return Receipt.UNKNOWN
        known = self.meters.get(telemetry.circuit_id)
        if known is not None and not _newer(telemetry, measured_at, known):
            return Receipt.OUTDATED
        self.meters[telemetry.circuit_id] = MeterReading(
            telemetry.power_w, measured_at, telemetry.measured_at, telemetry.sequence
        )
        return Receipt.KEPT

    def _receive_connector(
        self, telemetry: ChargePointTelemetry, reading: ConnectorReading, tree: PowerTree, measured_at: datetime
    ) -> tuple[Sequence[Receipt], bool]:
        """What is counted of it, and whether it is news."""
        key = (telemetry.charge_point_id, reading.connector_id)
        if reading.connector_id == WHOLE_STATION:
            return (Receipt.WHOLE_STATION,), False
        index = tree.connector_index.get(key)
        if index is None:
            return (Receipt.UNKNOWN,), False
        known = self.connectors.get(key)
        most_w = plausible_w(tree.connectors[index].max_power_w)
        is_implausible = _is_implausible(reading, most_w)
        report, right_since, is_news = None, None, True
        if known is not None:
            if not _newer(telemetry, measured_at, known):
                return (Receipt.OUTDATED,), False
            report, right_since, is_news = known.report, known.right_since, _is_another(known.reading, reading)
            if not is_implausible and _is_implausible(known.reading, most_w):
                right_since = measured_at
        if reading.applied_limit_w is not None:
            report = LimitReport(reading.applied_limit_w, measured_at, reading.applied_cycle_seq)
        self.connectors[key] = KeptReading(
            reading=reading,
            measured_at=measured_at,
            sent_as_measured_at=telemetry.measured_at,
            sequence=telemetry.sequence,
            report=report,
            right_since=right_since,
        )
        return _receipts(reading, is_implausible=is_implausible), is_news


def _receipts(reading: ConnectorReading, *, is_implausible: bool) -> Sequence[Receipt]:
    """That it is kept, or what is odd about it instead."""
    if is_implausible:
        odd = (Receipt.IMPLAUSIBLE,)
        return odd if reading.status in STATUSES else (Receipt.UNKNOWN_STATUS, *odd)
    return (Receipt.KEPT,) if reading.status in STATUSES else (Receipt.UNKNOWN_STATUS,)


def _is_implausible(reading: ConnectorReading, most_w: Watts) -> bool:
    return reading.power_w is not None and reading.power_w > most_w


def _all(telemetry: Telemetry, receipt: Receipt) -> Mapping[Receipt, int]:
    """The same receipt for every reading in a message; one for a message without any."""
    readings = len(telemetry.connectors) if isinstance(telemetry, ChargePointTelemetry) else 1
    return {receipt: max(1, readings)}


def _is_another(before: ConnectorReading, reading: ConnectorReading) -> bool:
    """Whether a status or a session changed: a vehicle came or went."""
    was, session = before.session, reading.session
    return before.status != reading.status or (was and was.session_id) != (session and session.session_id)


def _newer(telemetry: Telemetry, measured_at: datetime, known: _Dated) -> bool:
    if telemetry.measured_at <= known.sent_as_measured_at and telemetry.sequence <= known.sequence:
        return False
    return (measured_at, telemetry.sequence) > (known.measured_at, known.sequence)
