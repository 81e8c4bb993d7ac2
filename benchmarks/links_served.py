"""The process that `benchmarks.links` measures: a gateway of so many charge points, or a bare websocket that answers.

It prints its port. The gateway decides a cycle, with another limit for all, for each line of its standard input.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from adapters.clock import SystemClock
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.server import Server
from application import event_types
from application.ports.bus import Message, PublishedEvent
from domain.site.configuration import ChargePoint, Circuit, Connector, SiteConfiguration

RATING_W = 22_000


class Nowhere:
    """A bus that takes everything."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Forget it."""


def site(links: int) -> SiteConfiguration:
    """So many charge points of one connector each."""
    charge_points = [
        ChargePoint(f"cp-{number}", "gc", RATING_W, (Connector(1, RATING_W),), 4_200) for number in range(links)
    ]
    circuits = (Circuit("gc", None, "Grid connection", links * RATING_W),)
    return SiteConfiguration("bench", "Bench", 1, circuits=circuits, charge_points=tuple(charge_points))


async def gateway(links: int) -> None:
    """Serve stations."""
    clock, cycle_seq = SystemClock(), 0
    core = Gateway(site(links), Nowhere(), clock, LinkMemory(":memory:", "bench"))
    running = asyncio.ensure_future(core.run())
    async with Server(core, None, clock).listening("127.0.0.1", 0) as port:
        print(port, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            cycle_seq += 1
            setpoints = [
                {"charge_point_id": f"cp-{n}", "connector_id": 1, "limit_w": 9_000 + cycle_seq, "valid_for_s": 120}
                for n in range(links)
            ]
            data = {"cycle_seq": cycle_seq, "decided_at": datetime.now(UTC).isoformat(), "setpoints": setpoints}
            core.receive(PublishedEvent("bench", cycle_seq, event_types.CYCLE_COMPLETED, json.dumps(data), "stream"))
    running.cancel()


async def bare(links: int) -> None:
    """Answer each frame with a short one."""

    async def answer(socket: ServerConnection) -> None:
        async for _ in socket:
            await socket.send('[3,"r",{}]')

    async with serve(
        answer, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")], compression=None, ping_interval=None
    ) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run({"gateway": gateway, "bare": bare}[sys.argv[1]](int(sys.argv[2])))
