"""A hundred hours of one charger at a time, or as many as `BUSBAR_LINK_HOURS` says."""

import os

from tests.worlds import links


def test_one_charger_on_a_random_link_is_never_permitted_more_than_is_held_for_it() -> None:
    hours = float(os.environ.get("BUSBAR_LINK_HOURS", "100"))
    seeds = range(max(1, round(hours * 3600 / links.RUN_S)))
    faults = {seed: fault for seed in seeds if (fault := links.fault_of_seed(seed)) is not None}
    assert not faults


def test_nor_is_one_that_says_neither_what_it_may_draw_nor_what_it_does() -> None:
    assert not {seed: fault for seed in range(20) if (fault := links.fault_of_silence(seed)) is not None}
