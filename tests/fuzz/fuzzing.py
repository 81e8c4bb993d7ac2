"""One run: everything is sent what is hostile, while depots beside it are to be decided as ever."""

import asyncio
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer

from tests.faults.members import Member, wait_until
from tests.faults.runs import RECOVERED_S
from tests.faults.stage import Stage
from tests.fuzz.targets import Api, Bus, Files, Wrong
from tests.services.processes import free_port, listens

GROWTH: Final = 1.25
GROWTH_KB: Final = 30_000
"""By so much a process may be larger at the end than after a third of the time, each of the two for itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run was, and what was wrong in it."""

    summary: str
    faults: Sequence[str]


def fuzzed(stage: Stage, seed: int, seconds: float) -> Found:
    """Fuzz for so long, then see whether all goes on."""
    port = free_port()
    members = [stage.worker(), stage.worker(), stage.projector(), stage.api(port)]
    for member in members[:3]:
        member.joined()
    wait_until(lambda: listens(port), members[3].log.read_text)
    stage.load.start()
    stage.decided()
    api, files = Api(port), Files(stage.stack.home)
    faults, early, sent = asyncio.run(_fuzz(stage, members, (api, files), seed, seconds))
    late = _sizes(members)
    stage.decided(RECOVERED_S)
    stage.load.stop()
    for member in members:
        said = member.log.read_text(errors="replace")
        faults += [f"{member.name} said: {said[each.start() :][:1500]}" for each in re.finditer("Traceback", said)][:1]
        if member.process.poll() is not None:
            faults.append(f"{member.name} ended with {member.process.returncode}: {said[-1500:]}")
    faults += [
        f"{name} grew from {early[name]} to {late[name]} kB"
        for name in early
        if late.get(name, 0) > max(early[name] * GROWTH, early[name] + GROWTH_KB)
    ]
    statuses = ", ".join(f"{count} x {status or 'closed'}" for status, count in sorted(api.statuses.items()))
    sizes = ", ".join(f"{name} {early[name] // 1024} -> {late[name] // 1024} MB" for name in early)
    return Found(f"seed {seed}: requests {statuses}; {sent} messages; {files.read} lines and files; {sizes}", faults)


async def _fuzz(
    stage: Stage, members: Sequence[Member], targets: tuple[Api, Files], seed: int, seconds: float
) -> tuple[list[str], Mapping[str, int], int]:
    """What was wrong, how large the processes were after a third of the time, and how many messages were taken."""
    began, faults, early = time.monotonic(), list[str](), dict[str, int]()
    producer = AIOKafkaProducer(bootstrap_servers=stage.stack.bootstrap_servers, max_request_size=8_000_000)
    await producer.start()
    bus = Bus(producer, stage.stack.prefix)

    async def repeat(target: Api | Bus | Files) -> None:
        rng = random.Random(f"{seed} {type(target).__name__}")
        while time.monotonic() - began < seconds:
            try:
                await target.turn(rng)
            except Wrong as wrong:
                faults.append(str(wrong))
            await asyncio.sleep(0.2)

    async def measure() -> None:
        await asyncio.sleep(seconds / 3)
        early.update(_sizes(members))

    try:
        await asyncio.gather(*[repeat(target) for target in (bus, *targets)], measure())
    finally:
        await producer.stop()
    return faults, early, bus.sent


def _sizes(members: Sequence[Member]) -> dict[str, int]:
    """Resident kB by process, of those that run."""
    return {member.name: member.resident_kb() for member in members if member.process.poll() is None}
