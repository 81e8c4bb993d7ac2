"""Faults for as long as one likes: `make faults`. A line a run; the seed of a run that failed repeats it."""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial

from tests.faults import failover, planted, retention, runs, steadiness
from tests.faults.checker import repeated, violations
from tests.faults.load import DEPOTS
from tests.faults.runs import Figures, Run
from tests.faults.stage import Ground, Migrate, a_ground, a_ground_of_three, migrated, staged

KILLS_A_RUN = 5
"""All in one history. A run of its own for each would start and end the deployment fifty times."""

STOPS_A_RUN = 4

CRASHES = 6
DEPOTS_AT_ONCE = 5000
IDS_AT_ONCE = 8000
FULL_S = 20.0


@dataclass(frozen=True, slots=True)
class Planned:
    """A run, and the invariant that it is to break (none where it is None). `repeats` says if events may come twice.

    `options` are what it takes to plan it again, beside its name. A run that takes more than a broker and a database,
    or leaves them otherwise than it found them, has a ground of its own. `migrate` makes tables and topics. One that is
    not recorded checks what happened as it happens, as nothing is kept.
    """

    name: str
    run: Run
    options: str = ""
    broken: str | None = None
    bad: tuple[str, ...] = planted.WHOEVER_OWNS
    repeats: bool = True
    depots: Sequence[str] = DEPOTS
    is_recorded: bool = True
    ground: Callable[[], AbstractContextManager[Ground]] | None = None
    migrate: Migrate = migrated


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of a worker, at random (50)")
    parser.add_argument("--stops", type=int, default=20, help="of a worker past its session, at random (20)")
    parser.add_argument("--away", type=float, default=120.0, help="seconds for which broker and database go away (120)")
    parser.add_argument("--only", default="", help="the runs whose name begins so")
    parser.add_argument("--seed", type=int, default=None, help="of the first run; the others follow (by chance)")
    parser.add_argument("--keeping", type=float, default=3600.0, help="seconds of the run with brief retentions (3600)")
    chosen = parser.parse_args()
    first = random.SystemRandom().randrange(1_000_000) if chosen.seed is None else chosen.seed
    failed = 0
    plan = [
        each
        for each in _plan(chosen.kills, chosen.stops, chosen.away, chosen.keeping)
        if each.name.startswith(chosen.only)
    ]
    with a_ground() as ground:
        for seed, planned in enumerate(plan, first):
            began = time.monotonic()
            faults, summary = _outcome(ground, planned, seed)
            took = f"{time.monotonic() - began:.0f} s"
            print(f"{'FAILED' if faults else 'ok':6}  {planned.name}  seed {seed}  {took}  {summary}", flush=True)
            for fault in faults[:20]:
                print(f"        {fault}", flush=True)
            if faults:
                failed += 1
                again = f"--only '{planned.name}' --seed {seed} {planned.options}"
                print(f'        again: make faults ARGS="{again.rstrip()}"', flush=True)
    print(f"{len(plan) - failed} of {len(plan)} runs as they should be", flush=True)
    return 1 if failed else 0


def _plan(kills: int, stops: int, away_s: float, keeping_s: float) -> Iterator[Planned]:
    for count in _shared(kills, KILLS_A_RUN):
        yield Planned("kills", partial(runs.killed_at_random, kills=count), f"--kills {count}")
    for count in _shared(stops, STOPS_A_RUN):
        yield Planned("stops", partial(runs.stopped_and_woken, stops=count), f"--stops {count}")
    yield Planned("failpoints", runs.killed_at_failpoints)
    yield Planned("outages", partial(runs.outages, away_s=away_s), f"--away {away_s:g}")
    yield Planned("rolling restart", runs.rolling_restart, repeats=False)
    yield Planned("bad messages", runs.bad_messages_and_projectors, bad=(*planted.WHOEVER_OWNS, planted.LATE))
    yield Planned("clocks set", steadiness.clocks_set, bad=planted.WHATEVER_THE_CLOCK)
    yield Planned("crash loop", partial(steadiness.crash_loop, times=CRASHES))
    yield Planned("crowded", partial(steadiness.crowded, depots=DEPOTS_AT_ONCE))
    yield Planned("strangers", partial(steadiness.strangers, ids=IDS_AT_ONCE))
    yield Planned("full disk", partial(steadiness.full_disk, away_s=min(away_s, FULL_S)), f"--away {away_s:g}")
    three = a_ground_of_three
    yield Planned("broker lost", failover.a_broker_lost, ground=three, migrate=failover.replicated)
    yield Planned("no leader", failover.a_partition_without_a_leader, ground=three)
    yield Planned("database failed over", failover.database_failed_over, ground=a_ground)
    yield Planned(
        "database lost with commits",
        failover.database_lost_with_commits,
        ground=a_ground,
        broken="published as committed",
    )
    yield Planned("upgraded", failover.upgraded, migrate=failover.as_formerly_released)
    yield Planned("taken back", failover.taken_back, migrate=failover.as_formerly_released)
    briefly = partial(retention.kept_briefly, seconds=keeping_s)
    option = f"--keeping {keeping_s:g}"
    yield Planned("brief retentions", briefly, option, bad=(), depots=retention.DEPOTS, is_recorded=False)
    for run, broken in runs.ABLATED.items():
        yield Planned(_name(run), run, broken=broken)


def _shared(count: int, most: int) -> list[int]:
    """So many, in parts of at most so many."""
    return [min(most, count - done) for done in range(0, count, most)]


def _outcome(ground: Ground, planned: Planned, seed: int) -> tuple[list[str], str]:
    """What is wrong, and what was measured."""
    figures: Figures = {}
    with ExitStack() as stack:
        try:
            own = ground if planned.ground is None else stack.enter_context(planned.ground())
            stage = stack.enter_context(staged(own, seed, planned.bad, planned.migrate, planned.depots))
            figures = planned.run(stage, random.Random(seed))
            if not planned.is_recorded:
                return [], _told(figures)
            history = stage.history()
        except Exception as fault:
            return [f"{type(fault).__name__}: {fault}"], ""
    found = violations(history)
    counted = f"{len(history.committed)} events, {repeated(history.published)} repeated, {len(history.planted)} bad"
    summary = ", ".join(filter(None, (counted, _told(figures))))
    if planned.broken is not None:
        noticed = sorted({violation.invariant for violation in found})
        missed = [] if planned.broken in noticed else [f"{planned.broken!r} was not noticed to be broken"]
        return missed, f"{summary}; noticed: {', '.join(noticed)}"
    faults = [f"{violation.invariant}: {violation.detail}" for violation in found]
    if not planned.repeats and repeated(history.published):
        faults.append("events were published again")
    return faults, summary


def _told(figures: Figures) -> str:
    return ", ".join(f"{name} {each if isinstance(each, str) else f'{each:.1f} s'}" for name, each in figures.items())


def _name(run: Callable[..., object]) -> str:
    return run.__name__.replace("_", " ")


if __name__ == "__main__":
    raise SystemExit(main())
