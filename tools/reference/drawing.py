"""Boxes and arrows as an SVG that needs nothing from anywhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 150
HEIGHT: Final = 54
GAP_X: Final = 60
GAP_Y: Final = 62
MARGIN: Final = 12

STYLE: Final = (
    "text{font:12px sans-serif;fill:#1a1a1a;text-anchor:middle}.name{font-weight:bold}.said{font-size:11px;fill:#444}"
    "rect{fill:#eef3fb;stroke:#3f5f94}.topic rect{fill:#fdf3e0;stroke:#a07021}.outside rect{fill:#fff;stroke:#777}"
    "line{stroke:#444;marker-end:url(#tip)}"
)


@dataclass(frozen=True, slots=True)
class Box:
    """A box in a column and a row, both from 0, with a name and a line below it."""

    column: float
    row: float
    name: str
    said: str = ""
    kind: str = "part"

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, in pixels."""
        x = MARGIN + self.column * (WIDTH + GAP_X) + WIDTH / 2
        return x, MARGIN + self.row * (HEIGHT + GAP_Y) + HEIGHT / 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from a box to another, by their keys, `shift` pixels beside the line between their centres."""

    tail: str
    tip: str
    said: str = ""
    shift: int = 0


def drawing(title: str, boxes: Mapping[str, Box], arrows: Sequence[Arrow]) -> str:
    """The SVG of these boxes and arrows."""
    width = max(box.centre[0] for box in boxes.values()) + WIDTH / 2 + MARGIN
    height = max(box.centre[1] for box in boxes.values()) + HEIGHT / 2 + MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img">'
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    return "\n".join(
        [
            head,
            f"<title>{escape(title)}</title>",
            f'<defs><style>{STYLE}</style>{tip}<path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" style="fill:#fff;stroke:none"/>',
            *(line for arrow in arrows for line in _arrow(arrow, boxes)),
            *map(_box, boxes.values()),
            "</svg>\n",
        ]
    )


def _box(box: Box) -> str:
    x, y = box.centre
    said = f'<text class="said" x="{x:g}" y="{y + 13:g}">{escape(box.said)}</text>' if box.said else ""
    return (
        f'<g class="{box.kind}"><rect x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}"'
        f' rx="5"/><text class="name" x="{x:g}" y="{y - (4 if said else -4):g}">{escape(box.name)}</text>{said}</g>'
    )


def _arrow(arrow: Arrow, boxes: Mapping[str, Box]) -> Iterator[str]:
    """A line between the borders of two boxes: straight along a row or a column, else from corner side to side."""
    (x1, y1), (x2, y2) = boxes[arrow.tail].centre, boxes[arrow.tip].centre
    if abs(y2 - y1) < HEIGHT:
        side = WIDTH / 2 if x2 > x1 else -WIDTH / 2
        x1, x2, y1, y2 = x1 + side, x2 - side, y1 + arrow.shift, y2 + arrow.shift
        place = (x1 + x2) / 2, y1 - 6
    else:
        side = HEIGHT / 2 if y2 > y1 else -HEIGHT / 2
        y1, y2, x1, x2 = y1 + side, y2 - side, x1 + arrow.shift, x2 + arrow.shift
        place = (x1 + x2) / 2, (y1 + y2) / 2 + 4
    yield f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
    if arrow.said:
        width = 6.2 * len(arrow.said) + 6
        yield f'<rect x="{place[0] - width / 2:g}" y="{place[1] - 11:g}" width="{width:g}" height="15"'
        yield ' style="fill:#fff;stroke:none"/>'
        yield f'<text class="said" x="{place[0]:g}" y="{place[1]:g}">{escape(arrow.said)}</text>'
