"""A rule that is left out is seen in some depot."""

import pytest

from tests.worlds.ablations import SEEN, Seen

UNSEEN = {"R30"}
"""Nothing is over or lost without it, as far as these depots go."""


@pytest.mark.parametrize("seen", SEEN, ids=str)
def test_a_rule_that_is_left_out_is_seen(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen.fault() is None
    seen.planted.plant(monkeypatch)
    assert seen.fault() is not None


def test_every_rule_of_what_may_be_permitted_is_seen_somewhere() -> None:
    seen = {each.rule.rstrip("abc") for each in SEEN}
    assert {f"R{number}" for number in range(4, 42)} - seen == UNSEEN
