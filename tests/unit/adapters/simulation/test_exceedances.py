"""What nobody could have lowered does not count, and what counts is told by node: small cases by hand (CLI-9).

Circuit f-1 bears 150 kW, its grid connection gc-1 160 kW, the microgrid 200 kW. To begin with cp-a is permitted 60 and
40 kW and cp-b 50 kW, both on f-1, and cp-c 50 kW on gc-2: everything is full to the watt.
"""

from datetime import timedelta

import pytest

from adapters.simulation.exceedances import Exceedance, Exceedances
from adapters.simulation.layout import ConnectorKey
from tests.unit.adapters.simulation.controller import START, told
from tests.unit.adapters.simulation.test_violations import A1, A2, B1, C1, FITTING, IDLE, Watch

DEAD = frozenset({"cp-a"})


class Outage(Watch):
    """A counter whose depot may lose links."""

    def __init__(self, reaction_s: int = 30) -> None:
        super().__init__(reaction_s=reaction_s)
        self.sent = 100
        self.deliver(FITTING, valid_for_s=10_000)
        self.passes(10)

    def deliver_to(self, limits_w: dict[ConnectorKey, int | None]) -> None:
        """A newer cycle that arrives."""
        self.sent += 1
        self.deliver(limits_w, valid_for_s=10_000, seq=self.sent)

    def tell_in_vain(self, limits_w: dict[ConnectorKey, int | None]) -> None:
        for delivery in told(self.sent, self.now, limits_w, 10_000):
            self.counter.told_in_vain(delivery)

    def passes(
        self,
        seconds: int = 1,
        unreachable: frozenset[str] = frozenset(),
        capacities_w: dict[str, int | None] | None = None,
        drawn_w: dict[ConnectorKey, int] | None = None,
    ) -> int:
        """How many of the next ticks count."""
        before = self.counter.limit_violations
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            self.counter.tick(self.now, IDLE | (drawn_w or {}), None, capacities_w, unreachable)
        return self.counter.limit_violations - before

    def worst(self) -> dict[str, tuple[int, int, int]]:
        """Ticks, longest run and worst excess by node."""
        nodes = self.counter.violations.worst_first
        return {each.node_id: (each.ticks, each.longest_s, each.worst_w) for each in nodes}


def test_a_decrease_in_vain_counts_as_obeyed_for_the_reaction_time_and_then_no_more() -> None:
    watch = Outage()
    watch.passes(1, DEAD)
    watch.tell_in_vain({A1: 30_000})
    watch.deliver_to({B1: 80_000})
    assert watch.passes(29, DEAD) == 0
    assert watch.passes(10, DEAD) == 10
    assert watch.worst() == {
        "f-1": (10, 10, 30_000),
        "m": (10, 10, 30_000),
        "gc-1": (10, 10, 20_000),
    }


def test_more_than_the_decrease_in_vain_leaves_free_is_a_violation_at_once() -> None:
    watch = Outage()
    watch.passes(1, DEAD)
    watch.tell_in_vain({A1: 30_000})
    watch.deliver_to({B1: 80_000, C1: 50_001})
    assert watch.passes(1, DEAD) == 1
    assert watch.worst() == {"m": (1, 1, 1)}


def test_the_newest_of_what_was_told_in_vain_counts_where_it_is_lower_than_what_is_permitted() -> None:
    watch = Outage()
    watch.passes(1, DEAD)
    watch.tell_in_vain({A1: 10_000, A2: 90_000})
    watch.tell_in_vain({A1: 50_000})
    watch.deliver_to({B1: 60_000})
    assert watch.passes(1, DEAD) == 0
    watch.deliver_to({B1: 60_001})
    assert watch.passes(1, DEAD) == 1


def test_a_null_in_vain_says_nothing() -> None:
    watch = Outage()
    watch.passes(1, DEAD)
    watch.tell_in_vain({A1: 50_000})
    watch.tell_in_vain({A1: None})
    watch.deliver_to({B1: 60_000})
    assert watch.passes(1, DEAD) == 0


def test_what_is_told_to_a_charge_point_within_reach_is_not_told_in_vain() -> None:
    watch = Outage()
    watch.tell_in_vain({A1: 0})
    watch.deliver_to({B1: 60_000})
    assert watch.passes(1) == 1


def test_a_limit_that_falls_below_what_nobody_could_lower_is_not_violated_by_it() -> None:
    watch = Outage()
    watch.deliver_to({B1: 0})
    watch.passes(40, DEAD)
    assert watch.passes(100, DEAD, {"f-1": 90_000}) == 0


def test_of_an_excess_what_could_have_been_lowered_counts() -> None:
    watch = Outage()
    watch.deliver_to({B1: 4_000})
    watch.passes(40, DEAD)
    assert watch.passes(100, DEAD, {"f-1": 90_000}) == 70
    assert watch.worst() == {"f-1": (70, 70, 4_000)}


def test_of_what_could_have_been_lowered_the_excess_counts() -> None:
    watch = Outage()
    watch.passes(40, DEAD)
    assert watch.passes(100, DEAD, {"f-1": 149_000}) == 70
    assert watch.worst() == {"f-1": (70, 70, 1_000)}


def test_for_the_reaction_time_after_a_link_is_back_the_least_permitted_since_could_not_be_lowered() -> None:
    watch = Outage()
    watch.deliver_to({B1: 0})
    watch.passes(200, DEAD, {"f-1": 90_000})
    assert watch.passes(30, capacities_w={"f-1": 90_000}) == 0
    assert watch.passes(10, capacities_w={"f-1": 90_000}) == 10
    assert watch.worst() == {"f-1": (10, 10, 10_000)}


def test_what_was_lowered_since_and_is_raised_again_could_have_stayed_low() -> None:
    watch = Outage()
    watch.deliver_to({B1: 0})
    watch.passes(200, DEAD, {"f-1": 90_000})
    watch.deliver_to({A1: 52_000})
    assert watch.passes(1, capacities_w={"f-1": 90_000}) == 0
    watch.deliver_to({A1: 47_000})
    assert watch.passes(1, capacities_w={"f-1": 90_000}) == 0
    watch.deliver_to({A1: 60_000})
    assert watch.passes(1, capacities_w={"f-1": 90_000}) == 1
    assert watch.worst() == {"f-1": (1, 1, 10_000)}


def test_a_fallback_out_of_reach_counts_in_full_but_nobody_could_lower_it() -> None:
    watch = Outage()
    watch.deliver(FITTING, valid_for_s=50)
    watch.passes(1, DEAD)
    watch.tell_in_vain({A1: 0, A2: 0})
    watch.deliver_to({B1: 80_000, C1: 0})
    watch.passes(50, DEAD)
    assert watch.passes(10, DEAD) == 0
    assert watch.counter.permitted_w[0] == 10_000 + 80_000


def test_a_link_that_dies_again_begins_anew() -> None:
    watch = Outage()
    for _ in range(2):
        watch.passes(1, DEAD)
        watch.tell_in_vain({A1: 30_000})
        watch.deliver_to({B1: 80_000})
        assert watch.passes(29, DEAD) == 0
        watch.deliver_to(FITTING)
        assert watch.passes(40) == 0


def test_a_lowered_rating_is_violated_after_the_reaction_time_at_the_connector_and_its_charge_point() -> None:
    watch = Outage()
    lowered: dict[str, int | None] = {"cp-b": 32_000, "cp-b/1": 32_000}
    assert watch.passes(30, capacities_w=lowered) == 0
    assert watch.passes(5, capacities_w=lowered) == 5
    assert watch.worst() == {"cp-b": (5, 5, 18_000), "cp-b/1": (5, 5, 18_000)}
    assert watch.passes(5) == 0


def test_true_overloads_are_told_by_node_too_and_go_by_the_rating_of_now() -> None:
    watch = Outage()
    watch.passes(3, capacities_w={"cp-b/1": 32_000}, drawn_w={B1: 40_000})
    watch.passes(3, drawn_w={B1: 40_000})
    (overload,) = watch.counter.overloads.worst_first
    assert (overload.node_id, overload.ticks, overload.worst_w) == ("cp-b/1", 3, 8_000)
    assert watch.counter.true_overload_ticks == 3


def test_exceedances_have_their_longest_run_and_their_worst_instant() -> None:
    seen = Exceedances()
    for second, excesses_w in enumerate(({"a": 5}, {"a": 9, "b": 1}, {}, {"a": 9}, {"a": 0, "b": -4}), start=1):
        seen.note(START + timedelta(seconds=second), excesses_w)
    assert seen.ticks == 3
    assert seen.worst_w == 9
    assert [(each.node_id, each.ticks, each.longest_s, each.worst_w) for each in seen.worst_first] == [
        ("a", 3, 2, 9),
        ("b", 1, 1, 1),
    ]
    assert [each.worst_at for each in seen.worst_first] == [START + timedelta(seconds=2)] * 2


def test_what_is_borne_does_not_count_and_what_lasts_counts_from_then_on() -> None:
    """CLI-36"""
    seen = Exceedances(borne_s=2)
    for second, excesses_w in enumerate(({"a": 9}, {"a": 9}, {}, {"a": 5}, {"a": 5}, {"a": 6}, {"a": 7}), start=1):
        seen.note(START + timedelta(seconds=second), excesses_w)
    (each,) = seen.worst_first
    assert (seen.ticks, each.ticks, each.longest_s, each.worst_w) == (2, 2, 4, 7)


@pytest.mark.parametrize("nodes", [[], [Exceedance("a")]])
def test_nothing_exceeded_is_nothing_to_tell(nodes: list[Exceedance]) -> None:
    seen = Exceedances()
    seen.note(START, {each.node_id: each.worst_w for each in nodes})
    assert (seen.ticks, seen.worst_w, seen.worst_first) == (0, 0, [])
