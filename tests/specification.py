"""The specification as tests read it: rules with their numbers, and the tables and examples in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = Path("docs/reference/specification")

PLANNED: Final = "> Planned: not built yet."
"""Stands below a heading and covers it, with all headings below it."""

_HEADING: Final = re.compile(r"(#+) ((?:[A-Z]+-|R)[0-9]+[a-z]?(?= ))?")
_FENCE: Final = "```"
_SECTION: Final = re.compile(r"\b[Ss]ections? [0-9]")
"""Sections are not cited: the specification has none by number."""


class Specification:
    """The rules of all chapters: their texts by number, which are planned, and numbers that were given twice."""

    def __init__(self, folder: Path = ROOT / FOLDER) -> None:
        self.texts: dict[str, str] = {}
        self.planned: set[str] = set()
        self.twice: list[str] = []
        for chapter in sorted(folder.glob("*.md")):
            for number, text, is_planned in _rules(chapter.read_text("utf-8")):
                if number in self.texts:
                    self.twice.append(number)
                self.texts[number] = text
                if is_planned:
                    self.planned.add(number)

    @property
    def built(self) -> set[str]:
        """The numbers of the rules that hold."""
        return self.texts.keys() - self.planned

    def citations(self, text: str) -> Iterator[str]:
        """The numbers cited in a text, also in the name of a test: what begins as a number of some chapter does."""
        prefixes = {number.partition("-")[0] for number in self.texts if "-" in number}
        pattern = rf"(?<![A-Za-z0-9])((?:{'|'.join(sorted(prefixes))})-[0-9]+|R[0-9]+[a-z]?)(?![A-Za-z0-9])"
        return (match[1] for match in re.finditer(pattern, text))

    def dead(self, text: str) -> list[str]:
        """What a text cites that is not there."""
        cited = set(self.citations(text))
        return sorted(cited - self.texts.keys()) + [match[0] for match in _SECTION.finditer(text)]

    def rows(self, number: str) -> list[list[str]]:
        """The cells of every row of the tables of a rule, but for their heads."""
        lines = [line for line in self.texts[number].splitlines() if line.startswith("|")]
        is_rule = [line.startswith("|--") for line in lines]
        rows = [
            line
            for line, is_rule_itself, is_head in zip(lines, is_rule, [*is_rule[1:], False], strict=True)
            if not (is_rule_itself or is_head)
        ]
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    def codes(self, number: str) -> list[str]:
        """What stands as code in the first column of the tables of a rule, row by row."""
        return [code for row in self.rows(number) for code in re.findall(r"`([^`]+)`", row[0])]


def examples(chapter: str) -> list[str]:
    """The blocks of JSON in a chapter."""
    text = (ROOT / FOLDER / f"{chapter}.md").read_text("utf-8")
    return re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _rules(chapter: str) -> Iterator[tuple[str, str, bool]]:
    """The rules of a chapter: number, text, and whether it is planned."""
    number, level, planned_from, fenced = "", 0, 0, False
    lines: list[str] = []
    for line in [*chapter.splitlines(), "# The end"]:
        fenced ^= line.startswith(_FENCE)
        heading = None if fenced else _HEADING.match(line)
        if heading:
            if number:
                yield number, "\n".join(lines), bool(planned_from)
            number, level, lines = heading[2] or "", len(heading[1]), []
            planned_from = planned_from if planned_from and level > planned_from else 0
        elif line == PLANNED and not planned_from:
            planned_from = level
        else:
            lines.append(line)
