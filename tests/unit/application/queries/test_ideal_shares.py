"""What the twin is given by the strategy that is in force."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.queries.ideal_shares import ideal_shares
from domain.knowledge.readings import ConnectorReading, Session
from domain.site.configuration import Strategy
from domain.site.site import Site
from tests.builders import EIGHT, a_configuration

A, B, C = ("cp-1", 1), ("cp-1", 2), ("cp-2", 1)
KEYS = (A, B, C)


def reading(connector_id: int, requested_w: int = 150_000, session: Session | None = None) -> ConnectorReading:
    return ConnectorReading(connector_id, "Charging", 0, requested_w, session=session)


def a_site(capacity_w: int, order: str = "equal_share", unit: str = "connector") -> Site:
    """Two dual chargers of 180 kW below feeder f-1, below gc-1."""
    configuration = a_configuration(strategy=Strategy(unit, order))
    grid, feeder = configuration.circuits
    return Site.of(replace(configuration, circuits=(replace(grid, default_capacity_w=capacity_w), feeder)))


def test_what_a_building_draws_is_not_there_to_share() -> None:
    wanted = {key: reading(key[1]) for key in KEYS}
    site = a_site(240_000)
    assert ideal_shares(site, wanted, {}, EIGHT) == dict.fromkeys(KEYS, 80_000)
    assert ideal_shares(site, wanted, {"gc-1": 60_000}, EIGHT) == dict.fromkeys(KEYS, 60_000)
    assert ideal_shares(site, wanted, {"gc-1": 30_000, "f-1": 30_000}, EIGHT) == dict.fromkeys(KEYS, 60_000)
    assert ideal_shares(site, wanted, {"f-1": 300_000}, EIGHT) == dict.fromkeys(KEYS, 0)


def test_who_wants_nothing_is_left_out() -> None:
    assert ideal_shares(a_site(240_000), {A: reading(1, 20_000)}, {}, EIGHT) == {A: 20_000}


HOUR = timedelta(hours=1)
SOON, LATER = EIGHT + HOUR, EIGHT + 2 * HOUR


@pytest.mark.parametrize(
    ("order", "first", "last"),
    [
        ("first_come", Session("a", started_at=EIGHT - 2 * HOUR), Session("b", started_at=EIGHT - HOUR)),
        ("earliest_departure", Session("a", departs_at=SOON), Session("b", departs_at=LATER)),
        ("priority", Session("a", priority=1), Session("b", priority=2)),
        (
            "least_laxity",
            Session("a", departs_at=LATER, energy_needed_wh=200_000),
            Session("b", departs_at=LATER, energy_needed_wh=20_000),
        ),
    ],
)
def test_the_order_goes_by_what_is_known_of_the_sessions(order: str, first: Session, last: Session) -> None:
    wanted = {A: reading(1, session=last), C: reading(1, session=first)}
    assert ideal_shares(a_site(180_000, order), wanted, {}, EIGHT) == {A: 30_000, C: 150_000}


def test_chargers_share_where_they_are_the_unit() -> None:
    wanted = {key: reading(key[1]) for key in KEYS}
    assert ideal_shares(a_site(240_000, unit="charger"), wanted, {}, EIGHT) == {A: 60_000, B: 60_000, C: 120_000}
