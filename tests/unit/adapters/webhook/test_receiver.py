"""A webhook: what is sent, who may have sent it, and where it may lead (HOOK-2, HOOK-4, HOOK-5)."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest

from adapters.messages.notices import write_notice
from adapters.webhook import receiver
from adapters.webhook.addresses import Address, is_private, is_public
from adapters.webhook.hook import Hook
from adapters.webhook.receiver import HttpReceiver
from adapters.webhook.signature import signature
from application.ports.notifying import NotDelivered
from docs.webhook_receiver import is_genuine
from entrypoints import webhook
from entrypoints.unusable import UnusableSetting
from tests.contract.persistence.test_waiting_notices import NOTICE
from tests.contract_files.validation import complaints
from tools.contract_files.files import committed_schemas

SECRET = "whsec-of-a-test"


def now() -> datetime:
    return datetime.now(UTC)


class Server:
    """A server in this process that answers as it is told, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.waits_s = 0.0
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        }
        self.requests.append((headers, await reader.readexactly(int(headers["content-length"]))))
        await asyncio.sleep(self.waits_s)
        writer.write(self.answer)
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    served = Server()
    listening = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    async with listening:
        yield served, listening.sockets[0].getsockname()[1]


def to(port: int, host: str = "127.0.0.1", *, allow_private: bool = True, **named: Any) -> HttpReceiver:
    return HttpReceiver(Hook(f"http://{host}:{port}/busbar?a=1", SECRET, allow_private), now, **named)


async def test_an_entry_is_a_structured_cloudevent_that_is_signed(server: tuple[Server, int]) -> None:
    """Holds HOOK-2 and HOOK-4."""
    served, port = server
    await to(port).deliver(NOTICE)

    ((headers, body),) = served.requests
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["host"] == f"127.0.0.1:{port}"
    assert is_genuine(SECRET.encode(), headers["busbar-signature"], body, time.time())
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": "a-stream/depot/log/300001",
        "source": "urn:busbar:a-stream",
        "type": "busbar.log.entry.v1",
        "subject": "depot",
        "time": "2026-11-22T08:00:00Z",
        "sequence": "300001",
        "dataschema": "urn:busbar:schema:busbar.log.entry.v1",
        "datacontenttype": "application/json",
        "data": {
            "microgrid_id": "depot",
            "at": "2026-11-22T08:00:00Z",
            "code": "limit_changed",
            "node_id": "gc-1",
            "sentence": "It is “5 kW”",
            "before_w": 5000,
            "now_w": None,
            "duration_s": 2**40,
        },
    }
    assert write_notice(NOTICE) == body
    assert complaints(json.loads(body)["data"], committed_schemas()["busbar.log.entry.v1"]) == []


def test_the_signature_is_what_anybody_can_compute() -> None:
    at = datetime(2026, 11, 22, 8, 0, 0, 999_999, tzinfo=UTC)
    expected = hmac.new(b"s", b"1795334400." + b'{"a": 1}', hashlib.sha256).hexdigest()
    assert signature(b"s", at, b'{"a": 1}') == f"t=1795334400,v1={expected}"


@pytest.mark.parametrize(
    ("secret", "body", "later_s"),
    [(b"other", b"body", 0), (b"secret", b"changed", 0), (b"secret", b"body", 301), (b"secret", b"body", -301)],
)
def test_the_sample_takes_nothing_that_is_not_signed_just_now(secret: bytes, body: bytes, later_s: int) -> None:
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    header = signature(b"secret", at, b"body")
    assert is_genuine(b"secret", header, b"body", at.timestamp())
    assert not is_genuine(secret, header, body, at.timestamp() + later_s)
    assert not is_genuine(b"secret", "", b"body", at.timestamp())


@pytest.mark.parametrize(
    "answer", [b"500 Internal Server Error", b"302 Found\r\nLocation: http://127.0.0.1:1/", b"410 Gone"]
)
async def test_any_answer_but_a_good_one_is_none(server: tuple[Server, int], answer: bytes) -> None:
    served, port = server
    served.answer = b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(NotDelivered, match=answer[:3].decode()):
        await to(port).deliver(NOTICE)
    assert len(served.requests) == 1


async def test_an_answer_that_takes_too_long_is_none(
    server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, port = server
    served.waits_s = 1.0
    monkeypatch.setattr(receiver, "PATIENCE_S", 0.2)
    with pytest.raises(NotDelivered, match="no answer"):
        await to(port).deliver(NOTICE)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n"])
async def test_what_does_not_speak_http_has_not_taken_it(server: tuple[Server, int], answer: bytes) -> None:
    served, port = server
    served.answer = answer
    with pytest.raises(NotDelivered):
        await to(port).deliver(NOTICE)


async def test_where_nobody_listens_it_is_not_taken_and_no_secret_is_told(server: tuple[Server, int]) -> None:
    with pytest.raises(NotDelivered) as refusal:
        await to(1).deliver(NOTICE)
    assert SECRET not in str(refusal.value)
    assert SECRET not in repr(Hook("https://example.org", SECRET))


async def test_a_name_that_leads_into_a_private_network_is_not_asked(server: tuple[Server, int]) -> None:
    """Holds HOOK-5."""
    served, port = server
    with pytest.raises(NotDelivered, match="no public address"):
        await to(port, "localhost", allow_private=False).deliver(NOTICE)
    assert served.requests == []


async def test_what_is_asked_is_the_address_that_was_looked_at(
    server: tuple[Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds HOOK-5: a name that means another address a moment later leads nowhere else."""
    served, port = server
    asked: list[str] = []

    async def found(host: str, _port: int) -> Sequence[Address]:
        asked.append(host)
        return [ip_address("10.0.0.1"), ip_address("127.0.0.1")]

    monkeypatch.setattr(receiver, "is_public", lambda address: str(address) == "127.0.0.1")
    await to(port, "rebound.example", allow_private=False, resolve=found).deliver(NOTICE)
    assert asked == ["rebound.example"]
    assert served.requests[0][0]["host"] == f"rebound.example:{port}"


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "2002:a00:1::",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
    ],
)
def test_an_address_of_this_machine_or_network_is_not(address: str) -> None:
    assert not is_public(ip_address(address))
    assert is_private(address)


HERE = {"BUSBAR_WEBHOOK_URL": "https://hooks.example/busbar", "BUSBAR_WEBHOOK_SECRET": SECRET}
ALLOWED = {"BUSBAR_WEBHOOK_ALLOW_PRIVATE": "true"}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"BUSBAR_WEBHOOK_SECRET": ""}, "BUSBAR_WEBHOOK_SECRET"),
        ({"BUSBAR_WEBHOOK_URL": "hooks.example"}, "BUSBAR_WEBHOOK_URL"),
        ({"BUSBAR_WEBHOOK_URL": "ftp://hooks.example"}, "BUSBAR_WEBHOOK_URL"),
        ({"BUSBAR_WEBHOOK_URL": "https://user:pass@hooks.example"}, "BUSBAR_WEBHOOK_URL"),
        ({"BUSBAR_WEBHOOK_URL": "https://hooks.example:seven"}, "BUSBAR_WEBHOOK_URL"),
        ({"BUSBAR_WEBHOOK_URL": "http://hooks.example"}, "https://"),
        ({"BUSBAR_WEBHOOK_URL": "https://127.0.0.1:9"}, "BUSBAR_WEBHOOK_ALLOW_PRIVATE"),
        ({"BUSBAR_WEBHOOK_URL": "https://[::1]:9"}, "BUSBAR_WEBHOOK_ALLOW_PRIVATE"),
        ({"BUSBAR_WEBHOOK_URL": "https://localhost"}, "BUSBAR_WEBHOOK_ALLOW_PRIVATE"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    """Holds HOOK-1 and HOOK-5."""
    for name, value in (HERE | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnusableSetting, match=named) as refusal:
        webhook.hook()
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("variables", "url"),
    [({}, "https://hooks.example/busbar"), ({"BUSBAR_WEBHOOK_URL": "http://[::1]:9/a"} | ALLOWED, "http://[::1]:9/a")],
)
def test_what_can_be_used_is(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str) -> None:
    assert webhook.hook() is None
    for name, value in (HERE | variables).items():
        monkeypatch.setenv(name, value)
    found = webhook.hook()
    assert found is not None
    assert (found.url, found.secret) == (url, SECRET)
