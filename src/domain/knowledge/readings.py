"""What chargers and meters report, which reading is newer, and how long one stays fresh (TEL-1 to TEL-8, R1 to R7)."""

from collections.abc import Iterator, Mapping
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
        measured_at = min(telemetry.measured_at, received_at)
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
            known = self.connectors.get((identifier, reading.connector_id))
            receipt = self._receive_connector(telemetry, reading, tree, measured_at, known=known)
            found = [receipt]
            if receipt is Receipt.KEPT:
                index = tree.connector_index[identifier, reading.connector_id]
                found = [*_oddities(reading, tree.connectors[index].max_power_w)] or found
                news |= known is None or _plugged(known.reading) != _plugged(reading)
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
        self,
        telemetry: ChargePointTelemetry,
        reading: ConnectorReading,
        tree: PowerTree,
        measured_at: datetime,
        *,
        known: KeptReading | None,
    ) -> Receipt:
        key = (telemetry.charge_point_id, reading.connector_id)
        if reading.connector_id == WHOLE_STATION:
            return Receipt.WHOLE_STATION
        if key not in tree.connector_index:
            return Receipt.UNKNOWN
        if known is not None and not _newer(telemetry, measured_at, known):
            return Receipt.OUTDATED
        report = known.report if known is not None else None
        if reading.applied_limit_w is not None:
            report = LimitReport(reading.applied_limit_w, measured_at, reading.applied_cycle_seq)
        right_since = known.right_since if known is not None else None
        rating_w = tree.connectors[tree.connector_index[key]].max_power_w
        if known is not None and _is_implausible(known.reading, rating_w) and not _is_implausible(reading, rating_w):
            right_since = measured_at
        self.connectors[key] = KeptReading(
            reading=reading,
            measured_at=measured_at,
            sent_as_measured_at=telemetry.measured_at,
            sequence=telemetry.sequence,
            report=report,
            right_since=right_since,
        )
        return Receipt.KEPT


def _oddities(reading: ConnectorReading, rating_w: Watts) -> Iterator[Receipt]:
    """What is counted of a kept reading instead of that it is kept."""
    if reading.status not in STATUSES:
        yield Receipt.UNKNOWN_STATUS
    if _is_implausible(reading, rating_w):
        yield Receipt.IMPLAUSIBLE


def _is_implausible(reading: ConnectorReading, rating_w: Watts) -> bool:
    return reading.power_w is not None and reading.power_w > plausible_w(rating_w)


def _all(telemetry: Telemetry, receipt: Receipt) -> Mapping[Receipt, int]:
    """The same receipt for every reading in a message; one for a message without any."""
    readings = len(telemetry.connectors) if isinstance(telemetry, ChargePointTelemetry) else 1
    return {receipt: max(1, readings)}


def _plugged(reading: ConnectorReading) -> tuple[str, str | None]:
    """What changes when a vehicle comes or goes."""
    return reading.status, None if reading.session is None else reading.session.session_id


def _newer(telemetry: Telemetry, measured_at: datetime, known: _Dated) -> bool:
    if telemetry.measured_at <= known.sent_as_measured_at and telemetry.sequence <= known.sequence:
        return False
    return (measured_at, telemetry.sequence) > (known.measured_at, known.sequence)
