"""A rule that is left out is seen in some depot."""

import pytest

from tests.worlds.ablations import SEEN, Seen


@pytest.mark.parametrize("seen", SEEN, ids=str)
def test_a_rule_that_is_left_out_is_seen(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen.fault() is None
    seen.planted.plant(monkeypatch)
    assert seen.fault() is not None
