"""The shape of all that the page of a microgrid shows, for the OpenAPI document."""

from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.limits import LimitKind
from domain.sharing.plan import Reason
from domain.site.configuration import SiteWarning
from entrypoints.api.schemas import AsOf, Breach, CycleHead, Node
from entrypoints.api.state_schemas import NotReady, Shape, State


class Binding(Shape):
    """A limit that binds, and how many connectors it binds."""

    node_id: str
    """The node whose limit binds."""
    limit_w: int | None
    """The limit in force, in watts; null: not known."""
    limit_kind: LimitKind | None
    """Which statement of the configuration the limit comes from; null: not known."""
    connectors: int
    """How many connectors get less than they want because of it."""


class HeldBack(Shape):
    """A connector that gets less than it wants (null: as much as its rating allows), and the node that is why."""

    node_id: str
    """The connector as `<charge_point_id>/<connector_id>`."""
    wants_w: int | None
    """What the connector asks for, in watts; null: as much as its rating allows."""
    gets_w: int | None
    """What the connector is told, in watts; null: nothing."""
    reason: Reason
    """Why the connector gets less."""
    binding_node_id: str | None
    """The node whose limit is why; null: none."""


class Overview(Shape):
    """A microgrid as its page shows it; open breaches by how much they are over, the largest first."""

    microgrid_id: str
    """The microgrid, one depot's electrical system."""
    name: str
    """The name of the microgrid for people."""
    state: State
    """How it is, in a code and a sentence."""
    not_ready: NotReady | None
    """The vehicles that will not be ready when they leave; null: none is known to be late."""
    time_zone: str
    """The IANA name of the time zone that instants are shown in to people."""
    as_of: AsOf
    """What this is as of."""
    age_s: int | None
    """How old the latest cycle is, in seconds; null before the first."""
    stale_after_s: int
    """From what age on the latest cycle counts as stale, in seconds."""
    asked_again_within_s: int
    """How long a connector may go on standing by before it is offered power again, in seconds."""
    warnings: list[SiteWarning]
    """What was accepted in the configuration but ought to be looked at."""
    latest_cycle: CycleHead | None
    """The newest published cycle without nodes and setpoints; null before the first."""
    load_w: int | None
    """What the microgrid draws, in watts; null: not measured."""
    limit_w: int | None
    """The limit of the microgrid, or the sum of its grid connections' where it has none, in watts; null: none known."""
    headroom_w: int | None
    """What nothing claims, in watts: of the microgrid, or the sum of its grid connections where it has no limit; null:
    no limit is known.
    """
    over_limit: int
    """How many nodes and connectors are over their limits."""
    charging: int
    """How many connectors charge, of those that are heard."""
    offline: int
    """How many connectors are not heard."""
    connectors: int
    """How many connectors there are."""
    binding: list[Binding]
    """The limits that bind, with the most connectors first."""
    held_back: list[HeldBack]
    """The connectors that get less than they want."""
    open_breaches: list[Breach]
    """The breaches that are open, the largest excess first."""
    last_breach: Breach | None
    """The breach that opened last; null: there was none."""
    nodes: list[Node]
    """The tree in preorder, connectors after their charge points."""
    controls: list[ControlledCharger]
    """What gateways found chargers to do, of those of which one said it."""
