"""Lines of a screen that is as wide as it is: what does not fit is shortened or left out, by rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

GAP: Final = 2
"""Blanks between columns."""
PART_GAP: Final = 3
"""Blanks between the parts of a line."""
SHORTEST_NAME: Final = 16
"""Cells below which a column is left out before names are shortened further."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading with a cell a row. The one of the highest rank is left out first, one of rank 0 never."""

    heading: str
    cells: Sequence[Text]
    rank: int = 0
    to_the_right: bool = True

    @property
    def width(self) -> int:
        return max(len(self.heading), *[each.cell_len for each in self.cells])


def fitting(names: Column, columns: Sequence[Column], width: int) -> Sequence[Column]:
    """The columns that stand beside names of SHORTEST_NAME cells in a screen of this width, in their order."""
    kept = list(columns)
    least = min(names.width, SHORTEST_NAME)
    while least + taken(kept) > width and any(each.rank for each in kept):
        kept.remove(max(kept, key=lambda each: each.rank))
    return kept


def taken(columns: Sequence[Column]) -> int:
    """Cells that these columns take beside the names, gaps included."""
    return sum(GAP + each.width for each in columns)


def table(names: Column, columns: Sequence[Column], width: int) -> list[Text]:
    """The headings and a line a row; the names have what room the columns leave."""
    of_names = max(1, min(names.width, width - taken(columns)))
    lines = [_line(Text(names.heading), of_names, [(each, Text(each.heading)) for each in columns])]
    lines[0].stylize("dim")
    for row, name in enumerate(names.cells):
        cells = [(each, each.cells[row]) for each in columns]
        lines.append(_line(shortened(name, of_names), of_names, cells))
    return lines


def shortened(name: Text, cells: int) -> Text:
    """The name without its middle, where it is longer: names of a depot begin alike, what tells them apart is last."""
    if name.cell_len <= cells:
        return name
    bare = name.plain.lstrip()
    indent = min(len(name.plain) - len(bare), cells - 1)
    tail = (cells - indent) // 2
    return Text(" " * indent + bare[: cells - indent - tail - 1] + "…" + bare[len(bare) - tail :])


def _line(name: Text, of_names: int, cells: Sequence[tuple[Column, Text]]) -> Text:
    line = Text(no_wrap=True)
    line.append_text(name).append(" " * (of_names - name.cell_len))
    for column, cell in cells:
        pad = " " * (column.width - cell.cell_len)
        line.append(" " * GAP)
        line.append_text(Text(pad) + cell if column.to_the_right else cell + Text(pad))
    line.rstrip()
    return line


def flowed(parts: Sequence[Text], width: int) -> list[Text]:
    """The parts one after the other, on as many lines as they need; none is broken that fits a line."""
    lines: list[Text] = []
    for part in parts:
        if lines and lines[-1].cell_len + PART_GAP + part.cell_len <= width:
            lines[-1].append(" " * PART_GAP).append_text(part)
        else:
            lines.append(part.copy())
    return lines
