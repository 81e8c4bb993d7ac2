"""The oracle reproduces the worked examples that can be answered, key for key, and stands on its own."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.decision import decide

EXAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "examples" / "rebalance.jsonl").read_text("utf-8").splitlines()
]
ANSWERED = [example for example in EXAMPLES if "error" not in example["output"]]


def test_sixteen_of_the_eighteen_examples_have_an_answer() -> None:
    assert (len(EXAMPLES), len(ANSWERED)) == (18, 16)


@pytest.mark.parametrize("example", ANSWERED, ids=lambda example: example["name"])
def test_the_oracle_answers_a_worked_example_key_for_key(example: dict[str, Any]) -> None:
    answer = decide(example["input"])
    assert answer == example["output"]
    assert json.dumps(answer) == json.dumps(example["output"])


def test_the_oracle_imports_nothing_it_is_compared_with() -> None:
    oracle = Path(__file__).parents[1] / "oracle"
    imported = {
        name.partition(".")[0] if not name.startswith("tests.") else name.rpartition(".")[0]
        for source in oracle.glob("*.py")
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        for name in _names(node)
    }
    assert "tests.oracle" in imported
    assert imported - {"tests.oracle", "hypothesis"} <= sys.stdlib_module_names


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
