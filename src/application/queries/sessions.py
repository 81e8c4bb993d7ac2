"""Which vehicles are there, and will each be ready when it leaves?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.queries import sentences
from application.queries.rows import StatusRow
from application.queries.standing import Place
from application.queries.tree import NodeState, measured_w, tree_of
from domain.sharing.plan import ServedSession
from domain.site.identifiers import connector_node_id, natural_key
from domain.site.power import WattHours, Watts

_HOUR_S: Final = 3600
_LONGEST: Final = timedelta(days=366)
"""What takes longer is not ready at any time that means something."""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A vehicle at a connector. `power_w` is null where it is not known.

    `ready_at`: when it has what it needs, at its present power; `short_by_wh`: what it will be short of when it leaves,
    at that power. Both are null where they are not known; `ready_at` is also where it draws nothing.
    """

    connector: str
    session: ServedSession
    power_w: Watts | None
    state: NodeState
    ready_at: datetime | None
    short_by_wh: WattHours | None


@dataclass(frozen=True, slots=True)
class NotReady:
    """The vehicles that will be short of something when they leave, at their present powers: how many, and a sentence
    that names the one that leaves first.
    """

    vehicles: int
    sentence: str


def not_ready(row: StatusRow) -> NotReady | None:
    """Those of the latest cycle; None where no vehicle is known to be late."""
    cycle = row.latest_cycle
    if cycle is None:
        return None
    charge_points = {node.node_id: node for node in cycle.nodes}
    late = [
        (each.session.departs_at, connector_node_id(each.charge_point_id, each.connector_id))
        for each in cycle.setpoints
        if each.session is not None
        and each.session.departs_at is not None
        and _short_by_wh(each.session, measured_w(each, charge_points[each.charge_point_id]), cycle.decided_at)
    ]
    if not late:
        return None
    departs_at, connector = min(late, key=lambda each: (each[0], natural_key(each[1])))
    place = Place.of(row.configuration)
    return NotReady(len(late), sentences.not_ready(place, len(late), connector, departs_at, cycle.decided_at))


def sessions(row: StatusRow) -> Sequence[SessionLine]:
    """The sessions of the latest cycle, in natural order of their connectors."""
    if row.latest_cycle is None:
        return []
    at = row.latest_cycle.decided_at
    lines = [
        SessionLine(
            connector=node.node_id,
            session=node.setpoint.session,
            power_w=node.measured_w,
            state=node.state,
            ready_at=_ready_at(node.setpoint.session, node.measured_w, at),
            short_by_wh=_short_by_wh(node.setpoint.session, node.measured_w, at),
        )
        for node in tree_of(row).connectors
        if node.setpoint is not None and node.setpoint.session is not None
    ]
    return sorted(lines, key=lambda each: natural_key(each.connector))


def _ready_at(session: ServedSession, power_w: Watts | None, at: datetime) -> datetime | None:
    needed_wh = session.energy_needed_wh
    if needed_wh is None:
        return None
    if needed_wh <= 0:
        return at
    if power_w is None or power_w <= 0:
        return None
    seconds = -(-needed_wh * _HOUR_S // power_w)
    return at + timedelta(seconds=seconds) if seconds <= _LONGEST.total_seconds() else None


def _short_by_wh(session: ServedSession, power_w: Watts | None, at: datetime) -> WattHours | None:
    needed_wh, departs_at = session.energy_needed_wh, session.departs_at
    if needed_wh is None or departs_at is None:
        return None
    if needed_wh <= 0:
        return 0
    if power_w is None:
        return None
    left_s = max(0, int((departs_at - at).total_seconds()))
    return max(0, needed_wh - max(0, power_w) * left_s // _HOUR_S)
