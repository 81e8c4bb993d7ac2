"""The shapes of the answers, for the OpenAPI document. What events brought keeps the shape they were published in."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from application.queries.tree import NodeState
from domain.breaches.constraint import Cause, Contributor
from domain.breaches.over_limit import Severity
from domain.events import Trigger as CycleTrigger
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import NodeFigures, Outcome, Quality, Reason, Setpoint, Totals
from domain.site.configuration import SiteWarning, Strategy
from domain.site.power_tree import NodeType


class Shape(BaseModel):
    """An object in an answer. More keys may be added within v1."""


class AsOf(Shape):
    """How old what is shown is: `stale` once the latest cycle is older than 2 x `refresh_interval_s`."""

    cycle_seq: int | None
    at: datetime | None
    state: Literal["fresh", "stale"]


class Microgrid(Shape):
    """A microgrid in a line; what its latest cycle came to is null before the first."""

    microgrid_id: str
    name: str
    outcome: Outcome | None
    degraded: bool | None
    totals: Totals | None
    open_breaches: int
    as_of: AsOf


class Node(Shape):
    """A node or connector with its state in a word. Before its first cycle it has no mode and no figures.

    Only circuits have capacities, only connectors a setpoint; a connector's limit is its rating.
    """

    node_id: str
    node_type: NodeType
    parent_id: str | None
    name: str
    state: NodeState
    rating_w: int | None
    default_capacity_w: int | None
    safe_operating_capacity_w: int | None
    mode: Mode | None
    limit_w: int | None
    limit_kind: LimitKind | None
    measured_w: int | None
    background_w: int | None
    reserved_w: int | None
    allocated_w: int | None
    headroom_w: int | None
    constrained: bool | None
    quality: Quality | None
    setpoint: Setpoint | None


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
    as_of: AsOf


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
    cleared_at: datetime | None


class Status(Shape):
    """A microgrid at a glance."""

    microgrid_id: str
    name: str
    configuration_version: int
    warnings: list[SiteWarning]
    nodes: list[Node]
    latest_cycle: LatestCycle | None
    open_breaches: list[Breach]
    headroom_w: int | None
    time_zone: str
    unknown_statuses: list[str] = Field(description="Statuses of chargers that OCPP does not have.")
    as_of: AsOf


class Binding(Shape):
    """A limit that binds, and how many connectors it binds."""

    node_id: str
    limit_w: int | None
    limit_kind: LimitKind | None
    connectors: int


class HeldBack(Shape):
    """A connector that gets less than it wants (null: as much as its rating allows), and the node that is why."""

    node_id: str
    wants_w: int | None
    gets_w: int | None
    reason: Reason
    binding_node_id: str | None


class Overview(Shape):
    """A microgrid as its page shows it; open breaches by how much they are over, the largest first."""

    microgrid_id: str
    name: str
    as_of: AsOf
    age_s: int | None = Field(description="How old the latest cycle is.")
    stale_after_s: int
    asked_again_within_s: int = Field(description="How long a connector may go on standing by.")
    warnings: list[SiteWarning]
    latest_cycle: CycleHead | None
    load_w: int | None
    limit_w: int | None = Field(description="The microgrid's, or the sum of its grid connections' where it has none.")
    headroom_w: int | None
    over_limit: int = Field(description="How many nodes and connectors are over their limits.")
    charging: int
    offline: int
    connectors: int
    binding: list[Binding]
    held_back: list[HeldBack]
    open_breaches: list[Breach]
    last_breach: Breach | None
    nodes: list[Node]


class Bucket(Shape):
    """What a node drew and was allowed in the ten seconds from `at` on; a connector's limit is what it was sent."""

    at: datetime
    measured_w: int | None
    limit_w: int | None
    allocated_w: int | None
    background_w: int | None
    reserved_w: int | None


class _Page(Shape):
    next_cursor: str | None = Field(description="Give it as `cursor` to read on; null on the last page.")
    as_of: AsOf


class Microgrids(_Page):
    """A page of microgrids, in natural order of their ids. `as_of` is that of the newest cycle of all."""

    items: list[Microgrid]


class Cycles(_Page):
    """A page of cycles, newest first."""

    items: list[CycleHead]


class Breaches(_Page):
    """A page of breaches, those that opened last first."""

    items: list[Breach]


class History(_Page):
    """A page of buckets, newest first."""

    items: list[Bucket]


class InvalidParameter(Shape):
    """A parameter that cannot be used."""

    parameter: str
    detail: str


class Problem(Shape):
    """What every error is answered with (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    errors: list[InvalidParameter] | None = None


class Health(Shape):
    """Whether the process lives, or answers."""

    status: Literal["live", "ready"]
