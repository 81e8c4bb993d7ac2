"""Why a connector may draw what it may: the chain of limits above it, what binds, what the latest cycle changed.

Holds CLI-27.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.queries.explanation import Difference, Explanation, NotExplained, explanation
from domain.events import ConfigurationApplied, CycleCompleted, DomainEvent, TreeNode, Trigger
from tests.fakes.persistence import InMemoryReadModel
from tests.unit.application.read_side import a_read_model
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

KW = 1000


def a_depot() -> Depot:
    """Two chargers on a feeder of 100 kW, which binds them, and one beside it."""
    depot = Depot(
        grid("gc-1", 500 * KW, metered=True),
        feeder("f-1", "gc-1", 100 * KW),
        charger("cp-1", "f-1", 150 * KW),
        charger("cp-2", "f-1", 150 * KW),
        charger("cp-3", "gc-1", 150 * KW),
    )
    depot.meters("gc-1", 80 * KW)
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, 40 * KW, applied_limit_w=40 * KW)
    depot.hears("cp-3/1", 0, status="Available")
    return depot


def decided(depot: Depot) -> CycleCompleted:
    (event,) = (
        event
        for event in depot.microgrid.run_cycle(depot.readings, Trigger.MANUAL, depot.at).events
        if isinstance(event, CycleCompleted)
    )
    return event


def configured(depot: Depot) -> ConfigurationApplied:
    nodes = (TreeNode(each.node_id, each.node_type, each.parent_id, each.name) for each in depot.site.tree.nodes)
    return ConfigurationApplied(
        microgrid_id="depot",
        event_seq=2,
        version=1,
        request_id=None,
        applied_at=EIGHT,
        configuration=depot.configuration,
        nodes=tuple(nodes),
        warnings=(),
    )


async def explained(read_model: InMemoryReadModel, node_id: str) -> Explanation:
    answer = await explanation(read_model, "depot", node_id, EIGHT + timedelta(seconds=10))
    assert isinstance(answer, Explanation)
    return answer


async def test_the_chain_goes_from_the_connector_up_to_the_microgrid() -> None:
    depot = a_depot()
    answer = await explained(await a_read_model(configured(depot), decided(depot)), "cp-1/1")

    assert [(link.node_id, link.node_type, link.limit_w) for link in answer.chain] == [
        ("cp-1/1", "connector", 150 * KW),
        ("cp-1", "charge_point", 150 * KW),
        ("f-1", "circuit", 100 * KW),
        ("gc-1", "grid_connection", 500 * KW),
        ("depot", "microgrid", None),
    ]
    assert [link.name for link in answer.chain[-2:]] == ["gc-1", "A depot"]


async def test_the_node_that_binds_is_marked() -> None:
    depot = a_depot()
    answer = await explained(await a_read_model(configured(depot), decided(depot)), "cp-1/1")

    assert [link.node_id for link in answer.chain if link.binds] == ["f-1"]
    assert (answer.setpoint.reason, answer.setpoint.limit_w) == ("limited", 50 * KW)


async def test_where_a_connector_has_all_it_wants_nothing_binds() -> None:
    depot = a_depot()
    answer = await explained(await a_read_model(configured(depot), decided(depot)), "cp-3/1")

    assert [link for link in answer.chain if link.binds] == []
    assert answer.setpoint.reason == "idle"


async def test_a_connector_that_is_held_by_its_own_minimum_binds_itself() -> None:
    depot = Depot(grid("gc-1", 500 * KW), charger("cp-1", "gc-1", 150 * KW, minimum_w=20 * KW))
    depot.hears("cp-1/1", requested_w=10 * KW)
    answer = await explained(await a_read_model(configured(depot), decided(depot)), "cp-1/1")

    assert [link.node_id for link in answer.chain if link.binds] == ["cp-1/1"]


async def test_a_first_cycle_has_changed_nothing() -> None:
    depot = a_depot()
    answer = await explained(await a_read_model(configured(depot), decided(depot)), "cp-1/1")
    assert answer.differences == []


async def test_what_the_latest_cycle_changed_is_told_for_every_node_of_the_chain() -> None:
    depot = a_depot()
    events: list[DomainEvent] = [configured(depot), decided(depot)]
    depot.cycle(Trigger.MANUAL)
    depot.later(5)
    depot.hears("cp-1/1", 40 * KW, applied_limit_w=50 * KW, requested_w=30 * KW)
    depot.hears("cp-2/1", 40 * KW, applied_limit_w=50 * KW)
    events.append(decided(depot))

    answer = await explained(await a_read_model(*events), "cp-1/1")

    differences = {(each.node_id, each.figure): (each.before, each.now) for each in answer.differences}
    assert differences["cp-1/1", "requested_w"] == (None, 30 * KW)
    assert differences["cp-1/1", "target_w"] == (50 * KW, 30 * KW)
    assert differences["cp-1/1", "reason"] == ("limited", "granted")
    assert differences["cp-1", "allocated_w"] == (50 * KW, 30 * KW)
    assert {node_id for node_id, _ in differences} <= {link.node_id for link in answer.chain}
    assert all(isinstance(each, Difference) and each.before != each.now for each in answer.differences)


async def test_a_connector_that_is_new_had_no_figures_before() -> None:
    depot = a_depot()
    before = decided(depot)
    without = tuple(each for each in before.setpoints if each.charge_point_id != "cp-1")
    depot.cycle(Trigger.MANUAL)
    depot.later(5)
    answer = await explained(
        await a_read_model(configured(depot), replace(before, setpoints=without), decided(depot)), "cp-1/1"
    )

    assert Difference("cp-1/1", "target_w", None, 50 * KW) in answer.differences


@pytest.mark.parametrize(
    ("microgrid_id", "node_id", "answer"),
    [
        ("another", "cp-1/1", NotExplained("microgrid", ["depot"])),
        ("depot", "cp-1/2", NotExplained("connector", ["cp-1/1", "cp-2/1", "cp-3/1"])),
        ("depot", "cp-1", NotExplained("connector", ["cp-1/1", "cp-2/1", "cp-3/1"])),
    ],
)
async def test_what_is_not_there_is_answered_with_what_is(
    microgrid_id: str, node_id: str, answer: NotExplained
) -> None:
    depot = a_depot()
    read_model = await a_read_model(configured(depot), decided(depot))
    assert await explanation(read_model, microgrid_id, node_id, EIGHT) == answer


async def test_before_the_first_cycle_there_is_nothing_to_explain() -> None:
    read_model = await a_read_model(configured(a_depot()))
    assert await explanation(read_model, "depot", "cp-1/1", EIGHT) == NotExplained("cycle")
