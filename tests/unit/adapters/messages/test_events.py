"""The data of each event, byte for byte."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from adapters.messages.events import (
    fact_of,
    unsaid,
    write_configuration_applied,
    write_configuration_rejected,
    write_constraint_breached,
    write_constraint_cleared,
    write_cycle_completed,
    write_microgrid_provisioned,
)
from application import event_types
from application.ports.bus import PublishedEvent
from domain.breaches.constraint import Cause, ConstraintBreached, ConstraintCleared, Contributor
from domain.breaches.over_limit import Severity
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    MicrogridProvisioned,
    TreeNode,
    Trigger,
)
from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.limits import LimitKind, Mode
from domain.knowledge.readings import Control
from domain.sharing.plan import NodeFigures, Outcome, Quality, Reason, ServedSession, Setpoint, Totals
from domain.site.configuration import (
    ChargePoint,
    Circuit,
    Connector,
    Fault,
    GridConnection,
    SiteConfiguration,
    SiteWarning,
    Strategy,
)
from domain.site.power_tree import NodeType
from tests.builders import a_cycle_completed

EXAMPLES = Path(__file__).resolve().parents[3] / "contracts" / "examples"

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)

PROVISIONED = MicrogridProvisioned(
    "malaga",
    1,
    "Málaga depot",
    None,
    (
        GridConnection("gc-1", "Grid connection 1", 4_000_000, 3_200_000, metered=True),
        GridConnection("gc-2", "Grid connection 2", 2_000_000, None, metered=False),
    ),
    provisioned_at=AT,
)
PROVISIONED_DATA = (
    '{"microgrid_id":"malaga","event_seq":1,"name":"Málaga depot","workspace_id":null,"grid_connections":['
    '{"node_id":"gc-1","name":"Grid connection 1","default_capacity_w":4000000,'
    '"safe_operating_capacity_w":3200000,"metered":true},'
    '{"node_id":"gc-2","name":"Grid connection 2","default_capacity_w":2000000,'
    '"safe_operating_capacity_w":null,"metered":false}],"provisioned_at":"2026-11-22T08:00:00Z"}'
)

APPLIED = ConfigurationApplied(
    "malaga",
    2,
    7,
    "r-7",
    AT,
    SiteConfiguration(
        "malaga",
        "Malaga depot",
        7,
        circuits=(Circuit("gc-1", None, "Grid connection 1", 4_000_000),),
        charge_points=(ChargePoint("cp-1", "gc-1", 180_000, (Connector(1, 150_000),), name="Bay 1"),),
    ),
    (
        TreeNode("malaga", NodeType.MICROGRID, None, "Malaga depot"),
        TreeNode("gc-1", NodeType.GRID_CONNECTION, "malaga", "Grid connection 1"),
        TreeNode("cp-1", NodeType.CHARGE_POINT, "gc-1", "cp-1"),
    ),
    (SiteWarning("unlimited_circuit", "gc-1", "Nothing limits gc-1."),),
)
APPLIED_DATA = (
    '{"microgrid_id":"malaga","event_seq":2,"version":7,"request_id":"r-7","applied_at":"2026-11-22T08:00:00Z",'
    '"configuration":{"microgrid_id":"malaga",'
    '"workspace_id":null,"name":"Malaga depot","time_zone":"UTC","version":7,"max_import_w":null,'
    '"strategy":{"unit":"connector","order":"equal_share"},'
    '"settings":{"meter_stale_after_s":30,"connector_stale_after_s":90,"breach_hold_s":5,'
    '"min_cycle_interval_s":1,"telemetry_cycle_interval_s":5,"refresh_interval_s":40,'
    '"setpoint_valid_for_s":120,"apply_grace_s":20,"apply_tolerance_w":500,"background_confirm_s":10,'
    '"background_hold_s":60,"usage_window_s":120,"usage_margin_w":3000,"standby_retry_s":2700,"rotation_quantum_s":900},'
    '"circuits":[{"circuit_id":"gc-1","parent_id":null,"name":"Grid connection 1",'
    '"default_capacity_w":4000000,"safe_operating_capacity_w":null,"metered":false,"generation":false}],'
    '"charge_points":[{"charge_point_id":"cp-1","name":"Bay 1","circuit_id":"gc-1","max_power_w":180000,'
    '"fallback_power_w":null,"connectors":[{"connector_id":1,"max_power_w":150000,"min_power_w":0,'
    '"idle_power_w":0}]}]},'
    '"nodes":[{"node_id":"malaga","node_type":"microgrid","parent_id":null,"name":"Malaga depot"},'
    '{"node_id":"gc-1","node_type":"grid_connection","parent_id":"malaga","name":"Grid connection 1"},'
    '{"node_id":"cp-1","node_type":"charge_point","parent_id":"gc-1","name":"cp-1"}],'
    '"warnings":[{"code":"unlimited_circuit","node_id":"gc-1","message":"Nothing limits gc-1."}]}'
)

REJECTED = ConfigurationRejected(
    "malaga",
    3,
    None,
    None,
    datetime(2026, 11, 22, 8, 0, 0, 250_000, UTC),
    (
        Fault("malformed", "/circuits/0/name", "Field required"),
        Fault("no_grid_connection", None, "There is no grid connection."),
    ),
)
REJECTED_DATA = (
    '{"microgrid_id":"malaga","event_seq":3,"version":null,"request_id":null,'
    '"rejected_at":"2026-11-22T08:00:00.250000Z","faults":['
    '{"code":"malformed","path":"/circuits/0/name","message":"Field required"},'
    '{"code":"no_grid_connection","path":null,"message":"There is no grid connection."}]}'
)

CYCLE = CycleCompleted(
    "malaga",
    41,
    17,
    Trigger.TELEMETRY,
    datetime(2026, 11, 22, 8, tzinfo=UTC),
    7,
    Strategy(),
    Outcome.CURTAILED,
    False,
    Totals(150_000, 60_000, 61_200, 0, 20_000),
    (
        NodeFigures(
            "gc-1",
            NodeType.GRID_CONNECTION,
            "malaga",
            Mode.NORMAL,
            4_000_000,
            LimitKind.DEFAULT_CAPACITY,
            912_000,
            20_000,
            0,
            3_980_000,
            0,
            True,
            Quality.OK,
        ),
        NodeFigures(
            "f-1", NodeType.CIRCUIT, "gc-1", Mode.SAFE, None, None, None, 0, 0, 0, None, False, Quality.MISSING
        ),
    ),
    (
        Setpoint(
            "cp-001",
            1,
            60_000,
            60_000,
            61_000,
            150_000,
            61_200,
            0,
            "Charging",
            Reason.LIMITED,
            "gc-1",
            120,
            1080,
            ServedSession("s-1", datetime(2026, 11, 22, 7, tzinfo=UTC), None, 210_000, 1, 31_000),
        ),
        Setpoint("cp-001", 2, None, None, None, None, None, 150_000, None, Reason.RESERVED, None, 120, 1000, None),
    ),
)
CYCLE_DATA = (
    '{"microgrid_id":"malaga","event_seq":41,"cycle_seq":17,"trigger":"telemetry",'
    '"decided_at":"2026-11-22T08:00:00Z","configuration_version":7,'
    '"strategy":{"unit":"connector","order":"equal_share"},"outcome":"curtailed","degraded":false,'
    '"totals":{"requested_w":150000,"allocated_w":60000,"measured_w":61200,"reserved_w":0,'
    '"background_w":20000},'
    '"nodes":[{"node_id":"gc-1","node_type":"grid_connection","parent_id":"malaga","mode":"normal",'
    '"limit_w":4000000,"limit_kind":"default_capacity","measured_w":912000,"background_w":20000,'
    '"reserved_w":0,"allocated_w":3980000,"headroom_w":0,"constrained":true,"quality":"ok"},'
    '{"node_id":"f-1","node_type":"circuit","parent_id":"gc-1","mode":"safe","limit_w":null,'
    '"limit_kind":null,"measured_w":null,"background_w":0,"reserved_w":0,"allocated_w":0,'
    '"headroom_w":null,"constrained":false,"quality":"missing"}],'
    '"setpoints":[{"charge_point_id":"cp-001","connector_id":1,"limit_w":60000,"target_w":60000,'
    '"previous_limit_w":61000,"requested_w":150000,"measured_w":61200,"reserved_w":0,'
    '"status":"Charging","reason":"limited","binding_node_id":"gc-1","valid_for_s":120,"factor":1080,'
    '"session":{"session_id":"s-1","started_at":"2026-11-22T07:00:00Z","departs_at":null,'
    '"energy_needed_wh":210000,"priority":1,"served_wh":31000}},'
    '{"charge_point_id":"cp-001","connector_id":2,"limit_w":null,"target_w":null,'
    '"previous_limit_w":null,"requested_w":null,"measured_w":null,"reserved_w":150000,'
    '"status":null,"reason":"reserved","binding_node_id":null,"valid_for_s":120,"factor":1000,"session":null}]}'
)

BREACHED = ConstraintBreached(
    "malaga",
    42,
    "3f2a",
    "cp-001/1",
    NodeType.CONNECTOR,
    ("malaga", "gc-1", "f-1", "cp-001", "cp-001/1"),
    Severity.CRITICAL,
    150_000,
    LimitKind.MAX_POWER,
    170_000,
    20_000,
    30_000,
    55,
    datetime(2026, 11, 22, 8, tzinfo=UTC),
    datetime(2026, 11, 22, 8, 0, 10, 500_000, tzinfo=UTC),
    10,
    Cause.SETPOINT_NOT_HONOURED,
    (Contributor("cp-001/1", 170_000, 60_000, 180_000), Contributor("gc-1", 20_000, None, None)),
    17,
    datetime(2026, 11, 22, 8, 0, 11, tzinfo=UTC),
)
BREACHED_DATA = (
    '{"microgrid_id":"malaga","event_seq":42,"breach_id":"3f2a","node_id":"cp-001/1","node_type":"connector",'
    '"node_path":["malaga","gc-1","f-1","cp-001","cp-001/1"],"severity":"critical","limit_w":150000,'
    '"limit_kind":"max_power","observed_w":170000,"excess_w":20000,"peak_excess_w":30000,'
    '"energy_over_limit_wh":55,"first_observed_at":"2026-11-22T08:00:00Z",'
    '"observed_at":"2026-11-22T08:00:10.500000Z","duration_s":10,"cause":"setpoint_not_honoured",'
    '"contributors":[{"node_id":"cp-001/1","observed_w":170000,"limit_w":60000,"exposure_w":180000},'
    '{"node_id":"gc-1","observed_w":20000,"limit_w":null,"exposure_w":null}],"cycle_seq":17,'
    '"decided_at":"2026-11-22T08:00:11Z"}'
)

CLEARED = ConstraintCleared(
    "malaga",
    43,
    "5c1d",
    "gc-1",
    NodeType.GRID_CONNECTION,
    ("malaga", "gc-1"),
    Severity.MAJOR,
    3_200_000,
    LimitKind.SAFE_OPERATING_CAPACITY,
    3_100_000,
    -100_000,
    250_000,
    4_000,
    datetime(2026, 11, 22, 8, tzinfo=UTC),
    None,
    120,
    Cause.STALE_TELEMETRY,
    (),
    18,
    datetime(2026, 11, 22, 8, 2, 1, tzinfo=UTC),
)
CLEARED_DATA = (
    '{"microgrid_id":"malaga","event_seq":43,"breach_id":"5c1d","node_id":"gc-1","node_type":"grid_connection",'
    '"node_path":["malaga","gc-1"],"severity":"major","limit_w":3200000,'
    '"limit_kind":"safe_operating_capacity","observed_w":3100000,"excess_w":-100000,"peak_excess_w":250000,'
    '"energy_over_limit_wh":4000,"first_observed_at":"2026-11-22T08:00:00Z",'
    '"observed_at":null,"duration_s":120,"cause":"stale_telemetry",'
    '"contributors":[],"cycle_seq":18,"decided_at":"2026-11-22T08:02:01Z"}'
)


MODEL = TypeAdapter(CycleCompleted)


def examples_of_cycles() -> list[CycleCompleted]:
    """Those that are published with the contract."""
    return [
        MODEL.validate_python(json.loads(path.read_bytes())["payload"])
        for path in sorted(EXAMPLES.glob("*cycle.completed*"))
    ]


def test_a_provisioned_microgrid_names_its_grid_connections() -> None:
    """Holds EVT-7."""
    assert write_microgrid_provisioned(PROVISIONED).decode() == PROVISIONED_DATA


def test_an_applied_configuration_is_written_whole() -> None:
    """Holds EVT-7."""
    assert write_configuration_applied(APPLIED).decode() == APPLIED_DATA


def test_a_rejected_configuration_may_have_no_version() -> None:
    """Holds EVT-7."""
    assert write_configuration_rejected(REJECTED).decode() == REJECTED_DATA


def test_a_cycle_is_written_in_the_order_of_the_contract_with_null_where_nothing_is_said() -> None:
    """Holds EVT-8."""
    assert write_cycle_completed(CYCLE).decode() == CYCLE_DATA


@given(
    st.sampled_from([CYCLE, a_cycle_completed(), *examples_of_cycles()]),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.datetimes(timezones=st.just(UTC)),
    st.integers(-(10**15), 10**15),
    st.booleans(),
    st.booleans(),
)
def test_a_cycle_is_written_and_read_as_by_its_model(
    cycle: CycleCompleted, text: str, at: datetime, number: int, is_heard: bool, is_found: bool
) -> None:
    """Holds EVT-7: what the schema is made of, what is written, and what is read again are the same."""
    setpoint = replace(
        cycle.setpoints[0], status=text, requested_w=number, session=ServedSession(text, at, at, 1, 1, 0)
    )
    node = replace(cycle.nodes[0], node_id=text, measured_w=number)
    changed = replace(
        cycle,
        microgrid_id=text,
        decided_at=at,
        nodes=(node, *cycle.nodes),
        setpoints=(setpoint, *cycle.setpoints),
        unheard_since=None if is_heard else at,
        controls=(ControlledCharger("cp-1", Control(text, None, is_heard, None)),) if is_found else (),
    )
    for each in (cycle, changed):
        written = write_cycle_completed(each)
        assert written == MODEL.dump_json(each, exclude=unsaid(each))
        assert fact_of(a_published_cycle(written.decode())) == each


def a_published_cycle(content: str) -> PublishedEvent:
    return PublishedEvent("malaga", 41, event_types.CYCLE_COMPLETED, content, "s-1")


@pytest.mark.parametrize(
    ("said", "odd"), [('"cycle_seq":17', '"cycle_seq":17.0'), ('"degraded":false', '"degraded":"no"')]
)
def test_what_is_odd_in_a_cycle_is_left_to_its_model(said: str, odd: str) -> None:
    assert said in CYCLE_DATA
    assert fact_of(a_published_cycle(CYCLE_DATA.replace(said, odd))) == CYCLE


def test_what_no_cycle_is_is_refused() -> None:
    with pytest.raises(ValidationError):
        fact_of(a_published_cycle(CYCLE_DATA.replace('"outcome":"curtailed"', '"outcome":"else"')))


def test_a_key_that_is_not_known_is_left() -> None:
    assert fact_of(a_published_cycle('{"of_a_newer_release":[{}],' + CYCLE_DATA[1:])) == CYCLE


def test_what_chargers_were_found_to_do_stands_at_the_end_of_a_cycle() -> None:
    """Holds EVT-8."""
    found = ControlledCharger("cp-1", Control("it refuses", None, True, None))
    control = '{"why":"it refuses","unit":null,"reads_back":true,"lapses":null}'
    assert write_cycle_completed(replace(CYCLE, controls=(found,))).decode() == (
        f'{CYCLE_DATA[:-1]},"controls":[{{"charge_point_id":"cp-1","control":{control}}}]}}'
    )


def test_a_breach_is_written_in_the_order_of_the_contract() -> None:
    """Holds BREACH-7."""
    assert write_constraint_breached(BREACHED).decode() == BREACHED_DATA


def test_a_cleared_breach_is_written_like_an_open_one() -> None:
    assert write_constraint_cleared(CLEARED).decode() == CLEARED_DATA


@pytest.mark.parametrize(
    ("decided_at", "written"),
    [
        (datetime(2026, 11, 22, 8, tzinfo=UTC), b'"2026-11-22T08:00:00Z"'),
        (datetime(2026, 11, 22, 8, 0, 0, 250_000, tzinfo=UTC), b'"2026-11-22T08:00:00.250000Z"'),
        (datetime(2026, 11, 22, 8, 0, 0, 1, tzinfo=UTC), b'"2026-11-22T08:00:00.000001Z"'),
    ],
)
def test_a_time_has_a_fraction_only_where_there_is_one(decided_at: datetime, written: bytes) -> None:
    """Holds CONV-3."""
    cycle = CycleCompleted(
        "m",
        1,
        1,
        Trigger.MANUAL,
        decided_at,
        1,
        Strategy(),
        Outcome.BALANCED,
        False,
        Totals(0, 0, 0, 0, 0),
        (),
        (),
    )
    assert b'"decided_at":' + written + b"," in write_cycle_completed(cycle)
