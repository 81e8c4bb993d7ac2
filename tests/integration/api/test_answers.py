"""What all answers have in common: entity tags, HEAD, the headers that protect, and problems when things go wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx
import pytest

from application.ports.persistence import StorageUnavailable
from application.ports.read_side import ReadModel
from application.queries.rows import BreachRow, GlanceRow, StatusRow
from entrypoints.api.app import create_app
from entrypoints.api.auth import Anonymous
from entrypoints.api.feed import Feed
from entrypoints.api.read_side import ReadSide
from tests.integration.api.conftest import Shapes, client_of
from tests.integration.api.depots import PLAYED
from tests.integration.api.test_routes import assert_problem

READS = [
    "/v1/microgrids",
    f"/v1/microgrids/{PLAYED}",
    f"/v1/microgrids/{PLAYED}/cycles?limit=2",
    f"/v1/microgrids/{PLAYED}/cycles/2",
    f"/v1/microgrids/{PLAYED}/breaches?state=all",
    f"/v1/microgrids/{PLAYED}/history/cp-1/1",
    "/openapi.json",
]
OTHERS = [
    "/health/live",
    "/health/ready",
    "/metrics",
    "/v1/nowhere",
    "/v1/microgrids?limit=0",
    "/v1/microgrids/nowhere",
]


@pytest.mark.parametrize("path", READS)
async def test_a_reader_who_has_it_already_is_told_so(client: httpx.AsyncClient, path: str) -> None:
    """Holds HTTP-9."""
    first = await client.get(path)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    for other in ('"other"', etag.strip('"'), f'"x{etag[1:]}'):
        assert (await client.get(path, headers={"If-None-Match": other})).status_code == 200


async def test_another_answer_has_another_tag(client: httpx.AsyncClient) -> None:
    tags = [(await client.get(path)).headers["etag"] for path in READS]
    assert len(set(tags)) == len(tags)


OVERVIEW = f"/v1/microgrids/{PLAYED}/overview"


@pytest.mark.parametrize("path", [OVERVIEW, "/v1/microgrids", "/openapi.json", "/metrics", "/"])
@pytest.mark.parametrize("taken", ["gzip", "br, gzip;q=0.5", "deflate,GZIP ; q=1.0"])
async def test_an_answer_above_a_kilobyte_is_compressed_where_the_reader_takes_that(
    client: httpx.AsyncClient, path: str, taken: str
) -> None:
    """Holds HTTP-21."""
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await client.get(path, headers={"Accept-Encoding": taken})
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert (packed.headers.get("content-encoding") == "gzip") == (len(plain.content) >= 1000)
    if "content-encoding" in packed.headers:
        assert int(packed.headers["content-length"]) < len(plain.content) / 2
    if "etag" in plain.headers:
        assert "Accept-Encoding" in packed.headers["vary"]
        assert "Accept-Encoding" in plain.headers["vary"]


@pytest.mark.parametrize("taken", ["identity", "", "br", "gzip;q=0", "gzip;q=0.0, identity", "xgzip"])
async def test_an_answer_is_as_it_is_for_a_reader_that_takes_no_gzip(client: httpx.AsyncClient, taken: str) -> None:
    response = await client.get(OVERVIEW, headers={"Accept-Encoding": taken})
    assert "content-encoding" not in response.headers
    assert response.json()["microgrid_id"] == PLAYED


async def test_a_compressed_answer_has_a_strong_tag_of_its_own(client: httpx.AsyncClient) -> None:
    """Holds HTTP-9."""
    gzip, identity = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}
    packed = (await client.get(OVERVIEW, headers=gzip)).headers["etag"]
    plain = (await client.get(OVERVIEW, headers=identity)).headers["etag"]
    assert packed != plain
    assert packed.startswith('"')
    for encoding, known, status in (
        (gzip, packed, 304),
        (gzip, plain, 200),
        (gzip, f"{plain}, {packed}", 304),
        (gzip, "*", 304),
        (identity, packed, 200),
        (identity, plain, 304),
    ):
        response = await client.get(OVERVIEW, headers=encoding | {"If-None-Match": known})
        assert (response.status_code, response.headers["etag"]) == (status, packed if encoding is gzip else plain)


@pytest.mark.parametrize("path", [*READS, *OTHERS])
async def test_head_is_answered_as_get_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    """Holds HTTP-9."""
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("path", [*READS, *OTHERS])
async def test_every_answer_has_the_headers_that_protect(client: httpx.AsyncClient, path: str) -> None:
    """Holds HTTP-11."""
    headers = (await client.get(path, headers={"Origin": "https://elsewhere.example"})).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert [name for name in headers if name.startswith("access-control-")] == []


async def test_other_origins_may_read_only_where_they_are_named(read_side: ReadSide) -> None:
    """Holds HTTP-11."""
    app = create_app(read_side, Feed(read_side.stored_events), Anonymous(), cors_origins=["https://a.example"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        named = await client.get("/v1/microgrids", headers={"Origin": "https://a.example"})
        other = await client.get("/v1/microgrids", headers={"Origin": "https://b.example"})
    assert named.headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("127.9.9.9", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("10.0.0.1", 421),
        ("[::2]", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", ["/v1/microgrids", "/health/live", "/nowhere"])
async def test_without_an_issuer_only_requests_to_a_loopback_host_are_answered(
    client: httpx.AsyncClient, shapes: Shapes, path: str, host: str, status: int
) -> None:
    """Holds HTTP-12."""
    response = await client.get(path, headers={"Host": host})
    assert response.status_code == (404 if (path, status) == ("/nowhere", 200) else status)
    if status == 421:
        assert_problem(response, 421, shapes)
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("depot.example:8080", 200),
        ("Depot.Example.", 200),
        ("10.0.0.5", 200),
        ("172.18.0.4:8080", 200),
        ("[fd00::7]:8080", 200),
        ("127.0.0.1:8080", 200),
        ("evil.example", 421),
        ("depot.example.evil.example", 421),
        ("10.0.0.6", 421),
        ("172.32.0.1", 421),
        ("", 421),
    ],
)
async def test_other_hosts_are_answered_only_where_they_are_named(read_side: ReadSide, host: str, status: int) -> None:
    """Holds HTTP-12."""
    allowed = ("depot.example", "10.0.0.5", "172.16.0.0/12", "fd00::/8")
    app = create_app(read_side, Feed(read_side.stored_events), Anonymous(), hosts=allowed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert (await client.get("/v1/microgrids", headers={"Host": host})).status_code == status


class Troubled:
    """A read model that fails, by an error of its own making or for want of a database."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def status(self, microgrid_id: str) -> StatusRow | None:
        raise self._error

    async def glances(self) -> Sequence[GlanceRow]:
        raise self._error

    async def latest_breaches(self, microgrid_id: str, limit: int) -> Sequence[BreachRow]:
        raise self._error

    async def open_breaches(self) -> Mapping[str, int]:
        raise self._error

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"nobody asks for {name}")


def troubled(read_side: ReadSide, error: Exception) -> httpx.AsyncClient:
    read_model: ReadModel = Troubled(error)  # type: ignore[assignment]
    return client_of(replace(read_side, read_model=read_model))


@pytest.mark.parametrize("path", ["/v1/microgrids", f"/v1/microgrids/{PLAYED}", f"/v1/microgrids/{PLAYED}/stream"])
async def test_an_error_of_our_own_is_a_500_problem_that_tells_nothing(
    read_side: ReadSide, shapes: Shapes, path: str
) -> None:
    async with troubled(read_side, ValueError("s3cret")) as client:
        response = await client.get(path)
    assert_problem(response, 500, shapes)
    assert "s3cret" not in response.text
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path", ["/v1/microgrids", f"/v1/microgrids/{PLAYED}", f"/v1/microgrids/{PLAYED}/stream", "/health/ready"]
)
async def test_while_the_database_is_away_reads_are_503_problems_and_the_process_is_alive_but_not_ready(
    read_side: ReadSide, shapes: Shapes, path: str
) -> None:
    """Holds HTTP-10."""
    async with troubled(read_side, StorageUnavailable("connection refused by 10.1.2.3")) as client:
        response = await client.get(path)
        assert (await client.get("/health/live")).status_code == 200
    assert_problem(response, 503, shapes)
    assert "10.1.2.3" not in response.text


async def test_before_the_schema_was_looked_at_the_process_is_not_ready(read_side: ReadSide, shapes: Shapes) -> None:
    async with client_of(replace(read_side, is_started=lambda: False)) as client:
        assert_problem(await client.get("/health/ready"), 503, shapes)
