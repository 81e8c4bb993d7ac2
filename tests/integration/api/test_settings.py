"""What has to be settled before anything is served: who may ask, and where it listens."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints import settings
from entrypoints.api.serve import Api, Operations
from entrypoints.unusable import UnusableSetting

ISSUER = {
    "BUSBAR_OIDC_ISSUER": "https://issuer.example",
    "BUSBAR_OIDC_CLIENT_IDS": "dashboard, another-app",
    "BUSBAR_OIDC_SCOPE": "busbar/read",
}


@pytest.fixture(autouse=True)
def without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def api(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], port: int | None = 0) -> Api:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Api(settings.load(), port)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"BUSBAR_HTTP_HOST": "0.0.0.0"}, "BUSBAR_HTTP_HOST"),
        ({"BUSBAR_HTTP_HOST": "::"}, "BUSBAR_HTTP_HOST"),
        ({"BUSBAR_HTTP_HOST": ""}, "BUSBAR_HTTP_HOST"),
        ({"BUSBAR_HTTP_HOST": "192.0.2.1", "BUSBAR_ALLOW_ANONYMOUS": "true"}, "BUSBAR_HTTP_HOST"),
        ({"BUSBAR_HTTP_PORT": "80800"}, "BUSBAR_HTTP_PORT"),
        ({"BUSBAR_ALLOW_ANONYMOUS": "perhaps"}, "BUSBAR_ALLOW_ANONYMOUS"),
        ({"BUSBAR_ALLOW_ANONYMOUS": "false", "BUSBAR_HTTP_HOST": "0.0.0.0"}, "BUSBAR_HTTP_HOST"),
        ({"BUSBAR_ALLOWED_HOSTS": "http://depot.example"}, "BUSBAR_ALLOWED_HOSTS"),
        ({"BUSBAR_ALLOWED_HOSTS": "depot.example:8080"}, "BUSBAR_ALLOWED_HOSTS"),
        ({"BUSBAR_ALLOWED_HOSTS": "*"}, "BUSBAR_ALLOWED_HOSTS"),
        ({"BUSBAR_CORS_ORIGINS": "*"}, "BUSBAR_CORS_ORIGINS"),
        ({"BUSBAR_CORS_ORIGINS": "https://a.example, *", "BUSBAR_ALLOW_ANONYMOUS": "true"}, "BUSBAR_CORS_ORIGINS"),
        (ISSUER | {"BUSBAR_OIDC_ISSUER": "http://issuer.example"}, "BUSBAR_OIDC_ISSUER"),
        (ISSUER | {"BUSBAR_OIDC_ISSUER": "issuer.example"}, "BUSBAR_OIDC_ISSUER"),
        (ISSUER | {"BUSBAR_OIDC_ISSUER": ""}, "BUSBAR_OIDC_ISSUER"),
        (ISSUER | {"BUSBAR_OIDC_CLIENT_IDS": " , "}, "BUSBAR_OIDC_CLIENT_IDS"),
        (ISSUER | {"BUSBAR_OIDC_SCOPE": "two words"}, "BUSBAR_OIDC_SCOPE"),
        (ISSUER | {"BUSBAR_OIDC_SCOPE": ""}, "BUSBAR_OIDC_SCOPE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    with pytest.raises(UnusableSetting, match=named):
        api(monkeypatch, variables)


@pytest.mark.parametrize("missing", ["BUSBAR_OIDC_CLIENT_IDS", "BUSBAR_OIDC_SCOPE"])
def test_an_issuer_alone_does_not_say_whose_tokens_are_good(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    with pytest.raises(UnusableSetting, match=missing):
        api(monkeypatch, {name: value for name, value in ISSUER.items() if name != missing})


@pytest.mark.parametrize(
    ("variables", "audience"),
    [
        ({}, "this machine only, as BUSBAR_OIDC_ISSUER is not set"),
        ({"BUSBAR_HTTP_HOST": "localhost"}, "this machine only, as BUSBAR_OIDC_ISSUER is not set"),
        (
            {"BUSBAR_HTTP_HOST": "0.0.0.0", "BUSBAR_ALLOW_ANONYMOUS": "true"},
            "this machine only, as BUSBAR_OIDC_ISSUER is not set",
        ),
        (
            {"BUSBAR_ALLOWED_HOSTS": "depot.example, 10.0.0.0/8"},
            "all who ask for this machine by loopback, depot.example or 10.0.0.0/8",
        ),
        (ISSUER | {"BUSBAR_CORS_ORIGINS": "*"}, "all who may ask"),
        (ISSUER | {"BUSBAR_HTTP_HOST": "0.0.0.0"}, "all who may ask"),
        (ISSUER | {"BUSBAR_OIDC_ISSUER": "http://127.0.0.1:9000/realm"}, "all who may ask"),
    ],
)
def test_who_is_answered_is_said(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], audience: str) -> None:
    given = api(monkeypatch, variables)
    assert given.audience == audience
    assert given.address.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_refused_by_where_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    with pytest.raises(UnusableSetting, match="--port"):
        api(monkeypatch, {}, taken_port)
    with pytest.raises(UnusableSetting, match="BUSBAR_HTTP_PORT"):
        api(monkeypatch, {"BUSBAR_HTTP_PORT": str(taken_port)}, None)


def operations(port: int | None = None, default: int = 8081) -> Operations:
    return Operations(settings.load(), port, default)


def test_health_and_metrics_of_a_process_are_served_where_it_is_told_or_at_the_next_free_port(
    monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    assert operations(default=taken_port).address != f"http://127.0.0.1:{taken_port}/"
    with pytest.raises(UnusableSetting, match="--port"):
        operations(taken_port)
    monkeypatch.setenv("BUSBAR_HTTP_PORT", str(taken_port))
    with pytest.raises(UnusableSetting, match="BUSBAR_HTTP_PORT"):
        operations()


def test_health_and_metrics_of_a_process_are_served_under_the_rule_that_holds_for_the_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUSBAR_HTTP_HOST", "0.0.0.0")
    with pytest.raises(UnusableSetting, match="BUSBAR_ALLOW_ANONYMOUS"):
        operations(0)
    monkeypatch.setenv("BUSBAR_ALLOW_ANONYMOUS", "true")
    assert operations(0).address.startswith("http://127.0.0.1:")
