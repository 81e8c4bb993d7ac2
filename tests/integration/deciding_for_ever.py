"""A worker to be killed: decides cycle after cycle, each with its own configuration, and says what it committed."""

import asyncio
import sys
from dataclasses import replace

from adapters.clock import SystemClock
from adapters.database.engine import create_engine
from adapters.database.unit_of_work import SqlTransactions
from application.ports.bus import Message
from domain.events import DomainEvent
from tests.builders import EPOCH, a_cycle_completed, a_site


def encode(event: DomainEvent, **_: str | None) -> Message:
    return Message(event.microgrid_id, (("ce_type", b"busbar.cycle.completed.v1"),), b"x" * 40_000)


async def decide(transactions: SqlTransactions, stop_before_commit: bool) -> int:
    async with transactions.begin(EPOCH) as unit_of_work:
        microgrid = await unit_of_work.microgrids.get("depot")
        assert microgrid
        seq = microgrid.state.event_seq + 1
        state = replace(microgrid.state, event_seq=seq, cycle_seq=seq)
        site = a_site(version=seq + 1, chargers=seq + 1)
        unit_of_work.outbox.append([a_cycle_completed(event_seq=seq)], None, None)
        await unit_of_work.microgrids.save(replace(microgrid, state=state, site=site))
        if stop_before_commit:
            print("everything but the commit", flush=True)
            await asyncio.Event().wait()
        await unit_of_work.commit()
    return seq


async def main(url: str, *arguments: str) -> None:
    transactions = SqlTransactions(create_engine(url), encode, SystemClock())
    while True:
        print(await decide(transactions, "--stop-before-commit" in arguments), flush=True)


asyncio.run(main(*sys.argv[1:]))
