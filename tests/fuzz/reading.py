"""Commands that read files, and what else reads lines and messages, in one process: many documents in little time.

`python -m tests.fuzz.reading --seed 7 --turns 1000`; a seed repeats what is read.
"""

import argparse
import asyncio
import io
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from xml.etree import ElementTree

from adapters.messages import envelope, letters, registry
from adapters.messages.lines import LineError, write_error
from adapters.observability.escapes import escaped_json
from adapters.ocpp.passwords import Passwords, UnusablePasswords
from application.ports.bus import Message, Position, PublishedEvent, Unreadable
from entrypoints.cli.main import main
from entrypoints.run.lines import Lines
from entrypoints.run.plan import Plan, PlanFile, UnusablePlan
from entrypoints.run.planned import Planned
from tests.e2e.stacks import configuration, reading
from tests.fakes.bus import RememberedMessages
from tests.fuzz import mutations
from tests.fuzz.targets import TOPICS, Wrong, goes_on_for_days, hostile_message, replayed, snapshot

ENCODINGS: Final = ("utf-8", "ascii", "latin-1", "cp1252")
LINES: Final = 20
NOWHERE: Final = {"BUSBAR_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9", "BUSBAR_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: bytes


def busbar(*arguments: str, encoding: str = "utf-8") -> Said:
    """`busbar` with these arguments, in this process, at a terminal of this encoding. Raises what a process would."""
    out = io.BytesIO()
    streams = io.TextIOWrapper(out, encoding), io.TextIOWrapper(io.BytesIO(), encoding, errors="backslashreplace")
    sys.argv = ["busbar", *arguments]
    sys.stdout, sys.stderr = streams
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    for stream in streams:
        stream.flush()
    return Said(code, out.getvalue())


def fell_over(seed: int, turns: int, home: Path) -> Iterator[str]:
    """What fell over, and on what, in so many turns of everything."""
    readers = (_site, _site, _site, _lines, _plan, _telemetry, _messages, _passwords)
    for number in range(turns):
        rng = random.Random(f"{seed} {number}")
        for reader in readers:
            try:
                reader(rng, home)
            except Wrong as wrong:
                yield str(wrong)


def _site(rng: random.Random, home: Path) -> None:
    raw = mutations.document(rng, rng.choice((configuration("depot"), _example())))
    site, against = home / "site.json", home / "against.json"
    site.write_bytes(raw)
    against.write_bytes(mutations.document(rng, configuration("depot")))
    encoding = rng.choice(ENCODINGS)
    with _read("check", raw):
        shown = busbar("check", str(site), encoding=encoding)
        _require(shown.code in (0, 1, 2))
        as_json = busbar("check", "--json", "--against", str(against), str(site), encoding=encoding)
        _require(as_json.code == 2 or isinstance(json.loads(as_json.out), dict))
    if shown.code == 1:
        with _read("configure", raw):
            _require(busbar("configure", str(site), encoding=encoding).code in (1, 2))
        _accepted(raw, site, home / "report", encoding)
    with _read("simulate, demo and run", raw):
        # With a fault script that is none: a site is read before.
        for command in ("simulate", "demo"):
            _require(busbar(command, "--site", str(site), "--fault", "none", encoding=encoding).code == 2)
        if shown.code:
            _require(busbar("run", "--site", str(site), "--data", str(home / "data"), encoding=encoding).code == 2)


def _accepted(raw: bytes, site: Path, report: Path, encoding: str) -> None:
    """What is not to be played: that takes longer, and its names are those of sites that are valid."""
    with _read("accept site", raw):
        ended = busbar("accept", "site", "--for", "1s", "--report", str(report), str(site), encoding=encoding)
        _require(ended.code in (1, 2))
        if ended.code == 1:
            json.loads((report / "report.json").read_bytes())
            (report / "report.html").read_text("utf-8")
            ElementTree.parse(report / "junit.xml")


def _lines(rng: random.Random, home: Path) -> None:
    for command, sound in (("rebalance", snapshot), ("replay", replayed)):
        lines = [_line(mutations.document(rng, sound(rng))) for _ in range(LINES)]
        if command == "replay":
            lines = [each for each in lines if not goes_on_for_days(each)]
        file = home / "lines"
        file.write_bytes(b"".join(lines))
        with _read(command, b"".join(lines)):
            ended = busbar(command, str(file), encoding=rng.choice(ENCODINGS))
            _require(ended.code in (0, 2))
            answers = [json.loads(line) for line in ended.out.splitlines()]
            _require(command == "replay" or len(answers) == LINES)


def _plan(rng: random.Random, home: Path) -> None:
    cells = ("cp-1/1", "2030-01-01T05:00:00Z", "80000", "3", "connector", "", '"', *mutations.TEXTS)
    rows = [["connector", "departs_at", "energy_needed_wh", "priority"]]
    rows += [[rng.choice(cells) for _ in range(rng.randrange(6))] for _ in range(3)]
    if rng.random() < 0.3:
        rng.choice(rows).append(rng.choice((*mutations.TEXTS, "9" * 5000, "x" * 140_000)))
    raw = rng.choice(("\n", "\r\n", "\r")).join(map(",".join, rows)).encode(errors="surrogatepass")
    raw = mutations.noise(rng, raw) if rng.random() < 0.3 else raw
    file = home / "plan.csv"
    file.write_bytes(raw)
    plan = PlanFile(file)
    with _read("a plan", raw):
        with suppress(UnusablePlan, UnicodeDecodeError):
            plan.read()
        # The text as one that is not read in lines too.
        with suppress(UnusablePlan):
            Plan.read(raw.decode(errors="surrogateescape"))


def _telemetry(rng: random.Random, home: Path) -> None:
    """What `busbar send` and `busbar run` take: lines that become messages, joined to a plan."""
    plan = home / "sound.csv"
    plan.write_text("connector,departs_at,energy_needed_wh,priority\ncp-1/1,2030-01-01T05:00:00Z,80000,3\n")
    planned = PlanFile(plan)
    planned.read()
    lines = Lines(Planned(RememberedMessages(), planned))

    async def take() -> None:
        for _ in range(LINES):
            raw = mutations.document(rng, rng.choice((_charger(), _meter())))
            with _read("send", raw):
                error = await lines.take(raw)
                if isinstance(error, LineError):
                    json.loads(write_error(error, 1))

    asyncio.run(take())


def _messages(rng: random.Random, home: Path) -> None:
    """What lies on the bus: as it is read, as a letter, and as `busbar events` and `busbar dead-letters` print it."""
    del home
    for offset in range(LINES):
        topic = rng.choice(TOPICS)
        key, value, headers = hostile_message(rng, topic)
        text = None if key is None else key.decode(errors="surrogateescape")
        message = Message(text, tuple((name, given) for name, given in headers), value)
        with _read(f"a message of {topic}", repr(message).encode(errors="backslashreplace")):
            read = registry.read(topic, message)
            unreadable = read if isinstance(read, Unreadable) else Unreadable("malformed", "", message)
            letter = letters.read(letters.dead_letter(Position(topic, 0, offset), unreadable))
            letter = letters.read(message) or letter
            if letter is not None:
                json.loads(escaped_json(letters.write_line(letter)))
            if isinstance(read, PublishedEvent):
                json.loads(escaped_json(envelope.structured(message, read.data)))


def _passwords(rng: random.Random, home: Path) -> None:
    raw = b"cp-1 scrypt$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA\n" + mutations.text(rng).encode(errors="replace")
    file = home / "passwords"
    file.write_bytes(mutations.noise(rng, raw))
    with _read("passwords", raw), suppress(UnusablePasswords):
        Passwords.read(file)


@contextmanager
def _read(what: str, raw: bytes) -> Iterator[None]:
    """Raises Wrong for whatever is raised inside."""
    try:
        yield
    except Exception as error:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = "" if place is None else f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
        raise Wrong(f"{what} fell over, {type(error).__name__} {error} at {where}, on {raw[:1500]!r}") from error


def _require(holds: bool) -> None:
    if not holds:
        raise AssertionError("it ended or answered as it may not")


def _line(document: bytes) -> bytes:
    """A document as one line; a carriage return in it stays, as it ends none."""
    return document.replace(b"\n", b" ") + b"\n"


def _example() -> dict[str, Any]:
    """The wrapped form, with more of what may be stated."""
    stated = configuration("depot", name="Depot", time_zone="Europe/Berlin", workspace_id="w", max_import_w=90_000)
    return {"topic": "configuration", "payload": stated}


def _charger() -> dict[str, Any]:
    sound = reading("depot")
    sound["connectors"][0]["session"] = {"session_id": "a", "priority": 1, "departs_at": "2030-01-01T05:00:00Z"}
    return sound


def _meter() -> dict[str, Any]:
    at = "2026-11-22T08:00:00Z"
    return {"microgrid_id": "depot", "circuit_id": "gc", "sequence": 1, "measured_at": at, "power_w": 5_000}


def read() -> int:
    """Returns 1 where anything fell over."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.reading", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of what is read (1)")
    parser.add_argument("--turns", type=int, default=100, help="how much of it (100)")
    chosen = parser.parse_args()
    found = 0
    with TemporaryDirectory() as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BUSBAR_")}
        os.environ.clear()
        os.environ.update({**kept, **NOWHERE, "HOME": home, "XDG_STATE_HOME": home})
        for fault in fell_over(chosen.seed, chosen.turns, Path(home)):
            found += 1
            print(fault, flush=True)
    print(f"seed {chosen.seed}: {chosen.turns} turns, {found} fell over")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(read())
