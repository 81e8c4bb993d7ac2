"""Breaches as the read model shows them, from the events that announce them."""

from dataclasses import replace
from datetime import timedelta

from application.projections.breaches import BREACHES
from application.queries.rows import BreachRow
from domain.breaches.constraint import Cause, ConstraintBreached, ConstraintCleared
from domain.breaches.over_limit import Severity
from domain.events import DomainEvent
from domain.knowledge.limits import LimitKind
from domain.site.power_tree import NodeType
from tests.builders import EIGHT
from tests.fakes.persistence import InMemoryDatabase, InMemoryReadModelTransactions
from tests.unit.application.read_side import project as take_in

OPENED = ConstraintBreached(
    microgrid_id="depot",
    event_seq=7,
    breach_id="b-1",
    node_id="gc-1",
    node_type=NodeType.GRID_CONNECTION,
    node_path=("depot", "gc-1"),
    severity=Severity.MAJOR,
    limit_w=80_000,
    limit_kind=LimitKind.SAFE_OPERATING_CAPACITY,
    observed_w=90_000,
    excess_w=10_000,
    peak_excess_w=10_000,
    energy_over_limit_wh=13,
    first_observed_at=EIGHT,
    observed_at=EIGHT + timedelta(seconds=5),
    duration_s=5,
    cause=Cause.UNKNOWN,
    contributors=(),
    cycle_seq=3,
    decided_at=EIGHT + timedelta(seconds=6),
)
ESCALATED = replace(OPENED, event_seq=9, observed_at=EIGHT + timedelta(seconds=20), severity=Severity.CRITICAL)
CLEARED = ConstraintCleared(
    **{name: getattr(ESCALATED, name) for name in ESCALATED.__dataclass_fields__}
    | {"event_seq": 12, "observed_at": EIGHT + timedelta(minutes=2), "excess_w": -1}
)


async def project(*events: DomainEvent) -> list[BreachRow]:
    database = InMemoryDatabase()
    for event in events:
        await take_in([event], InMemoryReadModelTransactions(database), (BREACHES,))
    return list(database.tables.breaches.values())


async def test_a_breach_opens() -> None:
    assert await project(OPENED) == [BreachRow(7, EIGHT + timedelta(seconds=5), None, OPENED)]


async def test_a_breach_that_becomes_critical_keeps_when_it_opened() -> None:
    (row,) = await project(OPENED, ESCALATED)

    assert (row.opened_seq, row.opened_at, row.cleared_at) == (7, EIGHT + timedelta(seconds=5), None)
    assert row.latest == ESCALATED


async def test_a_breach_that_clears_keeps_when_it_opened_and_says_when_it_cleared() -> None:
    (row,) = await project(OPENED, ESCALATED, CLEARED)

    assert (row.opened_seq, row.opened_at) == (7, EIGHT + timedelta(seconds=5))
    assert row.cleared_at == EIGHT + timedelta(minutes=2)
    assert row.latest == CLEARED


async def test_where_nothing_was_observed_a_breach_opened_and_cleared_when_that_was_decided() -> None:
    opened = replace(OPENED, observed_at=None)
    cleared = replace(CLEARED, observed_at=None, decided_at=EIGHT + timedelta(minutes=3))

    (row,) = await project(opened, cleared)
    assert (row.opened_at, row.cleared_at) == (opened.decided_at, cleared.decided_at)


async def test_of_a_breach_that_opened_before_anybody_read_along_its_end_is_kept() -> None:
    (row,) = await project(CLEARED)
    assert row.cleared_at == row.opened_at == EIGHT + timedelta(minutes=2)


async def test_breaches_of_a_node_and_of_others_stand_beside_each_other() -> None:
    rows = await project(
        OPENED, CLEARED, replace(OPENED, event_seq=20, breach_id="b-2"), replace(OPENED, microgrid_id="other")
    )
    assert [(row.microgrid_id, row.breach_id, row.cleared_at is None) for row in rows] == [
        ("depot", "b-1", False),
        ("depot", "b-2", True),
        ("other", "b-1", True),
    ]
