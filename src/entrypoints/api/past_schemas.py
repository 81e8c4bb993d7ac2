"""The shapes of what happened and of the vehicles there are, for the OpenAPI document."""

from datetime import datetime

from application.queries.log import HappeningCode
from application.queries.tree import NodeState
from domain.sharing.plan import ServedSession
from entrypoints.api.schemas import Page
from entrypoints.api.state_schemas import Shape


class LogEntry(Shape):
    """Something that happened."""

    at: datetime
    """When it was decided or applied (UTC)."""
    code: HappeningCode
    """What happened, in a word."""
    node_id: str
    """Where it happened: a node, a connector as `<charge_point_id>/<connector_id>`, or the microgrid."""
    sentence: str
    """What happened, in a sentence."""
    before_w: int | None
    """The limit that was, in watts; null: there was none, or this is about none."""
    now_w: int | None
    """The limit that is, or the load that was observed, in watts; null: there is none, or this is about none."""
    duration_s: int | None
    """How long that had lasted which is over, in seconds; null: nothing is over."""


class Log(Page):
    """A page of what happened, newest first."""

    items: list[LogEntry]
    """What happened."""


class Session(Shape):
    """A vehicle at a connector."""

    connector: str
    """The connector as `<charge_point_id>/<connector_id>`."""
    session: ServedSession
    """What the charger says of the session, and what it has taken."""
    power_w: int | None
    """What the vehicle draws, in watts; null: not known."""
    state: NodeState
    """How its connector is, in a word."""
    ready_at: datetime | None
    """When the vehicle has what it needs, at its present power (UTC); null: not known, or it draws nothing."""
    short_by_wh: int | None
    """What it will be short of at its departure, at its present power, in watt-hours; null: not known."""


class Sessions(Page):
    """A page of vehicles, in natural order of their connectors."""

    items: list[Session]
    """The vehicles."""
