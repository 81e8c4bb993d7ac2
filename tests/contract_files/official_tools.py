"""What others read contracts with, as packages of npm: installed once, into the user's cache folder."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tests.services import npm

HERE = Path(__file__).with_name("official")
PATIENCE_S = 240
ERROR = 0

Generated: TypeAlias = dict[str, list[tuple[str, str]]]
"""Language -> name and source of every class."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the parser saw in a document, and why it is none: code and message of every error."""

    channels: tuple[str, ...]
    messages: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Validated:
    """What ajv says of every file: of a schema why it is none, of an example all that is wrong with it."""

    schemas: dict[str, str | None]
    examples: dict[str, list[Any]]


def modules() -> Path:
    """Where the tools are installed; skips the test, or fails it, as `npm.modules` does."""
    return npm.modules(HERE, "contract-tools", "Official tools of the contracts need")


def judge(*documents: Path) -> list[Judged]:
    """Have AsyncAPI's parser read documents and the files that they refer to."""
    return [_judged(said) for said in _run("diagnose.cjs", *documents)]


def generate(document: Path) -> Generated:
    """Have AsyncAPI's generator make classes of a document."""
    (made,) = _run("generate.cjs", document)
    return {language: [(name, source) for name, source in classes] for language, classes in made.items()}


def validate(*folders: Path) -> list[Validated]:
    """Have ajv, in its strict mode, judge the schemas and examples of folders like `contracts`."""
    return [Validated(**said) for said in _run("validate.cjs", *folders)]


def _run(script: str, *of: Path) -> list[dict[str, Any]]:
    ended = subprocess.run(
        ["node", HERE / script, modules(), *of], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return [json.loads(line) for line in ended.stdout.splitlines()]


def _judged(said: dict[str, Any]) -> Judged:
    errors = [f"{found['code']}: {found['message']}" for found in said["diagnostics"] if found["severity"] == ERROR]
    return Judged(tuple(said["channels"]), tuple(said["messages"]), tuple(errors))
