"""A run as one page for people. It needs nothing from anywhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from entrypoints.demo.report.run import Run

WIDTH, HEIGHT = 900, 150


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through a chart, as the points of an SVG polyline; in pieces where nothing is limited."""

    kind: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What happened at a circuit. `marks`: x and a word for each breach that opened there."""

    circuit_id: str
    top_w: int
    curves: tuple[Curve, ...]
    marks: tuple[tuple[float, str], ...]


def page(run: Run) -> bytes:
    """The page of a run, in UTF-8."""
    environment = Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"clock": clock, "watts": "{:,} W".format}
    habits: Mapping[str, Mapping[str, Any]] = run.account["habits"]
    chargers = {name: each for name, each in habits.items() if "lag_s" in each}
    return (
        environment.get_template("run.html")
        .render(
            run=run,
            summary=run.summary,
            account=run.account,
            charts=charts(run.account, run.summary["simulated_s"]),
            width=WIDTH,
            height=HEIGHT,
            chargers=chargers,
            meters={name: each for name, each in habits.items() if name not in chargers},
        )
        .encode()
    )


def charts(account: Mapping[str, Any], simulated_s: int) -> list[Chart]:
    """One for every circuit."""
    time_line = account["time_line"]
    return [
        _chart(circuit_id, index, time_line["samples"], account["breaches"], max(simulated_s, 1))
        for index, circuit_id in enumerate(time_line["circuits"])
    ]


def clock(second: int | None) -> str:
    """A second of the run as hours, minutes and seconds."""
    if second is None:
        return "–"
    return f"{second // 3600}:{second // 60 % 60:02}:{second % 60:02}"


def _chart(
    circuit_id: str,
    index: int,
    samples: Sequence[Mapping[str, Any]],
    breaches: Sequence[Mapping[str, Any]],
    simulated_s: int,
) -> Chart:
    figures = {
        kind: [(sample["second"], sample[key][index]) for sample in samples]
        for kind, key in (("capacity", "capacity_w"), ("permitted", "permitted_w"), ("load", "load_w"))
    }
    top_w = max((watts or 0 for values in figures.values() for _, watts in values), default=0) or 1
    return Chart(
        circuit_id,
        top_w,
        tuple(Curve(kind, _pieces(values, top_w, simulated_s)) for kind, values in figures.items()),
        tuple(
            (round(WIDTH * each["opened_s"] / simulated_s, 1), f"{each['severity']}: {each['cause']}")
            for each in breaches
            if each["node_id"] == circuit_id
        ),
    )


def _pieces(values: Sequence[tuple[int, int | None]], top_w: int, simulated_s: int) -> tuple[str, ...]:
    pieces: list[list[str]] = [[]]
    for second, watts in values:
        if watts is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{WIDTH * second / simulated_s:.1f},{HEIGHT - HEIGHT * watts / top_w:.1f}")
    return tuple(" ".join(piece) for piece in pieces if piece)
