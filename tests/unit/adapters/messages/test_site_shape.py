"""A configuration looked at for its author: every fault at once, where it stands, and keys that nothing reads."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.messages.configuration import read_configuration
from adapters.messages.site_shape import look_at, unwrapped
from domain.site import validation
from tests.unit.adapters.messages.examples import CONFIGURATION


def site(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(CONFIGURATION) | changes


def test_what_has_no_fault_is_read_as_the_service_reads_it() -> None:
    shape = look_at(site())
    assert (shape.faults, shape.unknown_keys, shape.left_out) == ((), (), ())
    assert shape.configuration == read_configuration(CONFIGURATION)


def test_every_bad_entry_of_a_list_is_named() -> None:
    data = site()
    data["circuits"] += [{"circuit_id": "a b"}, {"circuit_id": "c", "default_capacity_w": "80 kW"}]
    data["charge_points"][0]["connectors"][0]["max_power_w"] = None
    first = len(CONFIGURATION["circuits"])
    assert {each.path for each in look_at(data).faults} == {
        f"/circuits/{first}/circuit_id",
        f"/circuits/{first + 1}/default_capacity_w",
        "/charge_points/0/connectors/0/max_power_w",
    }


def test_faults_of_meaning_stand_where_they_were_written_beside_those_of_shape() -> None:
    data = site()
    data["charge_points"].insert(0, {"charge_point_id": 5})
    data["charge_points"][1]["max_power_w"] = -1
    shape = look_at(data)
    assert shape.configuration is not None
    found = [(each.code, each.path) for each in shape.meant(validation.faults(shape.configuration))]
    assert ("negative_power", "/charge_points/1/max_power_w") in found


def test_what_only_follows_from_an_unreadable_entry_is_not_called_a_fault() -> None:
    data = site()
    data["circuits"][0]["default_capacity_w"] = "much"
    shape = look_at(data)
    assert shape.configuration is not None
    assert [each.code for each in shape.meant(validation.faults(shape.configuration))] == []
    data["charge_points"][0]["circuit_id"] = "nowhere"
    shape = look_at(data)
    assert shape.configuration is not None
    assert [each.code for each in shape.meant(validation.faults(shape.configuration))] == ["unknown_circuit"]


@pytest.mark.parametrize("circuit_id", [[], {}, 5, None])
def test_a_circuit_whose_id_is_no_text_may_be_the_one_that_a_charger_names(circuit_id: object) -> None:
    data = site()
    data["circuits"][0]["circuit_id"] = circuit_id
    shape = look_at(data)
    assert [each.path for each in shape.faults] == ["/circuits/0/circuit_id"]
    assert shape.configuration is not None
    assert [*shape.meant(validation.faults(shape.configuration))] == []


def test_what_nothing_reads_is_not_followed_beside_a_fault() -> None:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    shape = look_at(site(version="first", unread=nested))
    assert [each.path for each in shape.faults] == ["/version"]
    assert shape.configuration is not None


def test_an_unknown_key_is_named_with_the_one_it_is_most_like() -> None:
    data = site(max_imports_w=5, zzz=1)
    data["settings"]["apply_grace"] = 3
    data["circuits"][0]["metred"] = True
    found = {each.path: each.nearest for each in look_at(data).unknown_keys}
    assert found == {
        "/max_imports_w": "max_import_w",
        "/zzz": None,
        "/settings/apply_grace": "apply_grace_s",
        "/circuits/0/metred": "metered",
    }


def test_what_is_no_object_has_a_fault_of_the_whole() -> None:
    shape = look_at([1, 2])
    assert (shape.configuration, [each.path for each in shape.faults]) == (None, [""])


def test_an_example_message_is_taken_for_what_it_carries() -> None:
    assert unwrapped({"topic": "busbar.configuration", "payload": CONFIGURATION}) == CONFIGURATION
    assert unwrapped(CONFIGURATION) == CONFIGURATION


PLACES = [
    (),
    ("circuits", 0),
    ("charge_points", 0),
    ("charge_points", 0, "connectors", 0),
    ("settings",),
    ("strategy",),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PLACES),
            st.sampled_from(
                ["circuit_id", "max_power_w", "default_capacity_w", "connectors", "version", "circuits", "order"]
            ),
            st.sampled_from([None, -5, 7, "x", "a b", 1.5, [], {}, True]),
        ),
        max_size=4,
    )
)
def test_the_shape_has_a_fault_exactly_where_the_service_cannot_read_it(changes: list[tuple[Any, str, object]]) -> None:
    data = site()
    for place, key, value in changes:
        target: Any = data
        for part in place:
            target = target[part] if isinstance(target, dict | list) and _has(target, part) else {}
        if isinstance(target, dict):
            target[key] = value
    try:
        expected = read_configuration(data)
    except ValidationError:
        assert look_at(data).faults
    else:
        assert (look_at(data).faults, look_at(data).configuration) == ((), expected)


def _has(target: Any, part: str | int) -> bool:
    return part in target if isinstance(target, dict) else isinstance(part, int) and part < len(target)
