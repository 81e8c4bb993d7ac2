"""Unit tests lie where what they are about lies: `tests/unit/a/test_b_in_some_way.py` is about `src/a/b.py`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC, UNIT = ROOT / "src", ROOT / "tests" / "unit"


def test_each_unit_test_is_found_by_the_module_that_it_is_about() -> None:
    assert sorted(elsewhere(SRC, UNIT)) == []


def elsewhere(src: Path, unit: Path) -> Iterator[str]:
    for test in unit.rglob("test_*.py"):
        if not is_about_a_module(src / test.parent.relative_to(unit), test.stem):
            yield str(test.relative_to(unit))


def is_about_a_module(package: Path, name: str) -> bool:
    words = name.removeprefix("test_").split("_")
    return any((package / f"{'_'.join(words[:count])}.py").exists() for count in range(1, len(words) + 1))
