"""What `busbar configure --wait` makes of the events it hears (CLI-24, CLI-25)."""

import json
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from adapters.messages.configuration import configuration_to
from application import event_types
from application.ports.bus import PublishedEvent
from entrypoints.cli.configure import IN_FORCE, NO_ANSWER, REJECTED, Answers
from tests.builders import a_configuration

FAULTS = [{"code": "no_grid_connection", "path": "/circuits", "message": "There is none."}]


def event(kind: str, microgrid_id: str = "depot", **data: Any) -> PublishedEvent:
    return PublishedEvent(microgrid_id, 1, kind, json.dumps(data), "a-stream")


def applied(version: int) -> PublishedEvent:
    configuration = configuration_to(a_configuration(version=version))
    whole = from_json(to_json(configuration))
    return event(event_types.CONFIGURATION_APPLIED, version=version, configuration=whole)


def cycle(version: int) -> PublishedEvent:
    return event(event_types.CYCLE_COMPLETED, configuration_version=version)


def rejected(version: int | None) -> PublishedEvent:
    return event(event_types.CONFIGURATION_REJECTED, version=version, faults=FAULTS)


@pytest.mark.parametrize("says", [applied, cycle])
@pytest.mark.parametrize(("version", "code"), [(6, None), (7, IN_FORCE), (8, NO_ANSWER)])
@pytest.mark.parametrize("was_there", [True, False])
def test_the_newest_version_that_is_said_to_be_in_force_answers(
    says: Any, version: int, code: int | None, was_there: bool
) -> None:
    answers = Answers("depot", 7)
    answers.hear(says(version), was_there=was_there)
    assert answers.code() == code


def test_a_refusal_of_this_version_is_an_answer() -> None:
    answers = Answers("depot", 7)
    answers.hear(cycle(6), was_there=True)
    answers.hear(rejected(7), was_there=False)
    assert (answers.code(), answers.faults) == (REJECTED, FAULTS)


def test_an_earlier_refusal_counts_only_if_nothing_else_is_heard_as_it_may_be_of_another_content() -> None:
    answers = Answers("depot", 7)
    answers.hear(rejected(7), was_there=True)
    assert (answers.code(), answers.last_word()) == (None, REJECTED)
    answers.hear(applied(7), was_there=False)
    assert answers.code() == IN_FORCE


def test_a_refusal_of_another_version_is_none_of_ours() -> None:
    answers = Answers("depot", 7)
    answers.hear(rejected(6), was_there=False)
    assert (answers.code(), answers.last_word()) == (None, NO_ANSWER)


def test_what_has_no_readable_version_is_refused_without_one() -> None:
    answers = Answers("depot", None)
    answers.hear(cycle(6), was_there=True)
    assert answers.code() is None
    answers.hear(rejected(None), was_there=False)
    assert answers.code() == REJECTED


def test_other_microgrids_of_the_partition_do_not_answer() -> None:
    answers = Answers("depot", 7)
    answers.hear(event(event_types.CONFIGURATION_APPLIED, "another", version=7), was_there=False)
    assert answers.code() is None


def test_what_was_in_force_before_the_offer_is_what_it_changes() -> None:
    answers = Answers("depot", 7)
    answers.hear(applied(6), was_there=True)
    answers.hear(applied(7), was_there=False)
    assert answers.former is not None
    assert answers.former.version == 6
