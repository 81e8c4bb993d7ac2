"""What a configuration comes to before it is applied: figures, likely slips, changes (CLI-29)."""

from dataclasses import replace

import pytest

from application.site_check import SiteChange, changes, figures, slips, succession_faults
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration
from domain.site.power_tree import derive
from tests.builders import a_configuration


def codes(configuration: SiteConfiguration) -> set[tuple[str, str]]:
    return {(each.code, each.node_id) for each in slips(configuration, derive(configuration))}


def test_the_tree_in_figures_sums_what_may_be_drawn_below_each_node() -> None:
    lines = figures(derive(a_configuration(chargers=2, connectors=2)))
    assert [(each.node_id, each.depth) for each in lines] == [
        ("depot", 0),
        ("gc-1", 1),
        ("f-1", 2),
        ("cp-1", 3),
        ("cp-2", 3),
    ]
    root, connection, *_, charger = lines
    # Two outlets of 150 kW at a charge point of 180 kW draw 180 kW.
    assert (charger.ratings_w, charger.fallbacks_w, charger.connectors) == (180_000, 180_000, 2)
    assert (root.ratings_w, root.connectors, root.limit_w) == (360_000, 4, None)
    assert (connection.limit_w, connection.safe_limit_w) == (4_000_000, 3_200_000)


def test_a_usual_site_has_no_slips() -> None:
    assert codes(a_configuration()) == set()


def test_a_limit_in_kilowatts_is_named() -> None:
    circuits = (Circuit("gc-1", None, "North", 250, 200), Circuit("f-1", "gc-1", "Feeder", 200_000))
    assert codes(a_configuration(circuits=circuits)) == {("likely_kilowatts", "gc-1")}


@pytest.mark.parametrize(
    ("charge_point", "node_id"),
    [
        (ChargePoint("cp-1", "f-1", 150, (Connector(1, 150_000),)), "cp-1"),
        (ChargePoint("cp-1", "f-1", 150_000, (Connector(1, 150_000),), fallback_power_w=11), "cp-1"),
        (ChargePoint("cp-1", "f-1", 150_000, (Connector(1, 150),)), "cp-1/1"),
        (ChargePoint("cp-1", "f-1", 150_000, (Connector(1, 150_000, min_power_w=10),)), "cp-1/1"),
    ],
)
def test_a_rating_a_fallback_or_a_minimum_in_kilowatts_is_named(charge_point: ChargePoint, node_id: str) -> None:
    others = (ChargePoint("cp-2", "f-1", 150_000, (Connector(1, 150_000),)),)
    assert ("likely_kilowatts", node_id) in codes(a_configuration(charge_points=(charge_point, *others)))


def test_a_limit_far_above_all_that_could_be_drawn_is_named() -> None:
    circuits = (Circuit("gc-1", None, "North", 4_000_000_000), Circuit("f-1", "gc-1", "Feeder", 200_000))
    assert codes(a_configuration(circuits=circuits)) == {("likely_milliwatts", "gc-1")}


def test_a_setting_in_milliseconds_is_named() -> None:
    assert codes(a_configuration(settings=Settings(rotation_quantum_s=900_000))) == {("likely_milliseconds", "depot")}


def test_a_limit_of_zero_and_a_circuit_without_chargers_are_meant() -> None:
    circuits = (
        Circuit("gc-1", None, "North", 0),
        Circuit("f-1", "gc-1", "Feeder", 200_000),
        Circuit("e", "gc-1", "E", 1),
    )
    assert codes(a_configuration(circuits=circuits)) == set()


def test_changes_name_what_comes_goes_and_is_another() -> None:
    former = a_configuration(version=1, chargers=2, connectors=1)
    offered = a_configuration(version=2, chargers=1, connectors=2, max_import_w=5)
    found = {(each.node_id, each.field): (each.before, each.now) for each in changes(former, offered)}
    assert found[("depot", "version")] == (1, 2)
    assert found[("depot", "max_import_w")] == (None, 5)
    assert found[("cp-2", "max_power_w")] == (180_000, None)
    assert found[("cp-1/2", "max_power_w")] == (None, 150_000)
    assert ("cp-1", "max_power_w") not in found


def test_nothing_changes_between_a_configuration_and_itself() -> None:
    assert changes(a_configuration(), a_configuration()) == ()


def test_a_setting_that_changes_is_one_of_the_microgrid() -> None:
    changed = a_configuration(settings=Settings(apply_grace_s=30))
    assert changes(a_configuration(), changed) == (SiteChange("depot", "apply_grace_s", 20, 30),)


def test_a_version_that_is_not_newer_and_another_workspace_would_be_refused() -> None:
    former = a_configuration(version=3)
    assert succession_faults(former, former) == ()
    assert succession_faults(former, replace(former, version=4)) == ()
    older = replace(former, version=3, name="Other", workspace_id="w")
    assert [each.code for each in succession_faults(former, older)] == ["version_not_newer", "workspace_changed"]
