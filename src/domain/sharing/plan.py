"""A plan: what one decision tells the world about every node and every connector."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from domain.knowledge.limits import LimitKind, Mode
from domain.knowledge.lines import Line
from domain.knowledge.situation import NodeView
from domain.sharing.rotation import Rotation, ServiceRecord
from domain.sharing.strategy import Ranking
from domain.sharing.targets import Targets
from domain.site.power import WattHours, Watts
from domain.site.power_tree import NodeType
from domain.values import value


class Reason(StrEnum):
    """Why a connector got what it got (EVT-15)."""

    GRANTED = "granted"
    """The connector's demand is met, or its own rating or request is what ends it."""
    LIMITED = "limited"
    """The limit of `binding_node_id` leaves the connector less than its demand."""
    BELOW_MINIMUM = "below_minimum"
    """The connector is held at 0: its `min_power_w` does not fit at `binding_node_id`."""
    AWAITING_DECREASE = "awaiting_decrease"
    """`limit_w` stays below `target_w` until other connectors have come down."""
    STANDBY = "standby"
    """The vehicle takes nothing for now; `target_w` is what spare room gives it, and it is asked again later."""
    IDLE = "idle"
    """The connector has no demand and is told its `idle_power_w`."""
    RESERVED = "reserved"
    """The connector's telemetry is missing or stale, or its fallback is about to be in force: room is held for it."""
    UNRESPONSIVE = "unresponsive"
    """The connector draws more than it was told, or refused its setpoint: room is held for it."""


class Outcome(StrEnum):
    """How a cycle ended, judged on targets."""

    BALANCED = "balanced"
    """Every demand is met, or unmet only by a connector's own minimum."""
    CURTAILED = "curtailed"
    """A limit leaves some connector less than its demand."""
    INFEASIBLE = "infeasible"
    """Background and reserved power alone exceed some limit."""


class Quality(StrEnum):
    """How good what a node measures is; the first that fits (EVT-10)."""

    MISSING = "missing"
    """Nothing at or below the node is measured: `measured_w` is null."""
    BAD = "bad"
    """The node's meter shows less than the connectors below it draw, or stands still, and is not relied on."""
    ESTIMATED = "estimated"
    """The node's own meter is silent; or the node has none, and something below it is silent or not `ok` itself."""
    OK = "ok"
    """The node's meter is relied on, or everything below the node is measured."""


@value
class Totals:
    """Sums over the microgrid."""

    requested_w: Watts
    """What the connectors with fresh telemetry demand, in watts at the meter."""
    allocated_w: Watts
    """What the connectors with demand are to get once all setpoints are in force (their targets), in watts at the
    meter.
    """
    measured_w: Watts | None
    """What the connectors with fresh telemetry draw, in watts; null: none of them is measured."""
    reserved_w: Watts
    """What is held for connectors that the decision has to assume, idle ones included, in watts at the meter."""
    background_w: Watts
    """Load that no connector of the microgrid draws, and room withheld where nobody knows it, in watts."""


@value
class NodeFigures:
    """One power node after a decision; its fields in the order of EVT-8."""

    node_id: str
    """The id of the microgrid, circuit or charge point."""
    node_type: NodeType
    """The level of the node in the tree."""
    parent_id: str | None
    """The node above; null at the microgrid."""
    mode: Mode
    """By which knowledge the limit in force was chosen."""
    limit_w: Watts | None
    """The limit in force: the most that may be drawn through the node, in watts at the meter; null: the node has no
    limit.
    """
    limit_kind: LimitKind | None
    """Which statement of the configuration the limit comes from; null: the node has no limit."""
    measured_w: Watts | None
    """What is drawn through the node, in watts, negative: fed back. The node's meter where it is relied on, else the
    sum of what is measured below; null: nothing is.
    """
    background_w: Watts
    """Load at and below the node that no connector draws (a building, losses), and room withheld below for a silent
    meter, in watts.
    """
    reserved_w: Watts
    """What is held for connectors below that the decision has to assume, idle ones included, in watts at the meter."""
    allocated_w: Watts
    """What the connectors with demand below are to get once all setpoints are in force (their targets), in watts at the
    meter.
    """
    headroom_w: Watts | None
    """`limit_w` − `background_w` − `reserved_w` − `allocated_w`, in watts: what nothing claims. Negative:
    over-claimed; null: the node has no limit.
    """
    constrained: bool
    """True where this node's limit binds: some connector below gets less than its demand because of it."""
    quality: Quality
    """How good `measured_w` is; the first that fits."""


@value
class ServedSession:
    """The session of a connector's latest reading, and what it took by its readings."""

    session_id: str
    """The charger's own id of the session (OCPP's transaction id), as text."""
    started_at: datetime | None
    """When the session began (UTC); null: not said."""
    departs_at: datetime | None
    """When the vehicle is to leave (UTC); null: not said."""
    energy_needed_wh: WattHours | None
    """The energy that the vehicle still needs, in watt-hours, as last said; 0 or less: none; null: not said."""
    priority: int
    """The rank of the session in order `priority`: the lower goes first; 100 where nothing was said."""
    served_wh: WattHours
    """The energy taken since the session began, in watt-hours rounded down: power × time between readings, gaps over
    `connector_stale_after_s` left out.
    """


@value
class Setpoint:
    """What one connector is told, and why; its fields in the order of EVT-8."""

    charge_point_id: str
    """The charge point that the connector belongs to."""
    connector_id: int
    """The connector by its OCPP number, from 1."""
    limit_w: Watts | None
    """The setpoint: the most that the connector may draw from now on, in watts as the charger is told them; 0: nothing;
    null: the connector is told nothing, as it never was.
    """
    target_w: Watts | None
    """What the connector is to get once other connectors have come down, in watts as the charger is told them; null:
    reserved or unresponsive.
    """
    previous_limit_w: Watts | None
    """The setpoint of the cycle before, in watts as the charger is told them; null: it was told nothing."""
    requested_w: Watts | None
    """What the charger asked for, in watts, as received; null: as much as the ratings allow, or the connector was never
    heard.
    """
    measured_w: Watts | None
    """What the connector drew by its last reading, in watts at the meter; null: not known, which is not 0."""
    reserved_w: Watts
    """The room that is held for the connector because the decision has to assume what it draws, in watts at the meter;
    0: none.
    """
    status: str | None
    """The charger's status in OCPP's words, of its last reading; null: the connector was never heard."""
    reason: Reason
    """Why the connector got what it got."""
    binding_node_id: str | None
    """The node whose limit the target ends at; null: none does."""
    valid_for_s: int
    """How long the setpoint holds, in seconds from the `decided_at` of the newest cycle that lists it. Then the charger
    falls back to its `fallback_power_w`.
    """
    factor: int
    """What the connector draws at the meter of what it is told, in per mille: it draws up to `limit_w` × `factor` /
    1000. 1000 until its readings show more.
    """
    session: ServedSession | None
    """The session of the connector's last reading; null: none."""


Told: TypeAlias = tuple[Line, Watts, Watts, Watts, Watts, int, bool, ServiceRecord | None]
"""What a setpoint is made of: its line, what is sent, wanted and sendable, its target, what binds it, whether it is
admitted, and what it was served.
"""

Seen: TypeAlias = tuple[NodeView, Watts, Watts | None, bool, Quality]
"""What the figures of a node are made of: its view, what is allocated and measured, whether it binds, and how good
that measure is.
"""


@value
class Question:
    """What targets are decided by: per node what is left, per connector what it demands, may have and needs at least,
    and by which ranks; by which others spare room is filled, null where nobody may have more than it demands.
    """

    capacities_w: list[Watts]
    demands_w: list[Watts]
    fulls_w: list[Watts]
    minimums_w: list[Watts]
    ranking: Ranking
    spare_ranking: Ranking | None


@value
class Kept:
    """What the next cycle need not work out again where nothing that it is made of changed.

    Of one plan: the question, the targets that the certificate found no fault in, and, in tree order, what its
    setpoints and node figures are made of. Only lines of connectors that do what they are told stay the same from cycle
    to cycle.
    """

    question: Question
    targets: Targets
    told: list[Told]
    seen: list[Seen]


@value
class Plan:
    """A whole decision for one microgrid. `rotation` is what ranks depend on after it.

    `fault` names what the certificate found where the safe answer was taken. `kept` spares the next cycle work.
    """

    outcome: Outcome
    degraded: bool
    totals: Totals
    nodes: tuple[NodeFigures, ...]
    setpoints: tuple[Setpoint, ...]
    rotation: Rotation
    fault: str | None = None
    kept: Kept | None = field(default=None, compare=False, repr=False)
