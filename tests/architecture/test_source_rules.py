"""Rules that are read off the source: what the domain may import, where time may come from, who explains itself."""

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PURE = {
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "datetime",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "typing",
}

OF_A_CLOCK = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def offences(rule: Callable[[ast.Module], list[str]], *folders: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {offence}"
        for path in modules(*folders)
        for offence in rule(ast.parse(path.read_text(encoding="utf-8")))
    ]


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module named in an import, at any depth; a relative one as `.`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else node.module or "."


def impure_imports(tree: ast.Module) -> list[str]:
    """Imports of the domain that are neither its own nor pure parts of the standard library."""
    return [f"imports {name}" for name in imported(tree) if name.split(".")[0] != "domain" and name not in PURE]


def foreign_imports(tree: ast.Module) -> list[str]:
    """Imports of the application that are neither its own, the domain's nor the standard library's."""
    known = {"application", "domain"} | sys.stdlib_module_names
    return [f"imports {name}" for name in imported(tree) if name.split(".")[0] not in known]


def time_and_chance(tree: ast.Module) -> list[str]:
    """Where a module asks the system for time or chance, or makes an instant without a zone."""
    found = [f"imports {name}" for name in imported(tree) if name in {"time", "random", "secrets", "uuid"}]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio":
            found += [f"line {node.lineno}: asyncio.sleep" for alias in node.names if alias.name == "sleep"]
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).split(".")[-1]
            if (owner in {"datetime", "date"} and node.attr in OF_A_CLOCK) or (owner, node.attr) == (
                "asyncio",
                "sleep",
            ):
                found.append(f"line {node.lineno}: {owner}.{node.attr}")
        elif isinstance(node, ast.Call) and _makes_a_naive_instant(node):
            found.append(f"line {node.lineno}: {ast.unparse(node)} has no zone")
    return found


def _makes_a_naive_instant(call: ast.Call) -> bool:
    zones = [keyword.value for keyword in call.keywords if keyword.arg == "tzinfo"]
    if any(isinstance(zone, ast.Constant) and zone.value is None for zone in zones):
        return True
    year_to_zone = 8
    constructs = ast.unparse(call.func) in {"datetime", "datetime.datetime"}
    return constructs and not zones and len(call.args) < year_to_zone


def missing_docstring(tree: ast.Module) -> list[str]:
    return [] if ast.get_docstring(tree) else ["has no docstring"]


def test_the_domain_imports_only_itself_and_pure_parts_of_the_standard_library() -> None:
    assert offences(impure_imports, "src/domain") == []


def test_the_application_imports_only_itself_the_domain_and_the_standard_library() -> None:
    assert offences(foreign_imports, "src/application") == []


def test_domain_and_application_take_time_and_chance_from_their_callers() -> None:
    assert offences(time_and_chance, "src/domain", "src/application") == []


def test_every_module_says_what_it_is() -> None:
    assert offences(missing_docstring, "src", "tests") == []


@pytest.mark.parametrize("root", ["domain", "application", "adapters", "entrypoints"])
def test_an_import_root_is_the_folder_under_src(root: str) -> None:
    spec = importlib.util.find_spec(root)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / "src" / root / "__init__.py"


def looked_up_by_text(tree: ast.Module) -> list[str]:
    """`["key"]`: behind the edge there are attributes, which the type checker knows."""
    return [
        f"{ast.unparse(node)} in line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and isinstance(node.value, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
        and not ast.unparse(node.value).endswith(("Literal", "type", "Callable"))
    ]


def test_behind_the_edge_nothing_is_looked_up_by_text() -> None:
    assert offences(looked_up_by_text, "src/domain", "src/application") == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (looked_up_by_text, 'cycle["nodes"]'),
        (looked_up_by_text, 'rows[0]["limit_w"]'),
        (impure_imports, "import json"),
        (impure_imports, "from os import environ"),
        (impure_imports, "import collections.other"),
        (impure_imports, "from application.ports.clock import Clock"),
        (impure_imports, "from . import power"),
        (impure_imports, "def decide() -> None:\n    import logging"),
        (foreign_imports, "from sqlalchemy import select"),
        (foreign_imports, "import adapters.clock"),
        (time_and_chance, "import time"),
        (time_and_chance, "from random import Random"),
        (time_and_chance, "from datetime import UTC, datetime\nat = datetime.now(UTC)"),
        (time_and_chance, "import datetime\nat = datetime.datetime.now(datetime.UTC)"),
        (time_and_chance, "from datetime import date\nday = date.today()"),
        (time_and_chance, "at: datetime = field(default_factory=datetime.now)"),
        (time_and_chance, "from datetime import datetime\nat = datetime(2026, 11, 22)"),
        (time_and_chance, "local = at.replace(tzinfo=None)"),
        (time_and_chance, "await asyncio.sleep(1)"),
        (time_and_chance, "from asyncio import sleep"),
        (missing_docstring, "import json"),
    ],
)
def test_a_rule_sees_what_it_forbids(rule: Callable[[ast.Module], list[str]], source: str) -> None:
    assert rule(ast.parse(source, mode="exec")) != []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (looked_up_by_text, "nodes[node_id]"),
        (impure_imports, "from collections.abc import Sequence\nfrom domain.site.power import Watts"),
        (foreign_imports, "import asyncio\nfrom domain.site.power import Watts"),
        (time_and_chance, "from datetime import UTC, datetime\nat = datetime(2026, 11, 22, tzinfo=UTC)"),
        (time_and_chance, "now = self._clock.now()\nawait self._clock.sleep_until(now)"),
    ],
)
def test_a_rule_lets_pass_what_it_does_not_forbid(rule: Callable[[ast.Module], list[str]], source: str) -> None:
    assert rule(ast.parse(source)) == []
