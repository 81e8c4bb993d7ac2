"""The results of `make bench-service` as a text to read: figures in units, the code before beside it, aims."""

from collections.abc import Iterator
from typing import Any

from benchmarks.bench import CONNECTORS
from benchmarks.units import unit_s

AIMS = {
    "a reading": 1.5,
    "a cycle": 350.0,
    "an event": 60.0,
}
"""In units."""

TITLES = {"a reading": "a reading", "a cycle": "a cycle with 50 readings", "an event": "an event, projector"}
OF_BEFORE = {"a reading": 0.6, "a cycle": 0.45, "an event": 0.15}
"""How much of the code before each may cost."""

SHARES = {5: 0.55, 20: 0.45, 200: 0.28}
"""Readings a CPU second against the bare loop, by depots: aims."""

TUPLES = {"first": None, "next, with news": 120, "next, without news": 60}


def text(results: dict[str, Any]) -> str:
    """The machine and its unit, then a part after the other, as far as they were measured."""
    about = results["machine"]
    unit = _unit_s(results)
    lines = [
        f"{about['processor']}, {about['cores']} cores, {about['python']}, {about['system']}; {results['measured_at']}",
        f"one unit is {unit * 1e6:.1f} us of CPU time: the dearer of a reading of the bare loop"
        f" ({_bare_s(results) * 1e6:.1f} us) and 9.1 frozen values of 12 fields"
        f" ({9.1 * results['frozen_value_s'] * 1e6:.1f} us)",
    ]
    for part, told in _PARTS.items():
        if part in results:
            lines += ["", *told(results[part], unit)]
    if "throughput" in results and "rounds" in results:
        lines += ["", *_costs(results["throughput"], results["rounds"], unit)]
    return "\n".join(lines)


def _bare_s(results: dict[str, Any]) -> float:
    """CPU seconds of a reading of the bare loop; 0 where it was not run."""
    rates = [each["bare loop"]["readings_per_cpu_s"] for each in results.get("throughput", ())]
    return 1 / max(rates) if rates else 0.0


def _unit_s(results: dict[str, Any]) -> float:
    return unit_s(_bare_s(results), results["frozen_value_s"])


def _names(figures: dict[str, Any]) -> list[str]:
    return [name for name in ("now", "before") if name in figures]


def _beside(of: dict[str, float], digits: int = 2) -> str:
    """Now, before, and the one by the other."""
    told = ", ".join(f"{name} {of[name]:,.{digits}f}" for name in _names(of))
    return told + (f", of before {of['now'] / of['before']:.2f}" if len(of) > 1 and of["before"] else "")


def _steady(found: dict[str, Any], unit: float) -> Iterator[str]:
    del unit
    for how, by_name in found.items():
        if how == "two workers":
            one, two = by_name["one"], by_name["two"]
            yield f"CPU a cycle: one worker {one} ms, two workers {two} ms, {two / one:.2f} times (aim 0.9 to 1.1)"
            continue
        counts = "; ".join(
            f"{name} {by_name[name]['readings a cycle']} readings and {by_name[name]['events a cycle']} events a cycle"
            for name in _names(by_name)
        )
        yield f"a cycle of 50 connectors with its readings, {how} ({counts})"
        for what in ("worker ms a cycle", "projector ms an event", "database ms a cycle", "broker ms a cycle"):
            yield f"  {what:24}{_beside({name: by_name[name][what] for name in _names(by_name)})}"


def costs(runs: list[dict[str, Any]]) -> dict[str, float]:
    """CPU seconds of a reading, and of a cycle with 50 of them, that fit all runs of a worker best.

    Where few depots say much, readings are nearly all there is; where many do, cycles are.
    """
    rr, rc, cc = (
        sum(run[one] * run[other] for run in runs)
        for one, other in (("readings", "readings"), ("readings", "cycles"), ("cycles", "cycles"))
    )
    rs, cs = (sum(run[of] * run["worker_s"] for run in runs) for of in ("readings", "cycles"))
    determinant = rr * cc - rc * rc
    reading_s, cycle_s = (cc * rs - rc * cs) / determinant, (rr * cs - rc * rs) / determinant
    return {"a reading": reading_s, "a cycle": cycle_s + CONNECTORS * reading_s}


def _throughput(rows: list[dict[str, Any]], unit: float) -> Iterator[str]:
    names = _names(rows[0])
    for row in rows:
        yield f"{row['depots']} depots of {CONNECTORS} connectors, {row['now']['readings']:,} readings worked off"
        for name in names:
            run = row[name]
            yield (
                f"  {name:8}worker {run['worker_s']:.2f} s of CPU for {run['cycles']:,} cycles,"
                f" {run['readings'] / max(1, run['cycles']):,.0f} readings a cycle"
            )
        bare = row["bare loop"]["readings_per_cpu_s"]
        shares = {name: row[name]["readings"] / row[name]["worker_s"] / bare for name in names}
        aim = f" (aim {SHARES[row['depots']]})" if row["depots"] in SHARES else ""
        yield f"  readings a CPU second, of the bare loop's {bare:,}: {_beside(shares)}{aim}"


def _rounds(found: dict[str, Any], unit: float) -> Iterator[str]:
    del unit
    yield f"{found['now']['depots']} depots of {CONNECTORS} connectors, all of which say something at once, in rounds"
    for name in _names(found):
        run = found[name]
        yield (
            f"  {name:8}worker {run['worker_s']:.2f} s of CPU for {run['readings']:,} readings and {run['cycles']:,}"
            f" cycles; projector {run['projector_s']:.2f} s for {run['events']:,} events"
        )


def _costs(rows: list[dict[str, Any]], rounds: dict[str, Any], unit: float) -> Iterator[str]:
    names = _names(rounds)
    of = {name: costs([*(row[name] for row in rows), rounds[name]]) for name in names}
    for name in names:
        of[name]["an event"] = rounds[name]["projector_s"] / rounds[name]["events"]
    for what, title in TITLES.items():
        microseconds = {name: of[name][what] * 1e6 for name in names}
        units = {name: of[name][what] / unit for name in names}
        of_before = f" (at most {OF_BEFORE[what]})" if "before" in names else ""
        yield f"{title:26}us {_beside(microseconds, 1)}{of_before}; units {_beside(units, 1)} (aim {AIMS[what]:g})"


def _steps(rows: list[dict[str, Any]], unit: float) -> Iterator[str]:
    yield f"a cycle of {CONNECTORS} connectors with its readings, by step, in one process without Kafka"
    for row in rows:
        of = row["ms a cycle"]
        told = ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(of.items(), key=lambda each: -each[1]))
        yield (
            f"  {row['at once']:>2} due at once: {sum(of.values()):.2f} ms, {sum(of.values()) / 1000 / unit:.0f} units"
            f" ({told}); {row['wal bytes a cycle']:,} bytes written ahead"
        )
        reading_s = (of["reading"] + of["keeping"]) / 1000 / CONNECTORS
        yield f"{'':16}a reading {reading_s * 1e6:.1f} us, {reading_s / unit:.2f} units"


def _statements(found: dict[str, Any], unit: float) -> Iterator[str]:
    del unit
    of = {name: found[name]["statements a published cycle"] for name in _names(found)}
    yield f"statements a published cycle where {found['now']['due at once']} are due: {_beside(of)} (at most 3)"


def _domain(found: dict[str, Any], unit: float) -> Iterator[str]:
    del unit
    yield "the domain's cycle of 1,000 connectors, in tuples of 12 fields a connector"
    for what, aim in TUPLES.items():
        told = _beside({name: found[name][what] for name in _names(found)}, 0)
        yield f"  {what:24}{told}" + (f" (aim {aim})" if aim else "")


def _kept(rows: list[dict[str, Any]], unit: float) -> Iterator[str]:
    del unit
    few, many, idle = rows
    one, other = few["ms_a_cycle"]["worker"], many["ms_a_cycle"]["worker"]
    yield (
        f"one worker, CPU a cycle of 10 connectors: {few['depots']:,} depots {one} ms, {many['depots']:,} {other} ms,"
        f" {other / one:.2f} times (at most 1.2)"
    )
    yield f"{idle['depots']:,} depots with nothing due: {idle['cores']['worker']:.3f} cores (under 0.1)"


def _latency(found: dict[str, Any], unit: float) -> Iterator[str]:
    del unit
    shown, late, echo = found["latency_s"], found["after_due_s"], found["bare_round_trip_s"]
    yield f"500 readings a second, 10 depots, a cycle a second each: {found['readings']:,} readings"
    yield (
        f"  reading to CycleCompleted p50 {shown['p50']:.3f} s, p99 {shown['p99']:.3f} s,"
        f" {shown['p99 beyond the interval']:.3f} s beyond the interval"
    )
    yield f"  cycle due to CycleCompleted p50 {late['p50']:.3f} s, p99 {late['p99']:.3f} s"
    yield f"  bare round trip p50 {echo['p50']:.3f} s, p99 {echo['p99']:.3f} s; violations {found['violations']}"


_PARTS = {
    "throughput": _throughput,
    "rounds": _rounds,
    "steady": _steady,
    "steps": _steps,
    "statements": _statements,
    "domain": _domain,
    "kept": _kept,
    "latency": _latency,
}
