"""A whole run, ready for JSON: what a report is made of."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from adapters.simulation.exceedances import Exceedances
from adapters.simulation.habits import Chargers
from adapters.simulation.plant import Plant
from adapters.simulation.timeline import TimeLine
from adapters.simulation.times import rfc3339
from adapters.simulation.violations import ViolationCounter
from adapters.simulation.witness import Witness


def account(
    *,
    start: datetime,
    chargers: Chargers,
    plant: Plant,
    counter: ViolationCounter,
    witness: Witness,
    timeline: TimeLine,
) -> dict[str, Any]:
    """Instants are seconds of the run. Habits are by charge point or meter; violations and overloads worst first."""
    return {
        "started_at": rfc3339(start),
        "chargers": chargers.value,
        "habits": plant.habits,
        "violations": _by_node(counter.violations, start),
        "true_overloads": _by_node(counter.overloads, start),
        "limit_changes": witness.limit_changes,
        "breaches": [asdict(breach) for breach in witness.breaches.values()],
        "configurations": [{"second": second, "version": version} for second, version in witness.configured_s],
        "time_line": {
            "every_s": timeline.every_s,
            "circuits": timeline.circuits,
            "samples": [asdict(sample) for sample in timeline.samples],
        },
    }


def _by_node(exceeded: Exceedances, start: datetime) -> list[dict[str, Any]]:
    return [
        {
            "node_id": each.node_id,
            "ticks": each.ticks,
            "longest_s": each.longest_s,
            "worst_w": each.worst_w,
            "worst_s": None if each.worst_at is None else int((each.worst_at - start).total_seconds()),
        }
        for each in exceeded.worst_first
    ]
