"""The results of a run as a text to read."""

from collections.abc import Iterator
from typing import Any

EQUAL_SHARE = "connector equal_share"
FIRST_COME = "connector first_come"


def text(results: dict[str, Any]) -> str:
    """The machine, a table of milliseconds, and the ratios that are spoken of."""
    return "\n".join(
        [*_head(results), "", *_table(results), "", *_closeness(results), "", *_ratios(results["seconds"])]
    )


def _head(results: dict[str, Any]) -> Iterator[str]:
    machine = results["machine"]
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['python']}, {machine['system']}"
    yield f"{results['method']}; {results['measured_at']}"
    yield "floor: one frozen slotted dataclass of 12 fields a connector. Milliseconds by number of connectors:"


def _table(results: dict[str, Any]) -> Iterator[str]:
    seconds, exponents = results["seconds"], results["growth_exponents"]
    sizes = sorted({size for by_size in seconds.values() for size in by_size})
    yield f"{'':42}" + "".join(f"{size:>11,}" for size in sizes) + f"{'exponent':>10}"
    for name, by_size in seconds.items():
        figures = (f"{by_size[size] * 1e3:11.3f}" if size in by_size else f"{'':11}" for size in sizes)
        exponent = f"{exponents[name]:10.3f}" if name in exponents else ""
        yield (f"{name:42}" + "".join(figures) + exponent).rstrip()


def _closeness(results: dict[str, Any]) -> Iterator[str]:
    yield "Quadratic programs, solved as loosely as keeps every leaf within 10 W of the exact share:"
    for name, by_size in results["quadratic_programs"].items():
        figures = (f"{size:,}: {each['tolerance']:.0e}, {each['furthest_w']} W" for size, each in by_size.items())
        yield f"  {name:12}" + "; ".join(figures)


def _ratios(seconds: dict[str, dict[int, float]]) -> Iterator[str]:
    floor, decide, fill = seconds["floor"], seconds[f"decide {EQUAL_SHARE}"], seconds[f"fill {EQUAL_SHARE}"]
    for what, name in (("decide", f"decide {EQUAL_SHARE}"), ("first cycle", f"first cycle {EQUAL_SHARE}")):
        yield from _over(f"{what} / floor", seconds[name], floor)
    yield from _over("first_come / equal_share, decide", seconds[f"decide {FIRST_COME}"], decide)
    fastest = {
        size: min(quadratic)
        for size in decide
        if (quadratic := [each[size] for name, each in seconds.items() if name.startswith("QP ") and size in each])
    }
    yield from _over("fastest QP / decide", fastest, decide)
    yield from _over("fastest QP / fill", fastest, fill)
    for name in ("LP sequence, warm", "LP sequence, cold"):
        yield from _over(f"{name} / decide", seconds.get(name, {}), decide)
    for name in ("rebalance, one line", "rebalance, a whole process"):
        yield from _over(f"{name} / fastest QP", seconds.get(name, {}), fastest)


def _over(what: str, dividend: dict[int, float], divisor: dict[int, float]) -> Iterator[str]:
    figures = [f"{size:,}: {dividend[size] / divisor[size]:.2f}" for size in dividend if size in divisor]
    if figures:
        yield f"{what:40}" + "; ".join(figures)
