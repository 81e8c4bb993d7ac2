"""How a microgrid stands: what holds in it, where, and since when. Kept between events, as no single one says it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from application.queries.rows import CycleHead, Glance
from application.queries.state import State
from domain.sharing.plan import Quality
from domain.site.configuration import SiteConfiguration
from domain.site.power import Watts


class ConditionCode(StrEnum):
    """What may hold at a node or connector."""

    INFEASIBLE = "infeasible"
    STOPPED = "stopped"
    NOT_HONOURED = "not_honoured"
    CHARGER_SILENT = "charger_silent"
    SAFE_MODE = "safe_mode"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds at a node since a cycle.

    `watts`: what a node carries at most, too much of which cannot be lowered (infeasible), what a connector draws over
    what it was told (not honoured), what is held for a charger (silent); null where that is not known. `because_of`:
    the node that has no room (stopped). `quality`: how good the figures of a node in safe mode are.
    """

    code: ConditionCode
    node_id: str
    since: datetime
    watts: Watts | None = None
    because_of: str | None = None
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class Fall:
    """A limit that fell, by a configuration, and has not come back since."""

    node_id: str
    from_w: Watts
    to_w: Watts
    at: datetime
    configuration_version: int


@dataclass(frozen=True, slots=True)
class OpenBreach:
    """A breach that has not cleared. `excess_w` as it is by the latest cycle, else by its latest event."""

    breach_id: str
    node_id: str
    excess_w: Watts
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """What the configuration in force says of the site that sentences are made of.

    `names`: of nodes that have another name than their id. `metered`: the circuits with a meter.
    """

    name: str
    time_zone: str
    stale_after_s: int
    silent_after_s: int
    rotation_quantum_s: int
    names: Mapping[str, str]
    metered: tuple[str, ...]

    @classmethod
    def of(cls, configuration: SiteConfiguration) -> "Place":
        settings = configuration.settings
        return cls(
            name=configuration.name,
            time_zone=configuration.time_zone or "UTC",
            stale_after_s=2 * settings.refresh_interval_s,
            silent_after_s=2 * settings.connector_stale_after_s,
            rotation_quantum_s=settings.rotation_quantum_s,
            names=dict(_names(configuration)),
            metered=tuple(each.circuit_id for each in configuration.circuits if each.metered),
        )

    def name_of(self, node_id: str) -> str:
        return self.names.get(node_id, node_id)


def _names(configuration: SiteConfiguration) -> Iterator[tuple[str, str]]:
    yield configuration.microgrid_id, configuration.name
    for circuit in configuration.circuits:
        if circuit.name != circuit.circuit_id:
            yield circuit.circuit_id, circuit.name
    for charge_point in configuration.charge_points:
        if charge_point.name not in (None, charge_point.charge_point_id):
            yield charge_point.charge_point_id, charge_point.name or ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A microgrid after an event of its stream. `limits_w`: in force at every node above the charge points.

    `stopped`: the connectors that are told 0 for longer than a turn, or with all others below a node.
    """

    event_seq: int
    place: Place
    version: int
    head: CycleHead | None = None
    limits_w: Mapping[str, Watts | None] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    falls: tuple[Fall, ...] = ()
    breaches: tuple[OpenBreach, ...] = ()
    was_heard: bool = False
    unheard_since: datetime | None = None
    stopped: tuple[str, ...] = ()
    state: State | None = None
    retired_at: datetime | None = None

    @property
    def glance(self) -> Glance | None:
        """What is to be known of it in a line."""
        if self.state is None:
            return None
        return Glance(
            event_seq=self.event_seq,
            time_zone=self.place.time_zone,
            stale_after_s=self.place.stale_after_s,
            head=self.head,
            open_breaches=len(self.breaches),
            state=self.state,
        )

    def of(self, code: ConditionCode) -> list[Condition]:
        return [each for each in self.conditions if each.code is code]
