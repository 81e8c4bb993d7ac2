"""What the files under `contracts` are compared with: made anew, and said by a demo."""

import asyncio
import json
from typing import Any

import pytest
import yaml

from adapters.simulation.faults.chargers import Disobedience
from adapters.simulation.faults.script import Fault
from adapters.simulation.scenarios import SCENARIOS
from entrypoints.container import Container
from tests.databases import sqlite_url
from tools.contract_files.files import contract_files
from tools.contract_files.listening import Heard, open_overheard_demo

DEMO_S = 180

FOR_HALF_A_MINUTE = Fault(
    "ignores-setpoint",
    "For half a minute one connector draws its rating.",
    lambda plant, draw: Disobedience(plant, range(60, 90)),
)


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """Path below `contracts` -> text, as the generator makes it now."""
    return asyncio.run(contract_files())


@pytest.fixture(scope="session")
def schemas(files: dict[str, str]) -> dict[str, dict[str, Any]]:
    """CloudEvents type -> schema."""
    return _below("schemas/", files)


@pytest.fixture(scope="session")
def examples(files: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Type, or type and case -> topic, key, headers and payload."""
    return _below("examples/", files)


@pytest.fixture(scope="session")
def document(files: dict[str, str]) -> dict[str, Any]:
    """The AsyncAPI document."""
    parsed: dict[str, Any] = yaml.safe_load(files["asyncapi.yaml"])
    return parsed


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[Heard]:
    """Everything that lay on the bus in three minutes at a depot, a disobedient connector among them."""
    container = Container(
        database_url=sqlite_url(tmp_path_factory.mktemp("demo") / "demo.sqlite3"),
        scenario=SCENARIOS["joondalup-small"],
        seed=1,
        fault=FOR_HALF_A_MINUTE,
    )

    async def listen() -> list[Heard]:
        async with open_overheard_demo(container) as (demo, listener):
            for _ in range(DEMO_S):
                await demo.tick()
            return await listener.heard()

    return asyncio.run(listen())


def _below(folder: str, files: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {
        path.removeprefix(folder).removesuffix(".json"): json.loads(text)
        for path, text in files.items()
        if path.startswith(folder)
    }
