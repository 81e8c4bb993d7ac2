"""Several brokers or databases, of which one is lost, and two releases beside each other. Runs as those of `runs`."""

import random
import subprocess
import tarfile
import time
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

from adapters.database.stored_state import FORMER_NUMBER, SCHEMA_NUMBER
from tests.e2e.processes import Ended, environment
from tests.e2e.stacks import Stack, readiness
from tests.faults import recording
from tests.faults.members import PATIENCE_S, Member, wait_until
from tests.faults.runs import RECOVERED_S, TAKEN_OVER_S, Figures, two_workers, under_load
from tests.faults.stage import ROOT, Stage
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
    variables = stack.variables | {"PYTHONPATH": str(_former(stack) / "src")}
    migrated = subprocess.run(  # a process of its own: what `run` forks from has imported this release
        [*stack.command, "migrate"], env=environment(stack.home, variables), capture_output=True, check=False
    )
    return Ended(migrated.returncode, migrated.stdout, migrated.stderr)


def _former(stack: Stack) -> Path:
    return stack.home / "former"


def upgraded(stage: Stage, rng: random.Random) -> Figures:
    """Processes of 0.2.0 are replaced one by one under load, after its database was migrated beneath them."""
    old, decided_s = _migrated_under_load(stage)
    _, longest_s = _replaced(stage, rng, old, ROOT)
    stage.ready(PATIENCE_S)
    stage.at_rest()
    return {"decided after the migration": decided_s, "after a replacement at most": longest_s}


def taken_back(stage: Stage, rng: random.Random) -> Figures:
    """The same upgrade is taken back under load, done again, and finished. Then 0.2.0 is refused."""
    source = _former(stage.stack)
    members, _ = _migrated_under_load(stage)
    longest_s = {}
    for name, release in (("forward", ROOT), ("back", source), ("forward again", ROOT)):
        members, longest_s[f"{name}: decided after a replacement at most"] = _replaced(stage, rng, members, release)
    finished = stage.stack.run("migrate", "--finish")
    assert finished.code == 0, finished.err
    figures = {**longest_s, "decided after it is finished": stage.decided(TAKEN_OVER_S)}
    refused = stage.worker(source=source)
    assert refused.process.wait(PATIENCE_S) == 2
    assert len(refused.log.read_text().splitlines()) == 1, refused.log.read_text()
    assert _schema_numbers(stage) == {SCHEMA_NUMBER}
    stage.ready(PATIENCE_S)
    stage.at_rest()
    return figures


def _migrated_under_load(stage: Stage) -> tuple[list[Member], float]:
    """A projector and two workers of 0.2.0, their database migrated beneath them; how long until all is decided."""
    source = _former(stage.stack)
    old = [stage.projector(source), stage.worker(source=source), stage.worker(source=source)]
    under_load(stage, *old[1:])
    stage.decided()
    migrated = stage.stack.run("migrate")
    assert migrated.code == 0, migrated.err
    decided_s = stage.decided(TAKEN_OVER_S)
    assert _schema_numbers(stage) == {FORMER_NUMBER}
    return old, decided_s


def _replaced(stage: Stage, rng: random.Random, members: Sequence[Member], source: Path) -> tuple[list[Member], float]:
    """By processes of this release, the projector last; the longest until all was decided again after one of them."""
    replaced, longest_s = list[Member](), 0.0
    for former in reversed(members):
        time.sleep(rng.uniform(0.5, 2.0))
        former.end()
        new = stage.projector(source) if former is members[0] else stage.worker(source=source)
        new.joined()
        longest_s = max(longest_s, stage.decided(TAKEN_OVER_S))
        replaced.insert(0, new)
    return replaced, longest_s


def _schema_numbers(stage: Stage) -> set[int]:
    """Of the states that are stored."""
    rows = recording.ask(stage.stack.database_url, "SELECT DISTINCT schema_number FROM microgrid_state")
    return {row.schema_number for row in rows}


def _cluster(stage: Stage) -> Cluster:
    cluster = stage.ground.broker
    assert isinstance(cluster, Cluster)
    return cluster


def _ready(stage: Stage) -> float:
    """How long it takes until every process says that it is."""
    began = time.monotonic()
    stage.ready(RECOVERED_S)
    return time.monotonic() - began
