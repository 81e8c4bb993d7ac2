"""What a depot that is played again knows of the runs before."""

import json
from typing import Any

import pytest

from adapters.simulation.scenarios import SCENARIOS
from application import event_types
from application.ports.bus import PublishedEvent
from entrypoints.cli.simulate import Past

SITE = SCENARIOS["joondalup-small"].configuration
OTHER = {**SITE, "max_import_w": 100_000}


@pytest.fixture
def past() -> Past:
    return Past(SITE)


def applied(version: int, configuration: Any = SITE) -> PublishedEvent:
    data = {"version": version, "configuration": {**configuration, "version": version}}
    return published(event_types.CONFIGURATION_APPLIED, data)


def cycle(version: int) -> PublishedEvent:
    return published(event_types.CYCLE_COMPLETED, {"configuration_version": version})


def test_nothing_is_known_of_a_depot_that_was_never_played(past: Past) -> None:
    assert (past.version, past.cycle) == (0, None)


def test_a_version_is_known_before_anything_was_decided_by_it(past: Past) -> None:
    past.take(applied(7))
    assert (past.version, past.cycle) == (7, None)


def test_the_newest_cycle_of_the_same_site_in_any_version_is_what_is_obeyed(past: Past) -> None:
    newest = cycle(8)
    for event in (applied(7), cycle(7), applied(8), cycle(8), newest):
        past.take(event)
    assert past.version == 8
    assert past.cycle is newest.data


def test_a_cycle_for_another_site_is_not_obeyed(past: Past) -> None:
    for event in (applied(7), cycle(7), applied(8, OTHER), cycle(8)):
        past.take(event)
    assert (past.version, past.cycle) == (8, None)


def test_a_cycle_is_not_obeyed_where_it_is_not_known_for_which_site(past: Past) -> None:
    past.take(cycle(9))
    assert (past.version, past.cycle) == (9, None)


def published(event_type: str, data: dict[str, Any]) -> PublishedEvent:
    return PublishedEvent("joondalup-small", 1, event_type, json.dumps(data), "a-stream")
