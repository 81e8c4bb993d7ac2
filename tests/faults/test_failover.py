"""Several brokers or databases, of which one is lost, each once. `make faults` has them with other seeds."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.faults import failover
from tests.faults.checker import violations
from tests.faults.runs import Run
from tests.faults.stage import Ground, Migrate, a_ground, a_ground_of_three, migrated, staged

SEED = 20261130


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "ground", "migrate"),
    [
        (failover.a_broker_lost, a_ground_of_three, failover.replicated),
        (failover.a_partition_without_a_leader, a_ground_of_three, migrated),
        (failover.database_failed_over, a_ground, migrated),
    ],
    ids=lambda each: each.__name__,
)
def test_nothing_is_lost_or_decided_twice(
    run: Run, ground: Callable[[], AbstractContextManager[Ground]], migrate: Migrate
) -> None:
    """Holds BUS-8, BUS-10."""
    with ground() as own, staged(own, SEED, migrate=migrate) as stage:
        run(stage, random.Random(SEED))
        history = stage.history()
    assert len(history.published) > 50
    assert violations(history) == []


@pytest.mark.slow
def test_where_commits_were_lost_nothing_is_decided_until_a_new_stream_is_begun() -> None:
    """Holds BUS-12."""
    with a_ground() as ground, staged(ground, SEED) as stage:
        failover.database_lost_with_commits(stage, random.Random(SEED))
