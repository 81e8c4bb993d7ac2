"""What does this microgrid look like now? The tree with its latest figures, as of the latest cycle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from application.ports.read_side import ReadModel
from application.queries import sentences
from application.queries.breaches import Breach, breaches
from application.queries.rows import BreachState, CycleHead, Glance, StatusRow
from application.queries.sessions import NotReady, not_ready
from application.queries.state import State, StateCode
from application.queries.tree import Node, tree_of
from domain.events import CycleCompleted
from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.readings import STATUSES
from domain.sharing.plan import Setpoint
from domain.site.configuration import SiteWarning
from domain.site.power import Watts

OPEN_BREACHES = 500
"""How many open breaches are shown of a microgrid at most."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """How old what is shown is. `event_seq`: of the newest event that it knows.

    `state` is `stale` once the latest cycle is older than 2 x `refresh_interval_s`.
    """

    cycle_seq: int | None
    event_seq: int | None
    at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class LatestCycle(CycleHead):
    """A published cycle without its nodes."""

    setpoints: Sequence[Setpoint]

    @classmethod
    def of(cls, cycle: CycleCompleted) -> Self:
        return cls(*[getattr(cycle, name) for name in LatestCycle.__dataclass_fields__])


@dataclass(frozen=True, slots=True)
class MicrogridStatus:
    """A microgrid at a glance. `nodes` are the latest figures without connectors, before the first cycle the bare tree.

    `unknown_statuses`: the words that OCPP does not have, by which chargers now say how they are. `controls`: what
    gateways found chargers to do, of those of which one said it.
    """

    microgrid_id: str
    name: str
    state: State
    not_ready: NotReady | None
    configuration_version: int
    warnings: Sequence[SiteWarning]
    nodes: Sequence[Node]
    latest_cycle: LatestCycle | None
    open_breaches: Sequence[Breach]
    headroom_w: Watts | None
    time_zone: str
    unknown_statuses: Sequence[str]
    controls: Sequence[ControlledCharger]
    as_of: AsOf


async def microgrid_status(read_model: ReadModel, microgrid_id: str, now: datetime) -> MicrogridStatus | None:
    """The status of a microgrid, None where it is not known."""
    row = await read_model.status(microgrid_id)
    if row is None:
        return None
    open_breaches = await breaches(read_model, microgrid_id, BreachState.OPEN, None, OPEN_BREACHES)
    return status_of(row, open_breaches, not_ready(row), now)


def status_of(row: StatusRow, open_breaches: Sequence[Breach], late: NotReady | None, now: datetime) -> MicrogridStatus:
    """The status that a row and these breaches show, with those of its vehicles that are `late`."""
    cycle, tree = row.latest_cycle, tree_of(row, {each.node_id for each in open_breaches}, connectors=False)
    return MicrogridStatus(
        microgrid_id=row.microgrid_id,
        name=row.name,
        state=state_of(row.glance, now),
        not_ready=late,
        configuration_version=row.configuration.version,
        warnings=row.warnings,
        nodes=tree.nodes,
        latest_cycle=None if cycle is None else LatestCycle.of(cycle),
        open_breaches=open_breaches,
        headroom_w=tree.of_the_site(lambda node: node.headroom_w),
        time_zone=row.configuration.time_zone or "UTC",
        unknown_statuses=_unknown_statuses(cycle),
        controls=() if cycle is None else cycle.controls,
        as_of=as_of(row, now),
    )


def _unknown_statuses(cycle: CycleCompleted | None) -> list[str]:
    said = set() if cycle is None else {setpoint.status for setpoint in cycle.setpoints}
    return sorted(each for each in said if each is not None and each not in STATUSES)


def as_of(row: StatusRow, now: datetime) -> AsOf:
    """How old what a read model shows of this microgrid is."""
    newest = row.latest_cycle if row.glance is None else row.glance
    event_seq = None if newest is None else newest.event_seq
    return as_of_cycle(row.latest_cycle, event_seq, 2 * row.configuration.settings.refresh_interval_s, now)


def as_of_cycle(cycle: CycleCompleted | CycleHead | None, event_seq: int | None, fresh_s: int, now: datetime) -> AsOf:
    """How old what is shown with this cycle is, which is fresh for so many seconds."""
    if cycle is None:
        return AsOf(None, event_seq, None, "stale")
    is_stale = now - cycle.decided_at > timedelta(seconds=fresh_s)
    return AsOf(cycle.cycle_seq, event_seq, cycle.decided_at, "stale" if is_stale else "fresh")


def state_of(glance: Glance | None, now: datetime) -> State:
    """How a microgrid is now: as its newest event left it, unless nothing has been decided for too long."""
    if glance is None:
        return State(StateCode.NOT_DECIDED, sentences.NEVER_DECIDED, None)
    if glance.state.code in (StateCode.RETIRED, StateCode.NO_DATA) or glance.head is None:
        return glance.state
    age = now - glance.head.decided_at
    if age <= timedelta(seconds=glance.stale_after_s):
        return glance.state
    return State(StateCode.NOT_DECIDED, sentences.not_decided(int(age.total_seconds())), glance.head.decided_at)


def age_s(row: StatusRow, now: datetime) -> int | None:
    """How many whole seconds old the latest cycle is, None before the first."""
    cycle = row.latest_cycle
    return None if cycle is None else int((now - cycle.decided_at).total_seconds())
