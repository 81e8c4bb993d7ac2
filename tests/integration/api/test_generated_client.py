"""A client that is generated of the OpenAPI document gets a typed answer from every route but the stream."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrypoints.api.app import new_app
from tests.integration.api.depots import NORTH, PLAYED

COMMITTED = Path(__file__).resolve().parents[3] / "contracts" / "openapi.json"
OPERATIONS = {
    operation["operationId"]: (operation["tags"][0], operation)
    for path in new_app().openapi()["paths"].values()
    for operation in path.values()
}
OF_A_MICROGRID: dict[str, Any] = {"microgrid_id": PLAYED}
ASKED: dict[str, dict[str, Any]] = {
    "microgrids": {},
    "status": OF_A_MICROGRID,
    "overview": OF_A_MICROGRID,
    "cycles": OF_A_MICROGRID,
    "cycle": OF_A_MICROGRID | {"cycle_seq": 1},
    "breaches": OF_A_MICROGRID,
    "history": OF_A_MICROGRID | {"node_id": "cp-1/1"},
    "log": OF_A_MICROGRID,
    "sessions": OF_A_MICROGRID,
    "live": {},
    "ready": {},
    "metrics": {},
    "openapi": {},
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the package that `openapi-python-client` makes, which can be imported."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    arguments = ["--path", str(COMMITTED), "--meta", "none", "--output-path", str(folder / "busbar_client")]
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            *arguments,
            "--config",
            str(folder / "config.yaml"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "WARNING" not in ended.stdout.upper(), ended.stdout
    sys.path.insert(0, str(folder))
    yield "busbar_client"
    sys.path.remove(str(folder))


class Client:
    """The generated client, aimed at the live API."""

    def __init__(self, package: str, address: str) -> None:
        self._package = package
        self._client = importlib.import_module(f"{package}.client").Client(address)

    def ask(self, operation: str, **asked: Any) -> Any:
        """The whole answer, what it was parsed to included."""
        tag, _ = OPERATIONS[operation]
        module = importlib.import_module(f"{self._package}.api.{tag}.{operation}")
        return module.sync_detailed(client=self._client, **asked)

    def shape(self, name: str) -> Any:
        return getattr(importlib.import_module(f"{self._package}.models"), name)


@pytest.fixture
def client(generated: str, address: str) -> Client:
    return Client(generated, address)


def test_every_operation_but_the_stream_is_asked_here() -> None:
    assert set(ASKED) == set(OPERATIONS) - {"stream"}


@pytest.mark.parametrize("operation", ASKED)
def test_every_operation_is_answered_as_a_type(client: Client, operation: str) -> None:
    answer = client.ask(operation, **ASKED[operation])
    assert answer.status_code == 200
    _, described = OPERATIONS[operation]
    content, *_ = described["responses"]["200"]["content"].values()
    if "$ref" in content["schema"]:
        shape = client.shape(content["schema"]["$ref"].rpartition("/")[2])
        assert isinstance(answer.parsed, shape)
        assert shape.from_dict(json.loads(answer.content)) == answer.parsed
    assert answer.parsed is not None


def test_what_the_client_was_given_can_be_used(client: Client) -> None:
    status = client.ask("status", microgrid_id=PLAYED).parsed
    (told, *_) = status.latest_cycle.setpoints
    assert told.reason in set(client.shape("Reason"))
    assert (told.limit_w or 0) >= 0
    page = client.ask("cycles", microgrid_id=NORTH, limit=2).parsed
    following = client.ask("cycles", microgrid_id=NORTH, limit=2, cursor=page.next_cursor).parsed
    assert [cycle.cycle_seq for cycle in (*page.items, *following.items)] == [59, 58, 57, 56]
    first = client.ask("history", microgrid_id=PLAYED, node_id="gc-1", limit=3).parsed.items
    assert [bucket.at for bucket in first] == sorted((bucket.at for bucket in first), reverse=True)


def test_a_problem_is_a_type_too(client: Client) -> None:
    answer = client.ask("status", microgrid_id="malagga")
    assert answer.status_code == 404
    assert isinstance(answer.parsed, client.shape("Problem"))
    assert answer.parsed.detail == "There is no microgrid 'malagga'."
