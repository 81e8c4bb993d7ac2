"""Whether two checkouts of Busbar decide alike: what one recorded, both replay, and their events are compared.

    python tools/compare_decisions.py record DIR --checkout PATH      plays the scenarios and keeps messages and events
    python tools/compare_decisions.py compare DIR --checkout PATH     replays the messages with another checkout

Each checkout has its own `.venv`. Every run in DIR is two files: `SCENARIO.FAULT.SEED.messages.jsonl.gz`, written by
`busbar demo --record`, and `SCENARIO.FAULT.SEED.events.jsonl.gz`, what `busbar replay` answered. A recording that was
interrupted goes on where it stopped. Everything runs at the lowest priority.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

SEEDS = {"malaga": (1, 2, 3), "leichhardt-mixed": (1, 2, 3)}
"""Scenarios that are played with other seeds than 1 too."""

PLAIN = "plain"
MESSAGES, EVENTS = ".messages.jsonl.gz", ".events.jsonl.gz"
NOTHING_TO_AFFECT = "finds nothing to affect"
EXCERPT = 100
"""How many characters are shown on either side of a difference: the line of a large depot has a hundred thousand."""

T = TypeVar("T")


class Failed(Exception):
    """A command did not do what it is there for; the message says how it ended."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A clone of Busbar that is set up."""

    root: Path

    def busbar(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """`busbar` with these arguments to its end, in an empty folder and without any setting."""
        others = ("BUSBAR_", "OTEL_")
        settings = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        command = [str(self.root.resolve() / ".venv" / "bin" / "busbar"), *arguments]
        with TemporaryDirectory() as folder:
            return subprocess.run(command, input=stdin, cwd=folder, env=settings, capture_output=True, check=False)

    def names(self, kind: str) -> list[str]:
        """The `scenarios` or the `faults` it has."""
        listed = json.loads(succeeded(self.busbar("scenarios", "--json")).stdout)
        return [each["name"] for each in listed[kind]]

    def replay(self, messages: bytes) -> bytes:
        """What it answers to the messages, those to lines it cannot use included."""
        return succeeded(self.busbar("replay", "-", stdin=messages), 0, 2).stdout


@dataclass(frozen=True, slots=True)
class Run:
    """A scenario, played once."""

    scenario: str
    fault: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.scenario}.{self.fault}.{self.seed}"


def runs(checkout: Checkout) -> Iterator[Run]:
    """Every scenario, plain and under every fault script, with each of its seeds."""
    faults = [PLAIN, *checkout.names("faults")]
    for scenario in checkout.names("scenarios"):
        for seed in SEEDS.get(scenario, (1,)):
            for fault in faults:
                yield Run(scenario, fault, seed)


def record(folder: Path, checkout: Checkout, run: Run, minutes: int) -> str:
    """Keep a run's messages and events where they are not kept yet; returns a word on it. Raises Failed."""
    messages = folder / f"{run.name}{MESSAGES}"
    events = events_beside(messages)
    if messages.exists() and events.exists():
        return "is there"
    if not messages.exists():
        recorded = played(checkout, run, minutes)
        if recorded is None:
            return "skipped: the fault script finds nothing to affect"
        keep(messages, recorded)
    keep(events, checkout.replay(gzip.decompress(messages.read_bytes())))
    return "recorded"


def played(checkout: Checkout, run: Run, minutes: int) -> bytes | None:
    """The messages of a run; None where its fault script finds nothing to affect. Raises Failed."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "messages.jsonl"
        fault = () if run.fault == PLAIN else ("--fault", run.fault)
        of = ("--scenario", run.scenario, *fault, "--seed", str(run.seed), "--for", f"{minutes}m")
        ended = checkout.busbar("demo", "--headless", "--json", *of, "--record", str(file))
        if ended.returncode == 2 and NOTHING_TO_AFFECT in ended.stderr.decode():
            return None
        # 1 says that a limit was broken: what was decided then is to be compared all the more.
        succeeded(ended, 0, 1)
        return file.read_bytes()


def compare(messages: Path, checkout: Checkout) -> str | None:
    """How the events of a recorded run differ from what this checkout decides; None where they are the same."""
    try:
        replayed = checkout.replay(gzip.decompress(messages.read_bytes()))
    except Failed as failed:
        return str(failed)
    return difference(gzip.decompress(events_beside(messages).read_bytes()), replayed)


def events_beside(messages: Path) -> Path:
    """Where the events of a recorded run are kept."""
    return messages.with_name(messages.name.removesuffix(MESSAGES) + EVENTS)


def difference(recorded: bytes, replayed: bytes) -> str | None:
    """The first line that differs, around the place where it does. Answers to time marks are no events."""
    for number, (then, now) in enumerate(zip_longest(events_of(recorded), events_of(replayed), fillvalue=b""), start=1):
        if then != now:
            shorter = min(len(then), len(now))
            at = next((place for place in range(shorter) if then[place] != now[place]), shorter)
            shown = slice(max(0, at - EXCERPT), at + EXCERPT)
            excerpts = (line[shown].decode(errors="replace") or "(nothing)" for line in (then, now))
            return "event {}, character {}\n  recorded: {}\n  replayed: {}".format(number, at + 1, *excerpts)
    return None


def events_of(answers: bytes) -> list[bytes]:
    """The lines but for those that answer time marks."""
    return [line for line in answers.splitlines() if not line.startswith(b'{"at":')]


def keep(file: Path, content: bytes) -> None:
    """Write a file whole or not at all; the same content gives the same file."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_bytes(gzip.compress(content, mtime=0))
    unfinished.replace(file)


def succeeded(ended: subprocess.CompletedProcess[bytes], *codes: int) -> subprocess.CompletedProcess[bytes]:
    """A process that ended with 0, or with one of these codes. Raises Failed."""
    if ended.returncode in (codes or (0,)):
        return ended
    complaint = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    raise Failed(f"{' '.join(ended.args[1:3])} ended with {ended.returncode}: {complaint}")


def in_order(work: Callable[[T], str | None], things: Iterable[T], jobs: int) -> Iterator[tuple[T, str | None]]:
    """The results of the work on each thing, in their order, each as soon as it is there."""
    listed = list(things)
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(listed, pool.map(work, listed), strict=True)


def record_all(folder: Path, checkout: Checkout, only: str, jobs: int, minutes: int) -> int:
    """Record what is wanted; returns 1 where a run could not be recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    failures = 0

    def work(run: Run) -> str:
        try:
            return record(folder, checkout, run, minutes)
        except Failed as failed:
            return f"FAILED: {failed}"

    for run, word in in_order(work, (run for run in runs(checkout) if only in run.name), jobs):
        print(f"{run.name}: {word}", flush=True)
        failures += (word or "").startswith("FAILED")
    return 1 if failures else 0


def compare_all(folder: Path, checkout: Checkout, only: str, jobs: int) -> int:
    """Compare what is recorded; returns 1 where anything differs, 2 where nothing is recorded."""
    recorded = [
        file for file in sorted(folder.glob(f"*{MESSAGES}")) if only in file.name and events_beside(file).exists()
    ]
    if not recorded:
        print(f"There is no recorded run in {folder}.", file=sys.stderr)
        return 2
    differ = 0
    for file, found in in_order(lambda each: compare(each, checkout), recorded, jobs):
        name = file.name.removesuffix(MESSAGES)
        print(f"{name}: same" if found is None else f"{name}: DIFFERENT at {found}", flush=True)
        differ += found is not None
    print(f"{len(recorded)} runs, {differ} different")
    return 1 if differ else 0


def main() -> int:
    """Do what the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compare the decisions of two checkouts of Busbar by replay.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("record", "play every scenario, plain and under every fault script, and keep messages and events"),
        ("compare", "replay what is recorded with another checkout; exit 1 where any event differs"),
    ):
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        command.add_argument("folder", metavar="DIR", type=Path)
        command.add_argument("--checkout", metavar="PATH", type=Path, required=True, help="a clone with its .venv")
        command.add_argument("--only", metavar="SUBSTRING", default="", help="runs whose SCENARIO.FAULT.SEED has this")
        command.add_argument("--jobs", metavar="N", type=int, default=1, help="how many at once [1]")
        if name == "record":
            command.add_argument("--minutes", metavar="N", type=int, default=40, help="simulated time of a run [40]")
    arguments = parser.parse_args()
    os.nice(19)
    checkout = Checkout(arguments.checkout)
    if arguments.command == "record":
        return record_all(arguments.folder, checkout, arguments.only, arguments.jobs, arguments.minutes)
    return compare_all(arguments.folder, checkout, arguments.only, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
