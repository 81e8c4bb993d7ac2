"""Several brokers or databases, of which one is lost, and two releases beside each other. Runs as those of `runs`."""

import random
import subprocess
import tarfile
import time
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

from tests.e2e.processes import Ended
from tests.e2e.stacks import Stack, readiness
from tests.faults.runs import RECOVERED_S, TAKEN_OVER_S, Figures, two_workers, under_load
from tests.faults.stage import PATIENCE_S, ROOT, Stage, wait_until
from tests.services.kafka_cluster import Cluster

LOST: Final = 2
AWAY_S: Final = 10.0
UNSENT_S: Final = 5.0
"""For so long a replica follows no more before the database is lost."""

WITHHELD: Final = "--new-stream"
FORMER_RELEASE: Final = "3afd30a"
"""The commit of 0.2.0."""


def a_broker_lost(stage: Stage, rng: random.Random) -> Figures:
    """Of three brokers the one that leads a partition of the events is killed, then another."""
    cluster, events = _cluster(stage), f"{stage.stack.prefix}.events"
    stage.projector()
    two_workers(stage)
    figures = {}
    for _ in range(LOST):
        time.sleep(rng.uniform(0.5, 2.0))
        lost = rng.choice(cluster.leaders(events))
        cluster.nodes[lost].kill()
        figures[f"decided without broker {lost}"] = stage.decided(RECOVERED_S)
        cluster.nodes[lost].start()
        wait_until(partial(cluster.is_whole, events), lambda: "Replicas are not in sync.")
        figures[f"ready after broker {lost}"] = _ready(stage)
    stage.at_rest()
    return figures


def a_partition_without_a_leader(stage: Stage, rng: random.Random) -> Figures:
    """Topics have one replica, so that the partitions of a broker that is killed have no leader until it is back."""
    cluster = _cluster(stage)
    stage.projector()
    two_workers(stage)
    time.sleep(rng.uniform(0.5, 2.0))
    lost = rng.choice(cluster.leaders(f"{stage.stack.prefix}.telemetry"))
    cluster.nodes[lost].kill()
    time.sleep(AWAY_S)
    cluster.nodes[lost].start()
    figures = {"decided again": stage.decided(RECOVERED_S), "ready again": _ready(stage)}
    stage.at_rest()
    return figures


def database_failed_over(stage: Stage, rng: random.Random) -> Figures:
    """The database is lost and its replica, which has each commit that was answered, is promoted in its place."""
    primary = stage.ground.database
    replica = primary.replica()
    stage.later.callback(replica.stop)
    replica.start()
    primary.wait_for_replicas()
    stage.projector()
    two_workers(stage)
    time.sleep(rng.uniform(2.0, 5.0))
    primary.crash()
    replica.take_over_from(primary)
    figures = {"decided again": stage.decided(RECOVERED_S), "ready again": _ready(stage)}
    stage.at_rest()
    return figures


def database_lost_with_commits(stage: Stage, rng: random.Random) -> Figures:
    """The same with a replica that had fallen behind. Nothing is decided in its place until a new stream is begun."""
    primary = stage.ground.database
    replica = primary.replica()
    stage.later.callback(replica.stop)
    replica.start()
    stage.projector()
    workers = two_workers(stage)
    stage.decided()
    replica.crash()
    time.sleep(UNSENT_S + rng.uniform(0.0, 2.0))
    stage.decided()
    primary.crash()
    replica.start()
    replica.take_over_from(primary)
    wait_until(lambda: any(WITHHELD in each.log.read_text() for each in workers), workers[0].log.read_text, RECOVERED_S)
    time.sleep(AWAY_S)
    known = stage.versions()
    time.sleep(UNSENT_S)
    assert stage.versions() == known, "something was decided though the bus is ahead"
    assert any(readiness(each.port)[0] == 503 and WITHHELD in readiness(each.port)[1] for each in workers)
    begun = stage.stack.run("migrate", WITHHELD)
    assert begun.code == 0, begun.err
    figures = {"decided in a new stream": stage.decided(RECOVERED_S), "ready again": _ready(stage)}
    stage.at_rest()
    return figures


def replicated(stack: Stack) -> Ended:
    """Topics with three replicas."""
    return stack.run("migrate", BUSBAR_TOPIC_REPLICATION="3")


def as_formerly_released(stack: Stack) -> Ended:
    """By the release before, whose source is laid down beside the homes of processes."""
    archive = ["git", "-C", str(ROOT), "archive", FORMER_RELEASE, "src"]
    content = subprocess.run(archive, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(content)) as source:
        source.extractall(_former(stack), filter="data")
    return stack.run("migrate", PYTHONPATH=str(_former(stack) / "src"))


def _former(stack: Stack) -> Path:
    return stack.home / "former"


def upgraded(stage: Stage, rng: random.Random) -> Figures:
    """Processes of 0.2.0 are replaced one by one under load, after its database was migrated beneath them."""
    source = _former(stage.stack)
    old = [stage.projector(source), stage.worker(source=source), stage.worker(source=source)]
    under_load(stage, *old[1:])
    stage.decided()
    migrated = stage.stack.run("migrate")
    assert migrated.code == 0, migrated.err
    figures = {"decided after the migration": stage.decided(TAKEN_OVER_S)}
    for index, former in enumerate(reversed(old)):
        time.sleep(rng.uniform(0.5, 2.0))
        former.end()
        new = stage.projector() if former is old[0] else stage.worker()
        new.joined()
        figures[f"decided after replacement {index + 1}"] = stage.decided(TAKEN_OVER_S)
    stage.ready(PATIENCE_S)
    stage.at_rest()
    return figures


def _cluster(stage: Stage) -> Cluster:
    cluster = stage.ground.broker
    assert isinstance(cluster, Cluster)
    return cluster


def _ready(stage: Stage) -> float:
    """How long it takes until every process says that it is."""
    began = time.monotonic()
    stage.ready(RECOVERED_S)
    return time.monotonic() - began
