"""Vehicles, and whether each will be ready when it leaves (HTTP-18)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.queries.rows import StatusRow
from application.queries.sessions import NotReady, not_ready, sessions
from domain.events import TreeNode
from domain.sharing.plan import Quality, Reason, ServedSession
from tests.builders import EIGHT, a_cycle_completed, a_site

HOUR = timedelta(hours=1)
SITE = a_site(connectors=1)


def a_row(session: ServedSession | None, power_w: int | None = 60_000, **changes: object) -> StatusRow:
    cycle = a_cycle_completed(site=SITE)
    first, *others = cycle.setpoints
    first = replace(first, session=session, measured_w=power_w, **changes)  # type: ignore[arg-type]
    cycle = replace(cycle, decided_at=EIGHT, setpoints=(first, *others))
    return StatusRow(SITE.configuration, (), (), cycle)


def nodes_too(row: StatusRow, quality: Quality = Quality.OK) -> StatusRow:
    assert row.latest_cycle is not None
    nodes = tuple(TreeNode(each.node_id, each.node_type, each.parent_id, each.name) for each in SITE.tree.nodes)
    figures = tuple(replace(each, quality=quality) for each in row.latest_cycle.nodes)
    return replace(row, nodes=nodes, latest_cycle=replace(row.latest_cycle, nodes=figures))


def a_session(needed_wh: int | None, leaves_in_h: float | None) -> ServedSession:
    departs_at = None if leaves_in_h is None else EIGHT + leaves_in_h * HOUR
    return ServedSession("s-1", EIGHT - HOUR, departs_at, needed_wh, 100, served_wh=31_000)


@pytest.mark.parametrize(
    ("needed_wh", "leaves_in_h", "power_w", "ready_in_h", "short_by_wh"),
    [
        (90_000, 2, 60_000, 1.5, 0),
        (90_000, 1, 60_000, 1.5, 30_000),
        (90_000, 1, 0, None, 90_000),
        (90_000, -1, 60_000, 1.5, 90_000),
        (90_000, None, 60_000, 1.5, None),
        (90_000, 1, None, None, None),
        (0, 1, None, 0, 0),
        (None, 1, 60_000, None, None),
    ],
)
def test_a_vehicle_is_ready_or_short_by_its_present_power(
    needed_wh: int | None,
    leaves_in_h: float | None,
    power_w: int | None,
    ready_in_h: float | None,
    short_by_wh: int | None,
) -> None:
    session = a_session(needed_wh, leaves_in_h)
    (line,) = sessions(nodes_too(a_row(session, power_w)))

    state = "normal" if power_w == 0 else "held_back"  # a vehicle that takes nothing is held back by no limit
    assert (line.connector, line.session, line.power_w, line.state) == ("cp-1/1", session, power_w, state)
    assert line.ready_at == (None if ready_in_h is None else EIGHT + ready_in_h * HOUR)
    assert line.short_by_wh == short_by_wh


def test_of_a_vehicle_that_is_not_heard_nothing_is_foretold() -> None:
    row = a_row(a_session(90_000, 2), reason=Reason.RESERVED, reserved_w=60_000)
    (line,) = sessions(nodes_too(row, Quality.MISSING))
    assert (line.power_w, line.state, line.ready_at, line.short_by_wh) == (None, "stale", None, None)


def test_a_connector_without_a_session_is_no_vehicle() -> None:
    assert sessions(nodes_too(a_row(None))) == []
    assert sessions(StatusRow(SITE.configuration, (), ())) == []


def test_how_many_will_not_be_ready_is_said_with_the_one_that_leaves_first() -> None:
    """Holds HTTP-23."""
    assert not_ready(StatusRow(SITE.configuration, (), ())) is None
    assert not_ready(a_row(None)) is None
    assert not_ready(a_row(a_session(90_000, 2))) is None
    unheard = a_row(a_session(90_000, 1), reason=Reason.RESERVED, reserved_w=60_000)
    assert not_ready(nodes_too(unheard, Quality.MISSING)) is None

    late = a_row(a_session(90_000, 1.25))
    said = "1 vehicle will not be ready in time at present powers: cp-1/1 leaves at 09:15"
    assert not_ready(late) == NotReady(1, said)

    assert late.latest_cycle is not None
    first, second, *others = late.latest_cycle.setpoints
    second = replace(second, session=a_session(90_000, 1), measured_w=0)
    late = replace(late, latest_cycle=replace(late.latest_cycle, setpoints=(first, second, *others)))
    said = "2 vehicles will not be ready in time at present powers, the first, cp-2/1, leaves at 09:00"
    assert not_ready(late) == NotReady(2, said)
