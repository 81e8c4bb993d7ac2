"""The read side over HTTP, as the live demo and `busbar api` serve it."""

import json
import re
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import PATIENCE_S, Running, run, running
from tests.services.processes import free_port

OPENAPI = Path(__file__).resolve().parents[2] / "contracts" / "openapi.json"
DEPOT = "joondalup-small"
LIVE = ("demo", "--scenario", DEPOT, "--speed", "30")
ISSUER = {
    "BUSBAR_OIDC_ISSUER": "https://issuer.example",
    "BUSBAR_OIDC_CLIENT_IDS": "dashboard",
    "BUSBAR_OIDC_SCOPE": "busbar/read",
}


@contextmanager
def asking(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=10, trust_env=False) as client:
        yield client


def address_of(demo: Running) -> str:
    """What the demo says first."""
    demo.read_until("headroom")
    (address,) = re.findall(r"^Serving (http://127\.0\.0\.1:\d+/)$", demo.out.decode(), re.MULTILINE)
    return str(address)


def read(client: httpx.Client, path: str) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_live_demo_answers_every_route_while_it_runs(home: Path) -> None:
    port = free_port()
    with running(home, *LIVE, "--for", "60s", "--port", str(port), "--json") as demo:
        address = address_of(demo)
        assert address == f"http://127.0.0.1:{port}/"
        one = f"/v1/microgrids/{DEPOT}"
        with asking(address) as client:
            page = client.get("/")
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert [each["microgrid_id"] for each in read(client, "/v1/microgrids")["items"]] == [DEPOT]
            assert read(client, one)["as_of"]["state"] == "fresh"
            assert read(client, f"{one}/cycles")["items"][-1]["cycle_seq"] == 1
            assert len(read(client, f"{one}/cycles/1")["setpoints"]) == 4
            assert read(client, f"{one}/breaches")["items"] == []
            assert read(client, f"{one}/history/cp-1/1")["items"] != []
            assert read(client, "/health/ready") == {"status": "ready"}
            assert "busbar_cycles_total" in client.get("/metrics").text
            assert read(client, "/openapi.json") == json.loads(OPENAPI.read_text("utf-8"))
            with client.stream("GET", f"{one}/stream", headers={"Last-Event-ID": "0"}) as stream:
                types = [line for line in stream.iter_lines() if line.startswith("event: ")]
        demo.read_until("limit_violations")
        demo.process.wait(20)

    # The stream ended with the demo, and everything that happened had come through it.
    assert demo.process.returncode == 0
    summary = json.loads(demo.out.decode().splitlines()[-1])
    assert len(types) == sum(summary["events"].values())
    assert (home / "stderr").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_live_demo_ends_within_five_seconds_though_streams_are_open(home: Path, number: signal.Signals) -> None:
    """Holds CLI-6."""
    with (
        running(home, *LIVE, "--port", "0") as demo,
        asking(address_of(demo)) as client,
        client.stream("GET", f"/v1/microgrids/{DEPOT}/stream") as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines) == ":"
        took_s = demo.end(number)
        for _ in lines:
            pass
    assert demo.process.returncode == 0
    assert took_s < 5
    assert (home / "stderr").read_text() == ""


def test_a_live_demo_takes_the_next_free_port_where_none_is_asked_for(home: Path) -> None:
    """Holds CLI-5."""
    with running(home, *LIVE) as first:
        one = address_of(first)
        (home / "another").mkdir()
        with running(home / "another", *LIVE) as second:
            another = address_of(second)
            second.end(signal.SIGTERM)
        first.end(signal.SIGTERM)
    assert one != another
    assert int(another.rstrip("/").rpartition(":")[2]) > int(one.rstrip("/").rpartition(":")[2]) >= 8080


def test_the_view_in_a_terminal_shows_the_address(home: Path) -> None:
    port = free_port()
    with running(home, *LIVE, "--port", str(port), terminal=(40, 160)) as demo:
        demo.read_until(f"http://127.0.0.1:{port}/")
        demo.end(signal.SIGINT)


def test_a_headless_demo_serves_nothing(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ended = run(home, "demo", "--headless", "--scenario", DEPOT, "--for", "5s", "--port", str(port))
    assert ended.code == 0


@pytest.mark.parametrize("command", [("api",), LIVE], ids=lambda command: command[0])
def test_without_an_issuer_another_host_is_refused_before_anything_is_done(
    home: Path, command: tuple[str, ...]
) -> None:
    """Holds HTTP-12."""
    database = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'busbar.sqlite3'}"}
    ended = run(home, *command, variables=database | {"BUSBAR_HTTP_HOST": "0.0.0.0"})
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_HTTP_HOST" in complaint
    assert not (home / "busbar.sqlite3").exists()


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run(home, *LIVE, "--port", str(taken.getsockname()[1]))
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "--port" in complaint


@pytest.fixture
def database(home: Path) -> dict[str, str]:
    """A database in which a demo has run for half a minute."""
    variables = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'busbar.sqlite3'}"}
    assert run(home, "demo", "--headless", "--scenario", DEPOT, "--for", "30s", variables=variables).code == 0
    return variables


@contextmanager
def an_api(home: Path, variables: dict[str, str], once: str = "/health/ready") -> Iterator[tuple[Running, str]]:
    with running(home, "api", "--port", str(port := free_port()), variables=variables) as api:
        address = f"http://127.0.0.1:{port}/"
        with asking(address) as client:
            wait_until_it_is(client, once)
        yield api, address


def wait_until_it_is(client: httpx.Client, state: str) -> None:
    patient_until = time.monotonic() + PATIENCE_S
    while time.monotonic() < patient_until:
        try:
            if client.get(state, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{state} never was well")


def test_an_api_serves_a_database_until_it_is_told_to_end(home: Path, database: dict[str, str]) -> None:
    with an_api(home, database) as (api, address), asking(address) as client:
        (line,) = read(client, "/v1/microgrids")["items"]
        # It was decided in simulated time, months ago by the clock on the wall.
        assert (line["microgrid_id"], line["as_of"]["state"]) == (DEPOT, "stale")
        assert read(client, "/health/live") == {"status": "live"}
        assert client.get("/metrics").status_code == 200
        with client.stream("GET", f"/v1/microgrids/{DEPOT}/stream", headers={"Last-Event-ID": "0"}) as stream:
            lines = stream.iter_lines()
            while next(lines) != "event: busbar.cycle.completed.v1":
                pass
            took_s = api.end(signal.SIGTERM)
    assert api.process.returncode == 0
    assert took_s < 5
    said = (home / "stderr").read_text()
    assert f"serving {address} to this machine only" in said
    assert len(said.splitlines()) == 1


def test_an_api_with_an_issuer_serves_other_hosts_and_asks_for_a_token(home: Path, database: dict[str, str]) -> None:
    with an_api(home, database | ISSUER | {"BUSBAR_HTTP_HOST": "0.0.0.0"}) as (_, address), asking(address) as client:
        for headers in ({}, {"Host": "busbar.example"}):
            assert client.get("/v1/microgrids", headers=headers).status_code == 401
            assert client.get("/health/live", headers=headers).status_code == 200


def test_anonymous_reading_from_everywhere_has_to_be_allowed(home: Path, database: dict[str, str]) -> None:
    """Holds HTTP-12."""
    allowed = {
        "BUSBAR_HTTP_HOST": "0.0.0.0",
        "BUSBAR_ALLOW_ANONYMOUS": "true",
        "BUSBAR_ALLOWED_HOSTS": "busbar.example",
    }
    with an_api(home, database | allowed) as (_, address), asking(address) as client:
        assert client.get("/v1/microgrids", headers={"Host": "busbar.example"}).status_code == 200
        assert client.get("/v1/microgrids", headers={"Host": "rebound.example"}).status_code == 421


@pytest.mark.parametrize("state", ["no file", "no schema", "an older schema"])
def test_an_api_does_not_start_on_an_older_schema(home: Path, state: str) -> None:
    """Holds CLI-22."""
    variables = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'busbar.sqlite3'}"}
    if state == "no schema":
        (home / "busbar.sqlite3").touch()
    elif state == "an older schema":
        assert run(home, "migrate", variables=variables).code == 0
        with closing(sqlite3.connect(home / "busbar.sqlite3")) as database:
            database.execute("UPDATE prepared_version SET version_num = '0001'")
            database.commit()
    ended = run(home, "api", "--port", "0", variables=variables)
    assert (ended.code, ended.lines) == (2, [])
    assert "run `busbar migrate` first" in ended.complaints[-1]


def test_an_api_that_starts_while_its_database_is_away_waits_and_is_not_ready(home: Path) -> None:
    away = {"BUSBAR_DATABASE_URL": f"postgresql+asyncpg://postgres@127.0.0.1:{free_port()}/busbar"}
    with an_api(home, away, once="/health/live") as (api, address), asking(address) as client:
        assert client.get("/health/ready").status_code == 503
        assert client.get("/v1/microgrids").status_code == 503
        api.process.send_signal(signal.SIGTERM)
        assert api.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("url", ["banana", "mysql://x", "sqlite+aiosqlite:", "postgresql+asyncpg://u:s3cret@h:port/x"])
@pytest.mark.parametrize("command", ["api", "worker", "project"])
def test_a_database_url_that_cannot_be_read_is_refused_in_a_sentence(home: Path, command: str, url: str) -> None:
    """Holds ENV-4."""
    variables = {"BUSBAR_DATABASE_URL": url, "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    ended = run(home, command, "--port", "0", variables=variables)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_DATABASE_URL" in complaint
    assert "s3cret" not in complaint


def test_without_a_database_an_api_says_which_variable_is_missing(home: Path) -> None:
    ended = run(home, "api", "--port", "0")
    assert ended.code == 2
    (complaint,) = ended.complaints
    assert "BUSBAR_DATABASE_URL" in complaint


def test_half_open_requests_of_a_flood_leave_the_api_reachable_and_the_log_short(
    home: Path, database: dict[str, str]
) -> None:
    """Holds HTTP-21."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # as most systems have it; the process asks for more
    try:
        with an_api(home, database) as (api, address), ExitStack() as flood:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
            place = httpx.URL(address)
            for _ in range(1100):
                half = flood.enter_context(socket.create_connection((place.host, place.port or 0), timeout=10))
                half.sendall(b"GET /v1/microgrids HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            with asking(address) as client:
                assert client.get("/health/live").status_code == 200
                assert client.get("/v1/microgrids").status_code == 200
            assert api.process.poll() is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    said = (home / "stderr").read_text()
    assert "Traceback" not in said
    assert len(said) < 2000
