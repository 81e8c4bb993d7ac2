"""The API of a live demo beside the cycles of the same process."""

import asyncio
import threading
from pathlib import Path

import httpx

from domain.knowledge.situation import Situation
from domain.sharing import rebalance
from domain.sharing.plan import Plan
from domain.sharing.rotation import Rotation
from entrypoints.container import SCENARIOS_BY_NAME, Container
from entrypoints.demo import open_demo
from entrypoints.live_demo import LiveDemo
from entrypoints.settings import Settings
from tests.databases import sqlite_url
from tests.services.processes import free_port

DEPOT = "joondalup-small"
PATIENCE_S = 20


class PatientDecision:
    """Decides as ever, from when it is told to only after somebody else is done."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.others_are_done = threading.Event()
        self.was_waited_for = False
        self.patient = False

    def __call__(self, situation: Situation, memory: Rotation) -> Plan:
        if self.patient:
            self.begun.set()
            self.was_waited_for = self.others_are_done.wait(PATIENCE_S)
        return rebalance.decide(situation, memory)


async def test_requests_are_answered_while_a_cycle_is_being_decided(tmp_path: Path) -> None:
    decision, port, stop = PatientDecision(), free_port(), asyncio.Event()
    url = sqlite_url(tmp_path / "demo.sqlite3")
    container = Container(database_url=url, scenario=SCENARIOS_BY_NAME[DEPOT], seed=1, decide=decision)
    loop = asyncio.get_running_loop()
    codes: list[int] = []

    def ask() -> None:
        decision.begun.wait(PATIENCE_S)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S / 2, trust_env=False) as client:
                codes.extend(client.get(path).status_code for path in ("/health/live", f"/v1/microgrids/{DEPOT}"))
        finally:
            decision.others_are_done.set()
            loop.call_soon_threadsafe(stop.set)

    async with open_demo(container) as demo:
        decision.patient = True
        asking = asyncio.create_task(asyncio.to_thread(ask))
        await LiveDemo(Settings(), port, duration_s=60, speed=100).play(container, demo, stop)
        await asking
    assert decision.was_waited_for
    assert codes == [200, 200]
