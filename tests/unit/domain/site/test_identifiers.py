"""Ids in the order a person would give them."""

from random import Random

import pytest

from domain.site.identifiers import connector_node_id, natural_key


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("cp-2", "cp-10"),
        ("cp-02", "cp-2"),
        ("2", "10"),
        ("9z", "10a"),
        ("1", "a"),
        ("cp-1", "cp-a"),
        ("cp1", "cp1a"),
        ("B", "a"),
        ("a-1-2", "a-1-10"),
        ("a.1", "a:1"),
        ("1" * 64, "2" + "0" * 63),
    ],
)
def test_the_first_comes_before_the_second(first: str, second: str) -> None:
    """Holds CONV-7."""
    assert natural_key(first) < natural_key(second)


def test_the_order_is_one_order() -> None:
    """Holds CONV-7."""
    ordered = ["1", "02", "2", "2a", "10", "B-1", "a", "a1", "a2b", "a10", "ab"]
    for seed in range(50):
        assert sorted(Random(seed).sample(ordered, len(ordered)), key=natural_key) == ordered


def test_a_connector_is_named_by_its_charge_point_and_number() -> None:
    """Holds CONV-8."""
    assert connector_node_id("cp-1", 2) == "cp-1/2"
