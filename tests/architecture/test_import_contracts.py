"""Every import contract holds, and each was seen to fail on an import that it forbids."""

import os
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PLANTED = [
    ("layers", "domain/site/power.py", "import application.ports"),
    ("layers", "application/ports/clock.py", "from adapters import clock"),
    ("layers", "adapters/clock.py", "import entrypoints"),
    ("rooms", "domain/site/power.py", "from domain.knowledge import demand"),
    ("rooms", "domain/knowledge/demand.py", "from domain.sharing.strategy import Ranking"),
    ("rooms", "domain/sharing/strategy.py", "from domain.breaches import breach"),
    ("rooms", "domain/breaches/cause.py", "from domain.sharing.plan import Plan"),
    ("rooms", "domain/sharing/plan.py", "from domain.events import Trigger"),
    ("rooms", "domain/planted.py", ""),
    ("pure-domain", "domain/site/power.py", "import time"),
    ("pure-domain", "domain/site/power.py", "from os import environ"),
    ("plain-application", "application/ports/clock.py", "import sqlalchemy.orm"),
    ("plain-application", "application/ports/clock.py", "from opentelemetry import trace"),
    ("plain-application", "application/ports/bus.py", "import websockets"),
    ("plain-application", "domain/site/power.py", "from pydantic import BaseModel"),
    ("one-composition-root", "entrypoints/planted.py", "from adapters.kafka.source import KafkaSource"),
    ("one-composition-root", "entrypoints/planted.py", "from adapters.ocpp.gateway import Gateway"),
    ("one-injector", "entrypoints/planted.py", "from dependency_injector import containers"),
    ("one-injector", "adapters/clock.py", "from dependency_injector.wiring import inject"),
    ("independent-adapters", "adapters/clock.py", "from adapters.memory import bus"),
    ("independent-adapters", "adapters/messages/envelope.py", "from adapters import clock"),
    ("separate-simulation", "adapters/simulation/layout.py", "from domain.site.configuration import SiteConfiguration"),
    ("separate-simulation", "adapters/simulation/layout.py", "import application.ports"),
    ("independent-count", "adapters/simulation/violations.py", "from domain.site.power import Watts"),
    ("independent-count", "adapters/simulation/violations.py", "import adapters.messages.registry"),
    ("independent-count", "adapters/simulation/layout.py", "import adapters.messages.registry"),
]


def contracts() -> dict[str, str]:
    """Name by id, from the configuration."""
    config = ConfigParser()
    config.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {section.removeprefix(prefix): config[section]["name"] for section in config if section.startswith(prefix)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contract_holds(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout
    assert [name for name in contracts().values() if f"{name} KEPT" not in result.stdout] == []


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(contracts())


@pytest.mark.parametrize(("contract", "module", "statement"), PLANTED, ids=[" ".join(each) for each in PLANTED])
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str, module: str, statement: str) -> None:
    with (copy / "src" / module).open("a") as file:
        file.write(f"\n{statement}\n")
    result = lint(copy)
    assert result.returncode == 1
    assert f"{contracts()[contract]} BROKEN" in result.stdout
