"""Who may ask what: every route, with every kind of token."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from entrypoints.api import signing_keys
from entrypoints.api.app import create_app
from entrypoints.api.auth import AccessTokens
from entrypoints.api.feed import Feed
from entrypoints.api.read_side import ReadSide
from tests.integration.api.conftest import Shapes
from tests.integration.api.depots import NORTH, PLAYED
from tests.integration.api.issuer import CLIENT, SCOPE, Issuer, Key, an_issuer
from tests.integration.api.test_routes import assert_problem

OF_NORTH = ["", "/overview", "/cycles", "/cycles/1", "/breaches", "/history/gc-1", "/history/cp-1/1", "/stream"]
GUARDED = ["/v1/microgrids", *(f"/v1/microgrids/{NORTH}{path}" for path in OF_NORTH)]
OPEN = ["/health/live", "/health/ready", "/metrics", "/openapi.json"]


@pytest.fixture(scope="module")
def of_this_module() -> Iterator[Issuer]:
    with an_issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def stranger() -> Iterator[Issuer]:
    with an_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(of_this_module: Issuer) -> Issuer:
    of_this_module.asked = 0
    of_this_module.is_down = False
    of_this_module.calls_itself = of_this_module.url
    return of_this_module


@pytest.fixture
async def guarded(read_side: ReadSide, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """An API that only the issuer's tokens open. A stream ends at once: only its first answer matters here."""
    feed = Feed(read_side.stored_events)
    feed.close()
    app = create_app(read_side, feed, AccessTokens(issuer.url, (CLIENT, "another-app"), SCOPE))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://busbar.example") as client:
        yield client


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def unsigned(issuer: Issuer) -> str:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, None, "none", {"kid": "rsa"})  # type: ignore[arg-type]


def signed_with_the_public_key(issuer: Issuer) -> str:
    """HMAC with what everybody knows. No library makes such a token."""
    known = json.dumps(issuer.documents()["/keys"]["keys"][0]).encode()
    signed = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{issuer.token().split('.')[1]}"
    return f"{signed}.{as_text(hmac.digest(known, signed.encode(), 'sha256'))}"


def tampered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return f"{head}.{encoded({**claims, 'workspace_id': 'south'})}.{signature}"


def encoded(value: object) -> str:
    return as_text(json.dumps(value).encode())


def as_text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


REFUSED: dict[str, Callable[[Issuer, Issuer], str]] = {
    "of a wrong issuer": lambda issuer, stranger: stranger.token(),
    "of a wrong issuer that says it is the right one": lambda issuer, stranger: stranger.token(iss=issuer.url),
    "that is in another issuer's name": lambda issuer, stranger: issuer.token(iss=stranger.url),
    "that is an id token": lambda issuer, stranger: issuer.token(token_use="id", aud=CLIENT),
    "that does not say its use": lambda issuer, stranger: issuer.token(token_use=None),
    "that has expired": lambda issuer, stranger: issuer.token(exp=int(time.time()) - 1),
    "without an end": lambda issuer, stranger: issuer.token(exp=None),
    "that is not good yet": lambda issuer, stranger: issuer.token(nbf=int(time.time()) + 60),
    "that names no issuer": lambda issuer, stranger: issuer.token(iss=None),
    "that is not signed": lambda issuer, stranger: unsigned(issuer),
    "that is signed with the public key": lambda issuer, stranger: signed_with_the_public_key(issuer),
    "that was changed": lambda issuer, stranger: tampered(issuer),
    "with a key that nobody knows": lambda issuer, stranger: issuer.token("unknown", a_key()),
    "that is none": lambda issuer, stranger: "abc",
}


def a_key() -> Key:
    return Issuer("").new_key("any", "RS256")


@pytest.mark.parametrize("path", GUARDED)
async def test_without_a_token_every_route_is_a_401_that_says_what_is_wanted(
    guarded: httpx.AsyncClient, shapes: Shapes, path: str
) -> None:
    """Holds HTTP-13."""
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
        response = await guarded.get(path, headers=headers)
        assert_problem(response, 401, shapes)
        assert response.headers["www-authenticate"] == 'Bearer realm="busbar"'


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("kind", REFUSED)
async def test_a_token_that_is_not_good_is_a_401(
    guarded: httpx.AsyncClient, shapes: Shapes, issuer: Issuer, stranger: Issuer, kind: str, path: str
) -> None:
    """Holds HTTP-13."""
    response = await guarded.get(path, headers=bearing(REFUSED[kind](issuer, stranger)))
    assert_problem(response, 401, shapes)
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody"},
        {"client_id": None},
        {"client_id": [CLIENT]},
        {"scope": "openid"},
        {"scope": None},
        {"scope": f"{SCOPE}er"},
    ],
    ids=str,
)
async def test_a_right_token_without_the_client_or_the_scope_is_a_403(
    guarded: httpx.AsyncClient, shapes: Shapes, issuer: Issuer, changes: dict[str, Any], path: str
) -> None:
    """Holds HTTP-13."""
    response = await guarded.get(path, headers=bearing(issuer.token(**changes)))
    assert_problem(response, 403, shapes)
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("key_id", ["rsa", "ec"])
async def test_a_right_token_is_answered(guarded: httpx.AsyncClient, issuer: Issuer, key_id: str, path: str) -> None:
    assert (await guarded.get(path, headers=bearing(issuer.token(key_id)))).status_code == 200
    another = issuer.token(key_id, client_id="another-app", scope=SCOPE)
    assert (await guarded.get(path, headers=bearing(another))).status_code == 200


@pytest.mark.parametrize("workspace_id", ["south", None, ["north"]])
async def test_another_workspace_s_microgrid_is_not_there(
    guarded: httpx.AsyncClient, shapes: Shapes, issuer: Issuer, workspace_id: object
) -> None:
    """Holds HTTP-14."""
    headers = bearing(issuer.token(workspace_id=workspace_id))
    for path in GUARDED[1:]:
        response = await guarded.get(path, headers=headers)
        assert_problem(response, 404, shapes)
        assert response.json()["detail"] == f"There is no microgrid '{NORTH}'."
    listed = (await guarded.get("/v1/microgrids", headers=headers)).json()
    assert NORTH not in [line["microgrid_id"] for line in listed["items"]]


@pytest.mark.parametrize("workspace_id", ["north", "south", None])
async def test_a_microgrid_without_a_workspace_is_seen_by_all(
    guarded: httpx.AsyncClient, issuer: Issuer, workspace_id: str | None
) -> None:
    """Holds HTTP-14."""
    headers = bearing(issuer.token(workspace_id=workspace_id))
    for path in OF_NORTH:
        asked = f"/v1/microgrids/{PLAYED}{path}"
        assert (await guarded.get(asked, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", OPEN)
async def test_health_metrics_and_the_document_need_no_token(guarded: httpx.AsyncClient, path: str) -> None:
    """Holds HTTP-15."""
    assert (await guarded.get(path)).status_code == 200


async def test_keys_are_fetched_once_and_an_unknown_one_again_only_after_a_cool_down(
    guarded: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def status(token: str) -> int:
        return (await guarded.get("/v1/microgrids", headers=bearing(token))).status_code

    assert [await status(issuer.token()) for _ in range(3)] == [200] * 3
    issuer.new_key("newer", "ES256")
    newer = issuer.token("newer")
    assert [await status(newer) for _ in range(3)] == [401] * 3
    assert issuer.asked == 1

    monkeypatch.setattr(signing_keys, "COOL_DOWN_S", 0.0)
    assert await status(newer) == 200
    assert issuer.asked == 2


async def test_a_key_that_was_withdrawn_is_trusted_no_longer_than_keys_are_kept(
    guarded: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.new_key("leaked", "ES256")
    headers = bearing(issuer.token("leaked"))
    assert (await guarded.get("/v1/microgrids", headers=headers)).status_code == 200
    issuer.withdraw("leaked")
    monkeypatch.setattr(signing_keys, "COOL_DOWN_S", 0.0)
    assert (await guarded.get("/v1/microgrids", headers=headers)).status_code == 200

    monkeypatch.setattr(signing_keys, "KEPT_S", 0.3)
    await asyncio.sleep(0.3)
    assert (await guarded.get("/v1/microgrids", headers=headers)).status_code == 401


async def test_while_the_issuer_is_away_no_token_can_be_verified_and_none_is_believed(
    guarded: httpx.AsyncClient, shapes: Shapes, issuer: Issuer
) -> None:
    issuer.is_down = True
    response = await guarded.get("/v1/microgrids", headers=bearing(issuer.token()))
    assert_problem(response, 503, shapes)


async def test_keys_of_somebody_who_calls_himself_otherwise_are_not_taken(
    guarded: httpx.AsyncClient, shapes: Shapes, issuer: Issuer
) -> None:
    issuer.calls_itself = "https://another.example"
    assert_problem(await guarded.get("/v1/microgrids", headers=bearing(issuer.token())), 503, shapes)
    assert issuer.asked == 0
