"""Each fault once, with real processes, and a history in which everything holds. `make faults` goes on for longer."""

import random
from collections.abc import Iterator

import pytest

from tests.faults import planted, runs, steadiness
from tests.faults.checker import repeated, violations
from tests.faults.history import History
from tests.faults.stage import Ground, Stage, a_ground, staged

SEED = 20261122

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with a_ground() as ground:
        yield ground


@pytest.fixture
def stage(ground: Ground) -> Iterator[Stage]:
    with staged(ground, SEED) as stage:
        yield stage


@pytest.fixture
def rng() -> random.Random:
    return random.Random(SEED)


def holds(stage: Stage) -> History:
    history = stage.history()
    assert len(history.published) > 50
    assert violations(history) == []
    return history


def test_a_worker_may_die_at_any_failpoint(stage: Stage, rng: random.Random) -> None:
    runs.killed_at_failpoints(stage, rng)
    assert repeated(holds(stage).published) > 0  # the one that died between publishing and marking


def test_a_worker_may_die_at_any_time_and_is_replaced(stage: Stage, rng: random.Random) -> None:
    runs.killed_at_random(stage, rng)
    holds(stage)


def test_a_worker_may_sleep_past_its_session(stage: Stage, rng: random.Random) -> None:
    runs.stopped_and_woken(stage, rng)
    holds(stage)


def test_joining_leaving_and_a_rolling_restart_repeat_nothing(stage: Stage, rng: random.Random) -> None:
    runs.rolling_restart(stage, rng)
    assert repeated(holds(stage).published) == 0


def test_broker_and_database_may_go_away(stage: Stage, rng: random.Random) -> None:
    runs.outages(stage, rng)
    holds(stage)


def test_bad_messages_are_accounted_for_while_projectors_come_and_go(ground: Ground, rng: random.Random) -> None:
    kinds = (*planted.WHOEVER_OWNS, planted.LATE)
    with staged(ground, SEED, kinds) as stage:
        runs.bad_messages_and_projectors(stage, rng)
        found = {planted.kind_of(record.message) for record in holds(stage).planted}
    # Whether a late one is planted depends on what the simulation has said by then.
    assert set(planted.WHOEVER_OWNS) <= found <= set(kinds)


def test_workers_that_come_and_go_keep_no_depot_undecided(stage: Stage, rng: random.Random) -> None:
    steadiness.crash_loop(stage, rng)
    holds(stage)


def test_the_clock_of_a_host_may_be_set(ground: Ground, rng: random.Random) -> None:
    with staged(ground, SEED, planted.WHATEVER_THE_CLOCK) as stage:
        steadiness.clocks_set(stage, rng)
        holds(stage)


def test_the_disk_of_the_database_may_be_full(stage: Stage, rng: random.Random) -> None:
    steadiness.full_disk(stage, rng)
    holds(stage)


@pytest.mark.parametrize("run", runs.ABLATED, ids=lambda run: run.__name__)
def test_a_worker_without_a_safeguard_is_noticed(run: runs.Run, stage: Stage, rng: random.Random) -> None:
    run(stage, rng)
    assert runs.ABLATED[run] in {violation.invariant for violation in violations(stage.history())}
