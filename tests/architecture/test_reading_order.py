"""The way through the domain that its first page names is there, and short enough to be walked in an hour."""

import ast
import inspect
import re
from pathlib import Path

import domain

DOMAIN = Path(__file__).resolve().parents[2] / "src" / "domain"
LINES = 1260

STEP = re.compile(r"^\d+\. `([a-z_.]+)`(?:, `(\w+)\.(\w+)`)?:", re.MULTILINE)


def steps() -> list[tuple[str, str, str]]:
    """Module, and class and method where only that is to be read."""
    return STEP.findall(inspect.getdoc(domain) or "")


def length(module: str, owner: str, method: str) -> int:
    source = DOMAIN.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
    if not owner:
        return len(source.splitlines())
    (cls,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == owner)
    (function,) = (node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == method)
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def test_the_way_through_a_cycle_is_there_and_short() -> None:
    lengths = [length(*step) for step in steps()]
    assert len(lengths) == 9
    assert sum(lengths) <= LINES
