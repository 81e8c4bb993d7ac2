"""A demo that is killed at any instant and started again goes on without a gap and without a repeat."""

import json
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from adapters.database.packing import unpack
from tests.e2e.processes import PATIENCE_S, run, running

KILLS = 5
HEADLESS = ("demo", "--chargers", "ideal", "--headless", "--json")
LIVE = ("demo", "--chargers", "ideal", "--speed", "100000")

BREACHES = {"busbar.constraint.breached.v1", "busbar.constraint.cleared.v1"}


@dataclass(slots=True)
class Record:
    """What a database shows of a demo, and what it showed before: neither may be taken back."""

    file: Path
    events: dict[int, bytes] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        return {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{self.file}"}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file, timeout=10)) as database:
            return database.execute(statement).fetchall()

    def event_seq(self) -> int:
        """The last event that was committed, 0 where there is none yet."""
        try:
            return max((row[0] for row in self.rows("SELECT event_seq FROM microgrid_state")), default=0)
        except sqlite3.OperationalError:  # killed before there was a table
            return 0

    def check(self) -> None:
        """The outbox is a gap-free extension of what was seen, up to the sequence the state has come to.

        It forgets what was published an hour ago, and more than an hour may be simulated in all.
        """
        last = self.event_seq()
        if last == 0:
            return
        stored = self.rows("SELECT event_seq, value FROM outbox ORDER BY event_seq")
        rows = [(event_seq, unpack(value)) for event_seq, value in stored]
        assert [event_seq for event_seq, value in rows if self.events.get(event_seq, value) != value] == []
        assert all(json.loads(value)["event_seq"] == event_seq for event_seq, value in rows)
        self.events.update(rows)
        assert sorted(self.events) == list(range(1, last + 1))

    def cycles(self) -> list[dict[str, Any]]:
        """The cycles in the outbox, in the order of their events."""
        read = [json.loads(value) for _, value in sorted(self.events.items())]
        return [data for data in read if "setpoints" in data]


def kill_at_random_instants(home: Path, record: Record, demo: Sequence[str], draw: Random) -> int:
    """Start a demo and kill it, again and again; returns how far it came.

    Every other time it is killed early: in its imports, its migration, or while it takes up where it stopped.
    """
    for number in range(KILLS):
        before = record.event_seq()
        with running(home, *demo, variables=record.variables) as killed:
            if number % 2:
                wait_for_progress(record, before)
            time.sleep(draw.uniform(0, 1))
            assert killed.process.poll() is None, (home / "stderr").read_text()
            killed.process.send_signal(signal.SIGKILL)
        record.check()
    return record.event_seq()


def wait_for_progress(record: Record, event_seq: int) -> None:
    patient_until = time.monotonic() + PATIENCE_S
    while record.event_seq() <= event_seq:
        assert time.monotonic() < patient_until, "the demo did not go on"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("demo", "seed"), [(HEADLESS, 1), pytest.param(LIVE, 2, marks=pytest.mark.slow)], ids=["headless", "live"]
)
def test_a_killed_demo_goes_on_where_its_database_stands(home: Path, demo: tuple[str, ...], seed: int) -> None:
    record = Record(home / "demo.sqlite3")
    reached = kill_at_random_instants(home, record, demo, Random(seed))

    ended = run(home, *HEADLESS, "--for", "60s", variables=record.variables)
    assert ended.code == 0, ended.err
    summary = json.loads(ended.lines[-1])
    record.check()

    # The summary covers this run alone: what was published again is not counted again.
    last = record.event_seq()
    assert sum(summary["events"].values()) == last - reached > 0
    assert summary["limit_violations"] == 0

    cycles = record.cycles()
    assert [cycle["cycle_seq"] for cycle in cycles] == list(range(1, len(cycles) + 1))
    decided = [datetime.fromisoformat(cycle["decided_at"]) for cycle in cycles]
    assert all(earlier < later for earlier, later in pairwise(decided))
    types = [kind for (kind,) in record.rows("SELECT ce_type FROM outbox ORDER BY event_seq")]
    assert types[:2] == ["busbar.microgrid.provisioned.v1", "busbar.configuration.applied.v1"]
    # Killed again before anything was heard, it has known nothing for minutes of its time: that is told as a breach.
    assert set(types[2:]) - BREACHES == {"busbar.cycle.completed.v1"}

    positions = dict(record.rows("SELECT projection, event_seq FROM projection_positions"))
    assert {"status", "cycles"} <= set(positions)
    assert set(positions.values()) == {last}
    assert record.rows("SELECT count(*) FROM outbox WHERE published_at IS NULL") == [(0,)]
    projected = record.rows("SELECT cycle_seq, event_seq, data FROM cycles ORDER BY cycle_seq")
    assert [(cycle_seq, event_seq, json.loads(data)) for cycle_seq, event_seq, data in projected] == [
        (cycle["cycle_seq"], cycle["event_seq"], cycle) for cycle in cycles
    ]
    ((latest,),) = record.rows("SELECT latest_cycle FROM microgrid_status")
    assert json.loads(latest)["cycle_seq"] == len(cycles)


def test_after_a_kill_the_former_setpoints_have_lapsed_before_simulated_time_goes_on(home: Path) -> None:
    """Holds CLI-14."""
    record = Record(home / "demo.sqlite3")
    with running(home, *HEADLESS, "--scenario", "joondalup-small", variables=record.variables) as demo:
        wait_for_progress(record, 3)
        demo.process.send_signal(signal.SIGKILL)
    record.check()
    before = record.cycles()[-1]

    assert run(home, *HEADLESS, "--scenario", "joondalup-small", "--for", "5s", variables=record.variables).code == 0
    record.check()
    after = record.cycles()[before["cycle_seq"]]
    gap = datetime.fromisoformat(after["decided_at"]) - datetime.fromisoformat(before["decided_at"])
    assert gap.total_seconds() > max(setpoint["valid_for_s"] for setpoint in before["setpoints"])


def test_what_an_earlier_run_never_projected_is_projected_and_not_counted(home: Path) -> None:
    record = Record(home / "demo.sqlite3")
    demo = (*HEADLESS, "--scenario", "joondalup-small", "--for", "30s")
    assert run(home, *demo, variables=record.variables).code == 0
    record.check()
    before = record.event_seq()
    with closing(sqlite3.connect(record.file)) as database:
        for table in ("projection_positions", "cycles", "microgrid_status"):
            database.execute(f"DELETE FROM {table}")
        database.commit()

    ended = run(home, *demo, variables=record.variables)
    assert ended.code == 0
    summary = json.loads(ended.lines[-1])
    record.check()
    assert sum(summary["events"].values()) == record.event_seq() - before
    assert summary["limit_violations"] == 0
    projected = record.rows("SELECT data FROM cycles ORDER BY cycle_seq")
    assert [json.loads(data) for (data,) in projected] == record.cycles()
