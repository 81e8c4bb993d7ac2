"""The shapes of the answers, for the OpenAPI document. What events brought keeps the shape they were published in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from application.queries.tree import NodeState
from domain.breaches.constraint import Cause, ConstraintBreached, Contributor
from domain.breaches.over_limit import Severity
from domain.events import CycleCompleted
from domain.events import Trigger as CycleTrigger
from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import NodeFigures, Outcome, Quality, Setpoint, Totals
from domain.site.configuration import SiteWarning, Strategy
from domain.site.power_tree import NodeType
from entrypoints.api.state_schemas import NotReady, Shape, State


class AsOf(Shape):
    """How old what is shown is: `stale` once the latest cycle is older than 2 x `refresh_interval_s`."""

    cycle_seq: int | None
    """The newest cycle in what is shown; null: none was decided yet."""
    event_seq: int | None
    """The newest event in what is shown; null: there was none."""
    at: datetime | None
    """When that cycle was decided (UTC); in the list of microgrids the newest of all; null: none was decided yet."""
    state: Literal["fresh", "stale"]
    """`fresh`, or `stale`: the newest cycle is older than 2 × `refresh_interval_s`, or there is none."""


class Microgrid(Shape):
    """A microgrid in a line; what its latest cycle came to is null before the first."""

    microgrid_id: str
    """The microgrid, one depot's electrical system."""
    name: str
    """The name of the microgrid for people."""
    state: State
    """How it is, in a code and a sentence."""
    outcome: Outcome | None
    """How far the demands could be met; null before the first cycle."""
    degraded: bool | None
    """True where the latest decision lacks knowledge of a meter or a connector; null before the first cycle."""
    totals: Totals | None
    """Sums over the microgrid; null before the first cycle."""
    open_breaches: int
    """How many breaches are open."""
    as_of: AsOf
    """What this is as of."""


class Node(Shape):
    """A node or connector with its state in a word. Before its first cycle it has no mode and no figures.

    Only circuits have capacities, only connectors a setpoint; a connector's limit is its rating.
    """

    node_id: str
    """The id of the microgrid, circuit or charge point; a connector as `<charge_point_id>/<connector_id>`."""
    node_type: NodeType
    parent_id: str | None
    name: str
    """The name of the node for people."""
    state: NodeState
    """How the node is, in a word."""
    rating_w: int | None
    """What the hardware of a charge point or connector bears, in watts; null: another node."""
    default_capacity_w: int | None
    """What may be drawn from a circuit in all while its true load is known, in watts; null: no limit, or no circuit."""
    safe_operating_capacity_w: int | None
    """What may be drawn from a circuit while its true load is not known, in watts; null: not configured, or no circuit.
    """
    mode: Mode | None
    limit_w: int | None
    """The limit in force, of a connector its rating, in watts at the meter; null: none, or nothing was decided."""
    limit_kind: LimitKind | None
    measured_w: int | None
    background_w: int | None
    reserved_w: int | None
    held_w: int | None
    """What is held beside what is measured, in watts: of `reserved_w` what no reading has in it; null: not decided."""
    allocated_w: int | None
    headroom_w: int | None
    constrained: bool | None
    quality: Quality | None
    setpoint: Setpoint | None
    """What the connector is told, and why; null: no connector, or nothing was decided."""


class CycleHead(Shape):
    """A published cycle without its nodes and setpoints."""

    microgrid_id: str
    event_seq: int
    cycle_seq: int
    trigger: CycleTrigger
    decided_at: datetime
    configuration_version: int
    strategy: Strategy
    outcome: Outcome
    degraded: bool
    totals: Totals


class LatestCycle(CycleHead):
    """A published cycle without its nodes."""

    setpoints: list[Setpoint]


class Cycle(LatestCycle):
    """A whole published cycle."""

    nodes: list[NodeFigures]
    unheard_since: datetime | None = None
    """When the newest message of the depot was heard (UTC), where that is longer ago than `connector_stale_after_s`;
    absent or null: lately, or never.
    """
    controls: list[ControlledCharger] | None = None
    """What gateways found chargers to do, of those of which one said it; absent: of none."""
    as_of: AsOf
    """What this is as of."""


class Breach(Shape):
    """The latest that was published of a breach."""

    microgrid_id: str
    event_seq: int
    breach_id: str
    node_id: str
    node_type: NodeType
    node_path: list[str]
    severity: Severity
    limit_w: int
    limit_kind: LimitKind
    observed_w: int
    excess_w: int
    peak_excess_w: int
    energy_over_limit_wh: int
    first_observed_at: datetime
    observed_at: datetime | None
    duration_s: int
    cause: Cause
    contributors: list[Contributor]
    cycle_seq: int
    decided_at: datetime
    opened_at: datetime
    """When the breach was announced first (UTC)."""
    cleared_at: datetime | None
    """When the breach was announced as over (UTC); null: it is open."""


class Status(Shape):
    """A microgrid at a glance."""

    microgrid_id: str
    """The microgrid, one depot's electrical system."""
    name: str
    """The name of the microgrid for people."""
    state: State
    """How it is, in a code and a sentence."""
    not_ready: NotReady | None
    """The vehicles that will not be ready when they leave; null: none is known to be late."""
    configuration_version: int
    """The version of the configuration in force."""
    warnings: list[SiteWarning]
    """What was accepted in the configuration but ought to be looked at."""
    nodes: list[Node]
    """The tree with its latest figures, in preorder; connectors stand in the cycle's setpoints."""
    latest_cycle: LatestCycle | None
    """The newest published cycle without its nodes; null before the first."""
    open_breaches: list[Breach]
    """The breaches that are open, what opened last first; at most 500."""
    headroom_w: int | None
    """What nothing claims, in watts: of the microgrid, or the sum of its grid connections where it has no limit; null:
    no limit is known.
    """
    time_zone: str
    """The IANA name of the time zone that instants are shown in to people."""
    unknown_statuses: list[str]
    """Statuses of chargers that OCPP does not have."""
    controls: list[ControlledCharger]
    """What gateways found chargers to do, of those of which one said it."""
    as_of: AsOf
    """What this is as of."""


class Bucket(Shape):
    """What a node drew and was allowed in a step of time from `at` on; a connector's limit is what it was sent."""

    at: datetime
    """When the step begins (UTC)."""
    measured_w: int | None
    """What was drawn, on average where the step is longer than ten seconds, in watts; null: not measured."""
    measured_max_w: int | None
    """The most that was drawn, in watts; null: not measured."""
    limit_w: int | None
    """The lowest limit in force, of a connector what it was told, in watts; null: none."""
    allocated_w: int | None
    """What the connectors with demand were to get, in watts; null: not recorded."""
    background_w: int | None
    """Load that no connector drew, in watts; null: not recorded."""
    reserved_w: int | None
    """What was held for connectors that had to be assumed, in watts; null: not recorded."""
    quality: Quality | None
    """How good what was measured is, the worst of the step; null: not recorded."""


class Page(Shape):
    """A page of a list."""

    next_cursor: str | None
    """Give it as `cursor` to read on; null on the last page."""
    as_of: AsOf
    """What this is as of."""


class Microgrids(Page):
    """A page of microgrids, in natural order of their ids. `as_of` is that of the newest cycle of all."""

    items: list[Microgrid]
    """The microgrids of this page."""


class Cycles(Page):
    """A page of cycles, newest first."""

    items: list[CycleHead]
    """The cycles of this page."""


class Breaches(Page):
    """A page of breaches, those that opened last first."""

    items: list[Breach]
    """The breaches of this page."""


class History(Page):
    """A page of buckets, newest first."""

    items: list[Bucket]
    """The buckets of this page."""


class InvalidParameter(Shape):
    """A parameter that cannot be used."""

    parameter: str
    """The name of the parameter."""
    detail: str
    """What is wrong with it."""


class Problem(Shape):
    """What every error is answered with (RFC 9457)."""

    type: Literal["about:blank"]
    """`about:blank`: the problem is what its status says."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status of the answer."""
    detail: str
    """What happened, in a sentence."""
    errors: list[InvalidParameter] | None = None
    """The parameters that cannot be used; null or absent: the problem is another."""


class Health(Shape):
    """Whether the process lives, or answers."""

    status: Literal["live", "ready"]
    """`live` or `ready`, as it was asked."""


ALIKE: Mapping[type, type] = {Node: NodeFigures, CycleHead: CycleCompleted, Breach: ConstraintBreached}
"""A shape -> the published one whose fields of the same names mean the same."""
