"""The site files of `examples/` are without a warning, and can be played (CLI-29, CLI-5)."""

from pathlib import Path

import pytest

from tests.e2e.processes import run

FOLDER = Path(__file__).resolve().parents[2] / "examples"
SITES = sorted(FOLDER.glob("*.json"))


def test_the_table_of_the_examples_names_each_of_them() -> None:
    table = (FOLDER / "README.md").read_text("utf-8")
    assert SITES
    assert [site.name for site in SITES if f"]({site.name})" not in table] == []


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.stem)
def test_an_example_is_valid_without_a_warning(home: Path, site: Path) -> None:
    ended = run(home, "check", "--strict", str(site))
    assert (ended.code, ended.complaints, ended.lines[-1]) == (0, [], "Valid.")


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.stem)
def test_an_example_is_played_within_its_limits(home: Path, site: Path) -> None:
    ended = run(home, "demo", "--headless", "--for", "2m", "--site", str(site))
    assert (ended.code, ended.complaints) == (0, [])
    assert ended.lines[-1].endswith("limits violated in 0 seconds; pass.")
