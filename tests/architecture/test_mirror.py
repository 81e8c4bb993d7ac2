"""Unit tests lie where what they are about lies: `tests/unit/a/test_b_in_some_way.py` is about `src/a/b.py`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC, UNIT = ROOT / "src", ROOT / "tests" / "unit"

OF_SEVERAL = {
    "application/test_retired_depots.py": "a worker and the read models",
    "application/test_worker.py": "intake, cycles, decisions and relay of a worker, as it is killed",
    "domain/knowledge/test_departed_connectors.py": "memory, ledger and holdings",
    "domain/knowledge/test_former_ratings.py": "memory, ledger and holdings",
    "domain/knowledge/test_take_over.py": "readings, ledger and limits",
    "domain/sharing/test_at_the_meter.py": "shares, factors and what is told",
    "domain/sharing/test_told_again.py": "what reserved and unresponsive connectors are told",
    "domain/test_a_worked_example.py": "a whole cycle, by hand",
    "domain/test_field_bugs.py": "what was found in other systems",
}
"""Tests of what several modules do together. There may be fewer."""

WITHOUT = {"domain": 23, "application": 35}
"""How many modules no unit test is named after: plain values, and what is tested through others. There may be fewer.

Adapters and entry points are tested on what they adapt and start (`tests/contract`, `tests/integration`, `tests/e2e`).
"""


def test_a_unit_test_is_found_by_the_module_that_it_is_about() -> None:
    assert sorted(elsewhere(SRC, UNIT)) == sorted(OF_SEVERAL)


@pytest.mark.parametrize(("layer", "counted"), WITHOUT.items())
def test_no_more_modules_are_without_a_unit_test_of_their_name(layer: str, counted: int) -> None:
    found = [module for module in without(SRC, UNIT) if module.startswith(f"{layer}/")]
    assert len(found) <= counted, found


def test_a_test_that_lies_elsewhere_and_a_module_without_one_are_seen(tmp_path: Path) -> None:
    src, unit = tmp_path / "src", tmp_path / "unit"
    for file in (src / "domain/fill.py", unit / "domain/test_fill_in_order.py", unit / "test_fill.py"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (src / "domain/events.py").touch()
    assert list(elsewhere(src, unit)) == ["test_fill.py"]
    assert list(without(src, unit)) == ["domain/events.py"]


def elsewhere(src: Path, unit: Path) -> Iterator[str]:
    """The tests that are not named after a module of the folder that theirs mirrors."""
    for test in unit.rglob("test_*.py"):
        package, words = src / test.parent.relative_to(unit), test.stem.split("_")[1:]
        begins = ["_".join(words[:count]) for count in range(1, len(words) + 1)]
        if not any((package / f"{name}.py").exists() for name in begins):
            yield str(test.relative_to(unit))


def without(src: Path, unit: Path) -> Iterator[str]:
    """The modules whose name begins no test in the folder that mirrors theirs."""
    for module in src.rglob("*.py"):
        path = module.relative_to(src)
        if path.stem.startswith("_") or {"migrations", "ports"} & set(path.parts):
            continue
        if not any((unit / path.parent).glob(f"test_{path.stem}*.py")):
            yield str(path)
