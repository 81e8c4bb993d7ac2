"""The compose file on a Docker engine: built, brought up, spoken to through its published ports, gone without a trace.

Minutes, and an engine: only where BUSBAR_COMPOSE is set.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.e2e.processes import Ended, run
from tests.services.finding import docker_answers, missing
from tests.services.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
DEPOT = "joondalup-small"
SIMULATE = ("simulate", "--scenario", DEPOT, "--speed", "10", "--json")
BROUGHT_UP_S = 300


@dataclass(frozen=True, slots=True)
class Compose:
    """A project of its own on free ports."""

    project: str
    home: Path
    ports: dict[str, str]

    def __call__(self, *arguments: str) -> str:
        """What `docker compose` prints; it has to succeed."""
        ended = subprocess.run(
            ["docker", "compose", "--project-name", self.project, *arguments],
            cwd=ROOT,
            env=os.environ | self.ports,
            capture_output=True,
            text=True,
            timeout=BROUGHT_UP_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def busbar(self, *arguments: str) -> Ended:
        """A command on this machine, through the published ports."""
        addresses = {
            "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.ports['KAFKA_PORT']}",
            "BUSBAR_DATABASE_URL": "postgresql+asyncpg://busbar:for-development"
            f"@127.0.0.1:{self.ports['POSTGRES_PORT']}/busbar",
        }
        return run(self.home, *arguments, variables=addresses)

    def left(self) -> str:
        """The containers, volumes and networks of the project."""
        label = f"label=com.docker.compose.project={self.project}"
        return "".join(
            subprocess.run(
                ["docker", kind, "ls", "--quiet", "--filter", label, *more], capture_output=True, text=True, check=True
            ).stdout
            for kind, *more in (("container", "--all"), ("volume",), ("network",))
        )


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The service, up; it is taken down at the end, and the image it was built as goes with it."""
    if not docker_answers():
        missing("This test needs a Docker engine with its compose plugin.")
    # A builder of its own network may have no way to the packages.
    subprocess.run(["docker", "build", "--quiet", "--network", "host", "--tag", "busbar", "."], cwd=ROOT, check=True)
    ports = {f"{name}_PORT": str(free_port()) for name in ("KAFKA", "POSTGRES", "API")}
    compose = Compose(f"busbar-{uuid4().hex[:8]}", tmp_path_factory.mktemp("home"), ports)
    try:
        compose("up", "--wait")
        yield compose
    finally:
        compose("down", "--volumes")
    assert compose.left() == ""


def balanced(compose: Compose, seconds: int) -> None:
    ended = compose.busbar(*SIMULATE, "--for", f"{seconds}s")
    summary = json.loads(ended.out)
    assert (ended.code, summary["limit_violations"], summary["simulated_s"]) == (0, 0, seconds), ended.err
    assert summary["cycles_published"] > 0


def decided(compose: Compose) -> list[int]:
    """Every `event_seq` that is read from the published port, each once."""
    ended = compose.busbar("events", "--from-beginning", "--microgrid", DEPOT)
    assert ended.code == 0, ended.err
    return sorted({json.loads(line)["data"]["event_seq"] for line in ended.lines})


def shown(compose: Compose) -> list[str]:
    """The microgrids that the API knows of."""
    with urlopen(f"http://127.0.0.1:{compose.ports['API_PORT']}/v1/microgrids", timeout=10) as answer:
        return [each["microgrid_id"] for each in json.load(answer)["items"]]


def test_a_depot_is_balanced_through_the_published_ports_whatever_is_restarted(compose: Compose) -> None:
    assert [compose("exec", name, "id", "-u").strip() for name in ("worker", "projector", "api")] == ["10001"] * 3
    balanced(compose, 60)
    seqs = decided(compose)
    assert seqs == list(range(1, len(seqs) + 1))
    assert shown(compose) == [DEPOT]
    assert compose.busbar("status", DEPOT).code == 0

    compose("restart", "kafka", "postgres")
    compose("kill", "worker")
    compose("up", "--wait")
    balanced(compose, 30)
    again = decided(compose)
    assert len(again) > len(seqs)
    assert again == list(range(1, len(again) + 1))
