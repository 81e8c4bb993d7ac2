"""One run: everything is sent what is hostile, while depots beside it are to be decided as ever."""

import asyncio
import random
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from aiokafka import AIOKafkaProducer

from tests.faults.members import Member, wait_until
from tests.faults.runs import RECOVERED_S
from tests.faults.stage import Stage
from tests.fuzz.targets import Api, Bus, Files, Wrong
from tests.services.processes import free_port, listens

GROWTH_KB: Final = 30_000
"""By so much the most of a process in the last third may be above its most in the third before; the first is warm-up.

A worker has in hand what its client fetched, a MiB of each partition (two topics of four here), and a batch of 500
messages as it came and as it was read; what it had at hand before it joined anew is freed then, and may stay with the
allocator. That is 10 MB a membership, as measured, and may come in the last third for the first time.
"""

SAMPLED_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Length:
    """How long a run is: so many seconds, and so many turns of each target at most, which a seed then repeats."""

    seconds: float = inf
    api: float = inf
    bus: float = inf
    files: float = inf

    def turns(self, target: "Api | Bus | Files") -> float:
        match target:
            case Api():
                return self.api
            case Bus():
                return self.bus
            case Files():
                return self.files


@dataclass(frozen=True, slots=True)
class Found:
    """What a run was, and what was wrong in it."""

    summary: str
    faults: Sequence[str]


def fuzzed(stage: Stage, seed: int, length: Length) -> Found:
    """Fuzz for so long, then see whether all goes on."""
    port = free_port()
    members = [stage.worker(), stage.worker(), stage.projector(), stage.api(port)]
    for member in members[:3]:
        member.joined()
    wait_until(lambda: listens(port), members[3].log.read_text)
    stage.load.start()
    stage.decided()
    api, files = Api(port), Files(stage.stack.home)
    faults, sizes, sent = asyncio.run(_fuzz(stage, members, (api, files), seed, length))
    stage.decided(RECOVERED_S)
    stage.load.stop()
    for member in members:
        said = member.log.read_text(errors="replace")
        faults += [f"{member.name} said: {said[each.start() :][:1500]}" for each in re.finditer("Traceback", said)][:1]
        if member.process.poll() is not None:
            faults.append(f"{member.name} ended with {member.process.returncode}: {said[-1500:]}")
    early, late = _most(sizes, 1), _most(sizes, 2)
    faults += [
        f"{name} grew from {early[name]} to {late[name]} kB"
        for name in early
        if late.get(name, 0) > early[name] + GROWTH_KB
    ]
    statuses = ", ".join(f"{count} x {status or 'closed'}" for status, count in sorted(api.statuses.items()))
    grown = ", ".join(f"{name} {early[name] // 1024} -> {late.get(name, 0) // 1024} MB" for name in early)
    return Found(f"seed {seed}: requests {statuses}; {sent} messages; {files.read} lines and files; {grown}", faults)


async def _fuzz(
    stage: Stage, members: Sequence[Member], targets: tuple[Api, Files], seed: int, length: Length
) -> tuple[list[str], Sequence[Mapping[str, int]], int]:
    """What was wrong, how large the processes were every second, and how many messages were taken."""
    began, faults, sizes = time.monotonic(), list[str](), list[Mapping[str, int]]()
    producer = AIOKafkaProducer(bootstrap_servers=stage.stack.bootstrap_servers, max_request_size=8_000_000)
    await producer.start()
    bus = Bus(producer, stage.stack.prefix)

    async def repeat(target: Api | Bus | Files) -> None:
        rng = random.Random(f"{seed} {type(target).__name__}")
        turns = 0
        while turns < length.turns(target) and time.monotonic() - began < length.seconds:
            turns += 1
            try:
                await target.turn(rng)
            except Wrong as wrong:
                faults.append(str(wrong))
            except subprocess.TimeoutExpired as late:
                faults.append(f"{late}: {late.__notes__}")
            await asyncio.sleep(0.2)

    async def measure() -> None:
        while True:
            sizes.append(_sizes(members))
            await asyncio.sleep(SAMPLED_EVERY_S)

    measuring = asyncio.ensure_future(measure())
    try:
        await asyncio.gather(*[repeat(target) for target in (bus, *targets)])
    finally:
        measuring.cancel()
        await producer.stop()
    return faults, sizes, bus.sent


def _sizes(members: Sequence[Member]) -> Mapping[str, int]:
    """Resident kB by process, of those that run."""
    return {member.name: member.resident_kb() for member in members if member.process.poll() is None}


def _most(sizes: Sequence[Mapping[str, int]], third: int) -> Mapping[str, int]:
    """The most of each process in a third of the time, of which there are 0 to 2."""
    most: dict[str, int] = {}
    for each in sizes[len(sizes) * third // 3 : len(sizes) * (third + 1) // 3]:
        most |= {name: max(kb, most.get(name, 0)) for name, kb in each.items()}
    return most
