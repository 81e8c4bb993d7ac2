"""Code, tests and documents cite rules that the specification has, and every rule that is built is named by a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.specification import FOLDER, PLANNED, ROOT, Specification

CITING = ("src", "tests", "docs", "tools", "benchmarks", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
TEXTS = {".py", ".md", ".js", ".html", ".yaml", ".toml"}


def texts(root: Path, *places: str) -> Iterator[tuple[str, str]]:
    """Every text at these places: where it is, and what it says."""
    for place in places:
        found = [root / place] if (root / place).is_file() else sorted((root / place).rglob("*"))
        for file in found:
            if file.suffix in TEXTS:
                yield str(file.relative_to(root)), file.read_text("utf-8")


def dead_citations(root: Path) -> list[str]:
    """Where a rule is cited that is not there."""
    specification = Specification(root / FOLDER)
    return [f"{place}: {cited}" for place, text in texts(root, *CITING) for cited in specification.dead(text)]


def named_by_tests(root: Path) -> set[str]:
    """The rules that some file of tests names; what tests are made with (oracle, builders) holds nothing by itself."""
    specification = Specification(root / FOLDER)
    return {
        number
        for place, text in texts(root, "tests")
        if Path(place).name.startswith("test_")
        for number in specification.citations(text)
    }


def unnamed(root: Path) -> list[str]:
    """Rules that are built, and named by no test."""
    return sorted(Specification(root / FOLDER).built - named_by_tests(root))


def named_though_planned(root: Path) -> list[str]:
    """Rules that a test names and the specification still calls planned."""
    return sorted(Specification(root / FOLDER).planned & named_by_tests(root))


def test_a_number_is_given_once() -> None:
    assert Specification().twice == []


def test_no_rule_is_cited_that_is_not_there() -> None:
    assert dead_citations(ROOT) == []


def test_every_rule_that_is_built_is_named_by_a_test() -> None:
    assert unnamed(ROOT) == []


def test_what_a_test_names_is_planned_no_more() -> None:
    assert named_though_planned(ROOT) == []


CHAPTER = f"""# Sites
### PLANT-1 One
### PLANT-2 Two
{PLANNED}

```
### PLANT-1 Shown, not given again
```
#### PLANT-3 A part of it
### R{1} Three
## Commands to come
{PLANNED}
### PLANT-4 Four
## Commands
### PLANT-5 Five
"""


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A repository with one chapter, in which everything is as it should be."""
    for place, text in {
        str(FOLDER / "sites.md"): CHAPTER,
        "src/site.py": '"""Holds PLANT-1, and PLANT-4 one day."""',
        "tests/test_site.py": f'def test_R{1}_holds() -> None:\n    """PLANT-1, PLANT-5."""',
    }.items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return tmp_path


def test_what_is_planned_covers_what_is_below_it(planted: Path) -> None:
    specification = Specification(planted / FOLDER)
    assert specification.built == {"PLANT-1", "R1", "PLANT-5"}
    assert specification.planned == {"PLANT-2", "PLANT-3", "PLANT-4"}
    assert dead_citations(planted) == unnamed(planted) == named_though_planned(planted) == []


@pytest.mark.parametrize("cited", [f"R{99}", f"R{1}b", "PLANT-99", f"test_R{99}_holds", f"section {7}"])
@pytest.mark.parametrize("place", ["src/site.py", "tests/test_site.py", "docs/how-to.md", "README.md"])
def test_a_dead_citation_is_seen(planted: Path, place: str, cited: str) -> None:
    with (planted / place).open("a", encoding="utf-8") as file:
        file.write(f"\n# ({cited})\n")
    assert len(dead_citations(planted)) == 1


@pytest.mark.parametrize("number", ["PLANT-1", f"R{1}"])
def test_a_rule_that_no_test_names_is_seen(planted: Path, number: str) -> None:
    file = planted / "tests/test_site.py"
    file.write_text(file.read_text("utf-8").replace(number, ""), "utf-8")
    assert unnamed(planted) == [number]


def test_a_number_that_is_given_twice_is_seen(planted: Path) -> None:
    (planted / FOLDER / "more.md").write_text("### PLANT-1 Again\n", "utf-8")
    assert Specification(planted / FOLDER).twice == ["PLANT-1"]


def test_a_mark_that_was_left_is_seen(planted: Path) -> None:
    (planted / "tests/test_more.py").write_text('"""PLANT-2."""', "utf-8")
    assert named_though_planned(planted) == ["PLANT-2"]
