"""What a terminal shows of a depot, at the sizes that people have."""

import re
from dataclasses import replace

import pytest
from rich.text import Text

from entrypoints.demo.columns import Column, fitting, flowed, shortened
from tests.unit.entrypoints.demo.recordings import MOMENTS, SIZES, capture, recorded, shown


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", MOMENTS)
def test_a_depot_is_shown_as_it_was_captured(name: str, size: tuple[int, int]) -> None:
    """After a change that is meant: `python -m tests.unit.entrypoints.demo.recordings`, and look at what changed."""
    assert shown(recorded(name), size) == capture(name, size).read_text("utf-8")


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("size", [*SIZES, (60, 20)], ids=str)
def test_a_screen_is_never_overflown_and_every_limit_is_whole(name: str, size: tuple[int, int]) -> None:
    of = recorded(name)
    lines = shown(of, size).splitlines()

    assert max(map(len, lines)) <= size[0]
    assert len(lines) <= size[1]
    known = {f"{node.limit_w / 1000:,.0f}" for node in of.status.nodes if node.limit_w is not None}
    heading = next(line for line in lines if line.startswith("kW"))
    end = heading.index("limit") + len("limit")
    rows = lines[lines.index(heading) + 1 :]
    limits = [row[:end].split()[-1] for row in rows[: rows.index("")] if not row.startswith("and ")]
    assert set(limits) <= known | {"-"}
    assert len(limits) >= 2


def test_a_breach_is_shown_where_there_is_no_room_for_all_circuits() -> None:
    of = recorded("charger-ignores")
    last = [node for node in of.status.nodes if node.node_type == "circuit"][-1]
    over = replace(last, measured_w=451_000, limit_w=450_000)
    nodes = [over if node is last else node for node in of.status.nodes]
    told = shown(replace(of, status=replace(of.status, nodes=nodes)), (80, 24))

    assert re.search(r"lane 3 +451 +450 +OVER", told)
    assert "more, none of them over the limit" in told


def test_names_are_shortened_before_a_column_goes_and_the_limit_never_does() -> None:
    names = Column("", [Text("A" * 30)], to_the_right=False)
    limit, more, least = (Column("", [Text("1" * 10)], rank) for rank in (0, 1, 2))

    assert fitting(names, [limit, more, least], 52) == [limit, more, least]
    assert fitting(names, [limit, more, least], 51) == [limit, more]
    assert fitting(names, [limit, more, least], 10) == [limit]


@pytest.mark.parametrize(
    ("cells", "told"), [(20, "    Feeder 1, lane 2"), (16, "    Feede…lane 2"), (10, "    Fe…e 2"), (1, "…")]
)
def test_what_tells_a_name_from_its_neighbours_stays(cells: int, told: str) -> None:
    assert shortened(Text("    Feeder 1, lane 2"), cells).plain == told


def test_a_line_ends_before_a_part_that_does_not_fit() -> None:
    assert [line.plain for line in flowed(list(map(Text, ("one", "two", "three"))), 10)] == ["one   two", "three"]
