"""What must neither stop nor starve the others: clocks that are set, a crash loop, much at once, a full disk.

Runs as those of `runs`.
"""

import random
import time
from typing import Final

from tests.faults import recording
from tests.faults.load import a_crowd, made_up
from tests.faults.members import Member, wait_until
from tests.faults.runs import RECOVERED_S, TAKEN_OVER_S, Figures, two_workers, under_load
from tests.faults.stage import Stage
from tests.services.faketime import HostClock

STEP_S: Final = 600

LOOP_S: Final = 10.0
"""So long after it was started a crash-looping worker is killed, and started again at once."""

REFRESHED_S: Final = 2.0
"""The interval of the depots of the load."""

ON_TIME_S: Final = 2 * REFRESHED_S + TAKEN_OVER_S
"""So long a depot may be undecided while others come and go: twice its interval, and a take-over."""

CROWDED_S: Final = 2 * REFRESHED_S + 6.0
"""So long it may be undecided beside a crowd, on a machine with two cores: nobody has to take over."""


def clocks_set(stage: Stage, rng: random.Random) -> Figures:
    """The clock of one of two hosts is set back, then forward; then its worker dies, and the other takes over."""
    stage.projector()
    clocks = [HostClock(stage.stack.home / f"clock-{number}") for number in range(2)]
    workers = [stage.worker(clock=clock) for clock in clocks]
    under_load(stage, *workers)
    stage.decided()
    figures = {}
    for name, ahead_s in (("back", -STEP_S), ("forward", STEP_S)):
        time.sleep(rng.uniform(0.5, 2.0))
        clocks[0].set(ahead_s)
        figures[f"decided after set {name}"] = stage.decided(RECOVERED_S)
        stage.ready(RECOVERED_S)
    workers[0].kill()
    figures["taken over"] = stage.decided(TAKEN_OVER_S)
    stage.ready(RECOVERED_S)
    _rest(stage)
    return figures


def crash_loop(stage: Stage, rng: random.Random, times: int = 3) -> Figures:
    """Beside two workers a third is killed ten seconds after each start."""
    stage.projector()
    two_workers(stage)
    for _ in range(times):
        third = stage.worker()
        time.sleep(LOOP_S + rng.uniform(-1.0, 1.0))
        third.kill()
    stage.decided(TAKEN_OVER_S)
    _rest(stage)
    return {"longest undecided": _on_time(stage, ON_TIME_S)}


def crowded(stage: Stage, rng: random.Random, depots: int = 1500) -> Figures:
    """So many depots are configured at once. Who is busy with them does not stand still."""
    stage.projector()
    workers = two_workers(stage)
    time.sleep(rng.uniform(0.5, 2.0))
    crowd = a_crowd(depots)
    recording.watch(stage.stack.database_url, crowd)
    began = time.monotonic()
    stage.send("configuration", [*crowd.values()])
    wait_until(lambda: stage.versions().keys() >= crowd.keys(), lambda: "not all are taken in", depots / 10)
    took_s = time.monotonic() - began
    for worker in workers:
        assert "joining again" not in worker.log.read_text(), worker.log.read_text()
    stage.decided()
    _rest(stage)
    return {"taken in": took_s, "longest undecided": _on_time(stage, CROWDED_S)}


def strangers(stage: Stage, rng: random.Random, ids: int = 1500) -> Figures:
    """So many ids are made up at once: each with a configuration that cannot be read, and with a reading."""
    stage.projector()
    two_workers(stage)
    time.sleep(rng.uniform(0.5, 2.0))
    sent = made_up(ids)
    recording.watch(stage.stack.database_url, sent)
    for topic in ("configuration", "telemetry"):
        stage.send(topic, [message for each in sent.values() for of, message in each if of == topic])
    stage.decided()
    _rest(stage, patience_s=max(100.0, ids / 20))
    return {"longest undecided": _on_time(stage, CROWDED_S)}


def full_disk(stage: Stage, rng: random.Random, away_s: float = 3.0) -> Figures:
    """The disk under all tables is full for a while."""
    disk = stage.on_a_small_disk(mib=64)
    projector, workers = stage.projector(), two_workers(stage)
    time.sleep(rng.uniform(0.5, 2.0))
    disk.fill()
    for each in workers:
        each.says("No space left on device")
    time.sleep(away_s)
    disk.make_room()
    began = time.monotonic()
    stage.decided(RECOVERED_S)
    stage.ready(RECOVERED_S - (time.monotonic() - began))
    recovered_s = time.monotonic() - began
    assert _run([projector, *workers])
    _rest(stage)
    return {"recovered": recovered_s}


def _run(members: list[Member]) -> bool:
    return all(member.process.poll() is None for member in members)


def _rest(stage: Stage, patience_s: float = 100.0) -> None:
    """To its rest, and no process has said more than a sentence of what it met."""
    stage.at_rest(patience_s)
    for member in stage.members:
        assert "Traceback" not in member.log.read_text(), member.log.read_text()


def _on_time(stage: Stage, most_s: float) -> float:
    longest_s = stage.undecided_s()
    assert longest_s <= most_s, f"a depot was undecided for {longest_s:.1f} s"
    return longest_s
