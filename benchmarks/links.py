"""What 200 links cost a gateway: CPU time a reading and a setpoint, memory a link; beside a bare websocket.

`python -m benchmarks.links [--links N] [--readings N] [--rounds N] [--save]`. Stations and gateway are processes of
their own; the CPU time is that of the gateway alone.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.machine import cpu_seconds, machine

RESULTS = Path(__file__).parent / "results"
QUIET_S = 2.0
"""A gateway that asks nothing for so long has nothing to ask."""

SAMPLED = ("Power.Active.Import", *(f"Current.Import:L{n}" for n in (1, 2, 3)), *(f"Voltage:L{n}" for n in (1, 2, 3)))


def reading(number: int) -> str:
    """MeterValues of nine samples, as stations send them."""
    values = [
        {"value": f"{10 + number % 7}.5", "measurand": measurand, "context": "Sample.Periodic", "location": "Outlet"}
        | ({"phase": phase} if phase else {})
        | {"unit": {"P": "kW", "C": "A", "V": "V"}[measurand[0]]}
        for measurand, _, phase in (each.partition(":") for each in SAMPLED)
    ]
    values += [
        {"value": str(1000 + number), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": "35", "measurand": "Temperature", "unit": "Celsius"},
    ]
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    payload = {"connectorId": 1, "transactionId": 1, "meterValue": [{"timestamp": at, "sampledValue": values}]}
    return json.dumps([2, f"r{number}", "MeterValues", payload])


class Station:
    """One link. It answers whatever it is asked; `asked` counts the questions, `answered` the answers it got."""

    def __init__(self, socket: ClientConnection) -> None:
        self.asked = 0
        self._socket = socket
        self._limit = 0.0
        self._answers: asyncio.Queue[None] = asyncio.Queue()

    async def listen(self) -> None:
        async for frame in self._socket:
            message = json.loads(frame)
            if message[0] == 2:
                self.asked += 1
                answer = self._answer(message[2], message[3] if len(message) > 3 else {})
                await self._socket.send(json.dumps([3, message[1], answer]))
            else:
                self._answers.put_nowait(None)

    async def say(self, frame: str) -> None:
        """A call, or with a bare websocket anything, until it is answered."""
        await self._socket.send(frame)
        await self._answers.get()

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "SetChargingProfile":
                (period,) = payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
                self._limit = period["limit"]
            case "GetConfiguration":
                unit = {"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True, "value": "Power"}
                return {"configurationKey": [unit]}
            case "GetCompositeSchedule":
                period = {"startPeriod": 0, "limit": self._limit}
                schedule = {"duration": 60, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
                return {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}
        return {"status": "Accepted"}


@asynccontextmanager
async def serving(kind: str, links: int) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process that serves so many links, and its port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.links_served", kind, str(links)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process, int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def _quiet(stations: Sequence[Station]) -> int:
    """Until nothing is asked any more; how much was asked in all."""
    asked = -1
    while asked != (asked := sum(each.asked for each in stations)):
        await asyncio.sleep(QUIET_S)
    return asked


async def measured(kind: str, links: int, readings: int, rounds: int) -> dict[str, float]:
    """CPU milliseconds a reading and, of a gateway, a setpoint; KiB a link."""
    found: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        process, port = await stack.enter_async_context(serving(kind, links))
        idle_kib = _resident_kib(process.pid)
        stations = []
        for number in range(links):
            url = f"ws://127.0.0.1:{port}/cp-{number}"
            protocols = [Subprotocol("ocpp1.6")]
            socket = await stack.enter_async_context(
                connect(url, subprotocols=protocols, compression=None, ping_interval=None, proxy=None)
            )
            stations.append(Station(socket))
        tasks = [asyncio.ensure_future(each.listen()) for each in stations]
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
        said = json.dumps([2, "s", "StatusNotification", status])
        await asyncio.gather(*(each.say(said) for each in stations))
        await _quiet(stations)
        found["kib_a_link"] = (_resident_kib(process.pid) - idle_kib) / links
        taken = []
        for first in range(0, rounds * readings, readings):
            before = cpu_seconds(process.pid)
            for number in range(first, first + readings):
                await asyncio.gather(*(each.say(reading(number)) for each in stations))
            taken.append(1000 * (cpu_seconds(process.pid) - before) / readings / links)
        found["ms_a_reading"] = min(taken)
        if kind == "gateway":
            found["ms_a_setpoint"] = min([await _told(process, stations) for _ in range(rounds)])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {name: round(figure, 3) for name, figure in found.items()}


async def _told(process: asyncio.subprocess.Process, stations: Sequence[Station]) -> float:
    """CPU milliseconds a setpoint that is told and read back."""
    assert process.stdin is not None
    before, asked = cpu_seconds(process.pid), await _quiet(stations)
    process.stdin.write(b"cycle\n")
    told = await _quiet(stations) - asked
    assert told >= 2 * len(stations), f"{told} calls were made"
    return 1000 * (cpu_seconds(process.pid) - before) / len(stations)


def _resident_kib(pid: int) -> int:
    (line,) = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=200)
    parser.add_argument("--readings", type=int, default=15, help="of each link in a round")
    parser.add_argument("--rounds", type=int, default=3, help="the least of them counts")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/links.json")
    wanted = parser.parse_args()
    both = {
        kind: asyncio.run(measured(kind, wanted.links, wanted.readings, wanted.rounds)) for kind in ("bare", "gateway")
    }
    floor = both["bare"]["ms_a_reading"]
    results = {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "links": wanted.links,
        **both,
        "readings_in_bare_frames": round(both["gateway"]["ms_a_reading"] / floor, 1),
        "setpoints_in_bare_frames": round(both["gateway"]["ms_a_setpoint"] / floor, 1),
    }
    print(json.dumps(results, indent=1))
    if wanted.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "links.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
