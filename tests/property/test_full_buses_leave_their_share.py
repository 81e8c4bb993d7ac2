"""45 of 110 buses are full at two in the night: those that still want power get what the others leave."""

from collections.abc import Callable
from random import Random

import pytest

from adapters.messages.configuration import read_configuration
from adapters.simulation.sites.malaga import MALAGA
from domain.knowledge import usage
from tests.property.obedient_depot import ObedientDepot

ROUND_S = 10
EVERYBODY_CHARGES_S = 300
SETTLED_AFTER_S = 300
"""From the moment the 45 take less: the usage window, and as long again for the room to be told and taken."""

FULL = 45
SITE_W = 4_000_000
"""Both grid connections together."""


def spread(node_ids: list[str]) -> set[str]:
    """Every lane has full buses."""
    return {node_ids[index * len(node_ids) // FULL] for index in range(FULL)}


def scattered(node_ids: list[str]) -> set[str]:
    """They stand anywhere."""
    return set(Random(2).sample(node_ids, FULL))


def unused_percent(choose: Callable[[list[str]], set[str]], tapered_w: int) -> float:
    """How much of the site's capacity nobody draws once those that are full, and take so much, have been found out."""
    wants_w: dict[str, int] = {}
    depot = ObedientDepot(read_configuration(MALAGA.configuration), wants_w=wants_w.__getitem__)
    connectors = depot.site.tree.connectors
    assert len(connectors) == 110
    wants_w.update({each.node_id: each.max_power_w for each in connectors})
    for _ in range(0, EVERYBODY_CHARGES_S, ROUND_S):
        depot.round(ROUND_S)
    assert sum(depot.drawn_w.values()) > SITE_W * 99 // 100
    wants_w.update(dict.fromkeys(choose([each.node_id for each in connectors]), tapered_w))
    for _ in range(0, SETTLED_AFTER_S, ROUND_S):
        depot.round(ROUND_S)
    return 100 - 100 * sum(depot.drawn_w.values()) / SITE_W


@pytest.mark.parametrize(("choose", "tapered_w"), [(spread, 0), (scattered, 2_000), (scattered, 10_000)])
def test_what_full_buses_leave_goes_to_those_that_want_it(
    choose: Callable[[list[str]], set[str]], tapered_w: int
) -> None:
    unused = unused_percent(choose, tapered_w)
    assert unused <= 5, f"{unused:.1f} % of the site's capacity is unused"


def test_without_the_rule_of_the_unused_share_it_stays_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "follow", lambda *_, **__: None)
    assert unused_percent(spread, 10_000) > 20
