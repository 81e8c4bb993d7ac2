"""Read-side questions: what a microgrid looks like now, what would be decided, what would be ideal."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from adapters.messages.events import write_cycle_completed
from adapters.messages.snapshot import Snapshot, read_snapshot
from application.queries.first_cycle import FirstCycle, first_cycle
from application.queries.ideal_shares import ideal_shares
from application.queries.rows import StatusRow
from application.queries.status import AsOf, LatestCycle, MicrogridStatus, microgrid_status
from domain.events import CycleCompleted, TreeNode, Trigger
from domain.knowledge.readings import ConnectorReading
from domain.site.configuration import ChargePoint, Circuit, Connector, Fault, SiteWarning
from domain.site.power_tree import NodeType
from tests.builders import EIGHT, a_configuration, a_cycle_completed, a_site
from tests.fakes.persistence import InMemoryDatabase, InMemoryReadModel, InMemoryReadModelTransactions
from tests.unit.application.telemetry import a_charger_says, a_meter_says

EXAMPLES = Path(__file__).parents[3] / "examples" / "rebalance.jsonl"

SITE = a_site(
    version=7,
    name="Depot",
    time_zone="Australia/Perth",
    circuits=(
        Circuit("gc-2", None, "South", 900_000),
        Circuit("gc-1", None, "North", 500_000, 300_000, metered=True),
    ),
    charge_points=(ChargePoint("cp-1", "gc-1", 180_000, (Connector(2, 150_000), Connector(1, 150_000)), name="Bay 1"),),
)
ROW = StatusRow(
    SITE.configuration,
    tuple(TreeNode(each.node_id, each.node_type, each.parent_id, each.name) for each in SITE.tree.nodes),
    (SiteWarning("unlimited_circuit", "gc-2", "It has no limit."),),
    latest_cycle=None,
)


def a_latest_cycle(headrooms_w: Mapping[str, int | None], **changes: Any) -> CycleCompleted:
    cycle = a_cycle_completed(event_seq=20, cycle_seq=17, site=SITE)
    nodes = tuple(replace(each, measured_w=1000, headroom_w=headrooms_w.get(each.node_id)) for each in cycle.nodes)
    return replace(cycle, decided_at=EIGHT, nodes=nodes, **changes)


async def status_of(row: StatusRow | None, now: datetime = EIGHT) -> MicrogridStatus | None:
    database = InMemoryDatabase()
    if row is not None:
        async with InMemoryReadModelTransactions(database).begin() as changes:
            await changes.put_statuses([row])
            await changes.commit()
    return await microgrid_status(InMemoryReadModel(database), "depot", now)


async def known_status(row: StatusRow, now: datetime = EIGHT) -> MicrogridStatus:
    status = await status_of(row, now)
    assert status is not None
    return status


async def test_a_microgrid_that_nobody_knows_has_no_status() -> None:
    assert await status_of(None) is None


async def test_before_the_first_cycle_the_bare_tree_is_shown() -> None:
    status = await known_status(ROW)

    assert (status.microgrid_id, status.name, status.configuration_version) == ("depot", "Depot", 7)
    assert status.warnings == ROW.warnings
    assert [(node.node_id, node.name, node.state) for node in status.nodes] == [
        ("depot", "Depot", "undecided"),
        ("gc-1", "North", "undecided"),
        ("cp-1", "Bay 1", "undecided"),
        ("gc-2", "South", "undecided"),
    ]
    assert {(node.measured_w, node.limit_w, node.mode) for node in status.nodes} == {(None, None, None)}
    assert (status.latest_cycle, status.headroom_w, status.time_zone) == (None, None, "Australia/Perth")
    assert status.as_of == AsOf(None, None, None, "stale")


async def test_every_node_has_its_name_its_configured_capacities_and_its_latest_figures() -> None:
    status = await known_status(replace(ROW, latest_cycle=a_latest_cycle({"gc-1": 20_000})))

    assert [node.node_id for node in status.nodes] == ["depot", "gc-1", "cp-1", "gc-2"]
    north, charger, south = status.nodes[1:]
    assert (north.name, north.parent_id, north.measured_w, north.headroom_w) == ("North", "depot", 1000, 20_000)
    assert (north.default_capacity_w, north.safe_operating_capacity_w) == (500_000, 300_000)
    assert (south.default_capacity_w, south.safe_operating_capacity_w) == (900_000, None)
    assert (charger.default_capacity_w, charger.rating_w) == (None, 180_000)


async def test_the_latest_cycle_is_shown_without_its_nodes() -> None:
    cycle = a_latest_cycle({})
    status = await known_status(replace(ROW, latest_cycle=cycle))

    assert status.latest_cycle == LatestCycle.of(cycle)
    assert status.latest_cycle.setpoints == cycle.setpoints


async def test_statuses_that_ocpp_does_not_have_are_named() -> None:
    """Holds TEL-3."""
    (some, *_) = a_latest_cycle({}).setpoints
    setpoints = tuple(replace(some, status=said) for said in ("Melting", "Charging", None, "Asleep"))
    status = await known_status(replace(ROW, latest_cycle=a_latest_cycle({}, setpoints=setpoints)))

    assert status.unknown_statuses == ["Asleep", "Melting"]
    assert (await known_status(ROW)).unknown_statuses == []


async def test_a_node_that_is_newer_than_the_latest_cycle_is_shown_without_figures() -> None:
    nodes = (*ROW.nodes, TreeNode("cp-2", NodeType.CHARGE_POINT, "gc-1", "cp-2"))
    status = await known_status(replace(ROW, nodes=nodes, latest_cycle=a_latest_cycle({})))

    assert (status.nodes[4].measured_w, status.nodes[4].state) == (None, "undecided")
    assert status.nodes[3].measured_w == 1000


@pytest.mark.parametrize(
    ("headrooms_w", "headroom_w"),
    [
        ({"depot": 70_000, "gc-1": 20_000, "gc-2": 30_000}, 70_000),
        ({"depot": 0, "gc-1": 20_000}, 0),
        ({"gc-1": 20_000, "gc-2": 30_000, "cp-1": 5}, 50_000),
        ({"gc-1": 20_000, "gc-2": -30_000}, -10_000),
        ({"gc-1": 20_000}, None),
        ({}, None),
    ],
)
async def test_headroom_is_the_microgrids_or_the_sum_of_its_grid_connections(
    headrooms_w: dict[str, int | None], headroom_w: int | None
) -> None:
    status = await known_status(replace(ROW, latest_cycle=a_latest_cycle(headrooms_w)))
    assert status.headroom_w == headroom_w


@pytest.mark.parametrize(("age_s", "state"), [(0, "fresh"), (80, "fresh"), (80.001, "stale"), (3600, "stale")])
async def test_a_status_is_stale_once_its_cycle_is_older_than_two_refresh_intervals(age_s: float, state: str) -> None:
    row = replace(ROW, latest_cycle=a_latest_cycle({}))
    status = await known_status(row, EIGHT + timedelta(seconds=age_s))
    assert status.as_of == AsOf(17, 20, EIGHT, state)


def test_a_first_cycle_is_number_one_and_asked_for() -> None:
    """Holds CLI-17, EVT-16."""
    decided = first_cycle(a_configuration(connectors=1), EIGHT, [a_charger_says(), a_meter_says(0)])

    assert isinstance(decided, FirstCycle)
    completed = decided.completed
    assert (completed.event_seq, completed.cycle_seq, completed.trigger) == (1, 1, Trigger.MANUAL)
    assert completed.decided_at == EIGHT
    assert [(each.charge_point_id, each.limit_w) for each in completed.setpoints] == [("cp-1", 150_000), ("cp-2", None)]
    assert decided.over_limit == ()


def test_a_first_cycle_names_the_nodes_over_their_limit() -> None:
    """Holds CLI-17."""
    decided = first_cycle(a_configuration(connectors=1), EIGHT, [a_charger_says(power_w=160_000), a_meter_says(0)])

    assert isinstance(decided, FirstCycle)
    assert [(each.node_id, each.excess_w) for each in decided.over_limit] == [("cp-1/1", 10_000)]


def test_the_faults_of_a_configuration_are_the_answer_to_it() -> None:
    answer = first_cycle(a_configuration(circuits=()), EIGHT, [])
    assert isinstance(answer, tuple)
    assert all(isinstance(fault, Fault) for fault in answer)
    assert {fault.code for fault in answer} == {"no_grid_connection", "unknown_circuit"}


def example_snapshots() -> list[Any]:
    examples = [json.loads(line) for line in EXAMPLES.read_text("utf-8").splitlines()]
    return [
        pytest.param(json.dumps(example["input"]).encode(), id=example["name"])
        for example in examples
        if "error" not in example["output"]
    ]


def decided_bytes(snapshot: Snapshot) -> bytes:
    decided = first_cycle(snapshot.configuration, snapshot.at, snapshot.telemetry)
    assert isinstance(decided, FirstCycle)
    return write_cycle_completed(decided.completed) + repr(decided.over_limit).encode()


@pytest.mark.parametrize("line", example_snapshots())
def test_the_order_of_the_readings_is_nothing_to_a_first_cycle(line: bytes) -> None:
    snapshot = read_snapshot(line)
    assert isinstance(snapshot, Snapshot)
    # A device that spoke before, and one that said two things under one number, matter by what they said alone.
    telemetry = [*snapshot.telemetry, *(replace(each, sequence=each.sequence - 1) for each in snapshot.telemetry)]
    expected = decided_bytes(replace(snapshot, telemetry=tuple(telemetry)))
    for seed in range(5):
        Random(seed).shuffle(telemetry)
        assert decided_bytes(replace(snapshot, telemetry=tuple(telemetry))) == expected


def test_two_readings_under_one_number_are_settled_by_content_and_not_by_order() -> None:
    readings = [a_charger_says(power_w=power_w) for power_w in (10_000, 20_000, 30_000)]
    answers = {
        decided_bytes(Snapshot(a_configuration(connectors=1), EIGHT, tuple(ordered)))
        for ordered in (readings, readings[::-1], readings[1:] + readings[:1])
    }
    assert len(answers) == 1


def asking(requests_w: dict[str, int]) -> dict[tuple[str, int], ConnectorReading]:
    return {
        (charge_point_id, 1): ConnectorReading(1, "Charging", 0, requested_w)
        for charge_point_id, requested_w in requests_w.items()
    }


def ideal_w(wanted_w: dict[str, int], background_w: dict[str, int] | None = None) -> dict[str, int]:
    """By charge point, what three of 80 kW get under a connection of 100 kW that is safe for 10."""
    site = a_site(
        circuits=(Circuit("gc-1", None, "Grid connection", 100_000, 10_000, metered=True),),
        charge_points=tuple(ChargePoint(f"cp-{n}", "gc-1", 80_000, (Connector(1, 80_000),)) for n in (1, 2, 3)),
    )
    wanted = {(charge_point_id, 1): ConnectorReading(1, "Charging", 0, w) for charge_point_id, w in wanted_w.items()}
    shares = ideal_shares(site, wanted, background_w or {}, EIGHT)
    return {charge_point_id: share for (charge_point_id, _), share in shares.items()}


def test_ideal_shares_are_the_default_capacities_shared_among_those_who_want() -> None:
    assert ideal_w({"cp-1": 200_000, "cp-2": 200_000}) == {"cp-1": 50_000, "cp-2": 50_000}
    assert ideal_w({"cp-1": 10_000, "cp-2": 200_000, "cp-3": 20_000}) == {
        "cp-1": 10_000,
        "cp-2": 70_000,
        "cp-3": 20_000,
    }


def test_an_ideal_share_is_never_above_the_rating_and_0_for_who_wants_nothing() -> None:
    assert ideal_w({"cp-1": 200_000, "cp-2": 0}) == {"cp-1": 80_000, "cp-2": 0}
    assert ideal_w({}) == {}


def test_ideal_shares_leave_room_for_the_true_background() -> None:
    assert ideal_w({"cp-1": 200_000, "cp-2": 200_000}, {"gc-1": 40_000}) == {"cp-1": 30_000, "cp-2": 30_000}
    assert ideal_w({"cp-1": 200_000}, {"gc-1": 140_000}) == {"cp-1": 0}
