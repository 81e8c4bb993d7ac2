"""The faults themselves. Each run takes a stage to its rest, and returns what it measured: seconds, or in words."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from adapters.kafka.source import SESSION_TIMEOUT_MS
from tests.faults import ablations, failpoints
from tests.faults.members import Member
from tests.faults.stage import Stage

Figures: TypeAlias = Mapping[str, float | str]
Run: TypeAlias = Callable[[Stage, random.Random], Figures]

SESSION_TIMEOUT_S: Final = SESSION_TIMEOUT_MS / 1000
TAKEN_OVER_S: Final = 20.0
RECOVERED_S: Final = 30.0
SETTLED_S: Final = 2.0
"""Until a group has shared its partitions, after its last member came."""

PAUSED_S: Final = SESSION_TIMEOUT_S + 3.0
QUIET_S: Final = 3.0
"""Longer than the refresh interval of the depots, shorter than half a session."""

KILLING_FAILPOINTS: Final = (failpoints.BEFORE_COMMIT, failpoints.BEFORE_OFFSETS, failpoints.BEFORE_MARK)


def killed_at_failpoints(stage: Stage, rng: random.Random) -> Figures:
    """A worker dies at each of them, and one that has none goes on for all."""
    stage.projector()
    survivor = stage.worker()
    failing = {
        name: stage.worker("--failpoint", name, "--passing", str(rng.randrange(3, 12))) for name in KILLING_FAILPOINTS
    }
    under_load(stage, survivor, *failing.values())
    for name, member in failing.items():
        member.signalled_itself(name)
        assert member.process.wait(10) == -signal.SIGKILL
    taken_over_s = stage.decided(TAKEN_OVER_S)
    stage.at_rest()
    return {"taken over": taken_over_s}


def killed_at_random(stage: Stage, rng: random.Random, kills: int = 1) -> Figures:
    """Of two workers one is killed and replaced, as often as that."""
    stage.projector()
    workers = two_workers(stage)
    taken_over_s = []
    for _ in range(kills):
        time.sleep(rng.uniform(0.5, 3.0))
        lost = rng.randrange(2)
        workers[lost].kill()
        taken_over_s.append(stage.decided(TAKEN_OVER_S))
        workers[lost] = stage.worker()
        workers[lost].joined()
    stage.decided()
    stage.at_rest()
    return {"taken over at most": max(taken_over_s)}


def stopped_and_woken(stage: Stage, rng: random.Random, stops: int = 1) -> Figures:
    """Of two workers one is stopped for longer than its session lasts, and wakes believing that it still owns."""
    stage.projector()
    workers = two_workers(stage)
    taken_over_s = []
    for _ in range(stops):
        time.sleep(rng.uniform(0.5, 3.0))
        stopped = workers[rng.randrange(2)]
        began = time.monotonic()
        stopped.signal(signal.SIGSTOP)
        taken_over_s.append(stage.decided(TAKEN_OVER_S))
        time.sleep(max(0.0, PAUSED_S - (time.monotonic() - began)))
        stopped.signal(signal.SIGCONT)
        time.sleep(1.0)
        stage.decided()
    stage.at_rest()
    return {"taken over at most": max(taken_over_s)}


def rolling_restart(stage: Stage, rng: random.Random) -> Figures:
    """Two workers, a third joins and leaves, then each is replaced in order."""
    stage.projector()
    workers = two_workers(stage)
    third = stage.worker()
    third.joined()
    stage.decided()
    longest_s = third.end()
    paused_s = []
    for old in workers:
        time.sleep(rng.uniform(0.5, 2.0))
        new = stage.worker()
        new.joined()
        longest_s = max(longest_s, old.end())
        paused_s.append(stage.decided(TAKEN_OVER_S))
    stage.at_rest()
    return {"longest end": longest_s, "decided again": max(paused_s)}


def outages(stage: Stage, rng: random.Random, away_s: float = 3.0) -> Figures:
    """The broker is killed, then the database; each comes back after a while."""
    stage.projector()
    workers = two_workers(stage)
    figures: dict[str, float] = {}
    broker, database = stage.ground.broker, stage.ground.database
    for name, go, come in (
        ("broker", broker.kill, broker.start),
        ("database", database.crash, database.start),
    ):
        time.sleep(rng.uniform(0.5, 2.0))
        go()
        time.sleep(away_s)
        come()
        figures[f"recovered from {name}"] = stage.decided(RECOVERED_S)
        assert all(each.process.poll() is None for each in workers)
    stage.at_rest()
    return figures


def bad_messages_and_projectors(stage: Stage, rng: random.Random) -> Figures:
    """One worker that owns all from its start to its end; a projector joins another and is killed."""
    first, worker = stage.projector(), stage.worker()
    under_load(stage, first, worker)
    stage.decided()
    second = stage.projector()
    second.joined()
    time.sleep(rng.uniform(1.0, 3.0))
    (first, second)[rng.randrange(2)].kill()
    time.sleep(SESSION_TIMEOUT_S)
    stage.at_rest()
    return {}


def without_fence(stage: Stage, rng: random.Random) -> Figures:
    """A worker stops itself before a decision, is taken over, wakes and decides.

    Its successor stops itself before its first decision: else the outbox has it, and refuses another.
    """
    stage.projector()
    stopping = ("--ablation", ablations.NO_FENCE, "--failpoint", failpoints.BEFORE_DECIDING, "--action", "stop")
    sleeper = stage.worker(*stopping, "--passing", str(rng.randrange(20, 30)))
    under_load(stage, sleeper)
    sleeper.signalled_itself(failpoints.BEFORE_DECIDING)
    successor = stage.worker(*stopping)
    successor.signalled_itself(failpoints.BEFORE_DECIDING)
    sleeper.signal(signal.SIGCONT)
    time.sleep(QUIET_S)
    successor.signal(signal.SIGCONT)
    stage.at_rest()
    return {}


def publish_before_commit(stage: Stage, rng: random.Random) -> Figures:
    """A worker is killed between the two, and what it said is decided anew."""
    stage.projector()
    eager = ("--ablation", ablations.PUBLISH_BEFORE_COMMIT)
    failing = stage.worker(*eager, "--failpoint", failpoints.BEFORE_COMMIT, "--passing", str(rng.randrange(20, 40)))
    under_load(stage, failing)
    failing.signalled_itself(failpoints.BEFORE_COMMIT)
    failing.process.wait(10)
    stage.worker(*eager).joined()
    stage.decided()
    stage.at_rest()
    return {}


def memory_alone(stage: Stage, rng: random.Random) -> Figures:
    """A worker is killed after a commit whose events it has not published, and its successor does not look for them."""
    stage.projector()
    forgetful = ("--ablation", ablations.MEMORY_ALONE)
    passing = ("--passing", str(rng.randrange(20, 40)))
    failing = stage.worker(*forgetful, "--failpoint", failpoints.BEFORE_OFFSETS, *passing)
    under_load(stage, failing)
    failing.signalled_itself(failpoints.BEFORE_OFFSETS)
    failing.process.wait(10)
    stage.worker(*forgetful).joined()
    stage.decided()
    stage.at_rest(patience_s=8.0)
    return {}


ABLATED: Final[Mapping[Run, str]] = {
    without_fence: "under the current epoch",
    publish_before_commit: "published as committed",
    memory_alone: "published as committed",
}
"""Each ablation, and the invariant that it breaks."""


def two_workers(stage: Stage) -> list[Member]:
    """That decide for all depots, under load."""
    workers = [stage.worker(), stage.worker()]
    under_load(stage, *workers)
    stage.decided()
    return workers


def under_load(stage: Stage, *members: Member) -> None:
    """The load begins once all of them have joined: who dies or stops then does not hold up the joining of others."""
    for member in members:
        member.joined()
    time.sleep(SETTLED_S)
    stage.load.start()
