"""What has to be said of a depot in each phase of every fault script.

Phases come from what a script says that it does, in seconds of the run, with the time that has to pass until a charger
(90 s), a meter (30 s) or all of a depot (180 s) is to be called silent, and until a meter is back (30 s, R24).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from application.queries.state import StateCode
from tests.e2e.said import Listener

IN_ORDER: Final = {StateCode.WITHIN_LIMITS}
SILENT: Final = {StateCode.CHARGERS_SILENT}
UNHEARD_METER: Final = {StateCode.METER_SILENT}
CONTRADICTED_METER: Final = {StateCode.METER_CONTRADICTED}
UNHEEDING: Final = {StateCode.NOT_HONOURED}

Phases = Mapping[tuple[int, int], set[StateCode]]

BEFORE: Final[Phases] = {(10, 300): IN_ORDER}

SAID: Final[Mapping[str, tuple[str, Phases]]] = {
    "charger-offline": ("leichhardt-mixed", {**BEFORE, (400, 900): SILENT, (910, 1200): IN_ORDER}),
    "meter-silent": ("leichhardt-mixed", {**BEFORE, (340, 900): UNHEARD_METER, (950, 1200): IN_ORDER}),
    "all-silent": (
        "malaga",
        {
            **BEFORE,
            (300, 325): IN_ORDER,
            (400, 470): {StateCode.CHARGERS_SILENT, StateCode.OVER_LIMIT, StateCode.METER_SILENT},
            (530, 895): {StateCode.NO_DATA},
            (960, 1200): IN_ORDER,
        },
    ),
    "duplicates-and-late": ("leichhardt-mixed", {(30, 1200): IN_ORDER}),
    "ignores-setpoint": ("leichhardt-mixed", {**BEFORE, (345, 900): UNHEEDING, (960, 1200): IN_ORDER}),
    "limit-below-minimums": (
        "elizabeth-quay",
        {**BEFORE, (305, 895): {StateCode.STOPPED}, (920, 1200): IN_ORDER},
    ),
    "cold-start": ("leichhardt-mixed", {(10, 295): SILENT, (310, 1200): IN_ORDER}),
    "clock-skew": ("leichhardt-mixed", {(10, 1200): IN_ORDER}),
    "half-offline": ("leichhardt-mixed", {**BEFORE, (400, 895): SILENT, (910, 1200): IN_ORDER}),
    # Its chargers fall back to what fits: no load is over a limit, and no charger is silent.
    "downlink-dead": ("leichhardt-mixed", {(10, 1200): IN_ORDER}),
    "late-meters": ("leichhardt-mixed", {(5, 60): UNHEARD_METER, (120, 1200): IN_ORDER}),
    "meter-wrong-unit": ("leichhardt-mixed", {**BEFORE, (390, 900): CONTRADICTED_METER, (950, 1200): IN_ORDER}),
    "meter-frozen": ("leichhardt-mixed", {**BEFORE, (390, 900): CONTRADICTED_METER, (950, 1200): IN_ORDER}),
    "ratings-lowered": ("leichhardt-mixed", {**BEFORE, (360, 895): IN_ORDER, (960, 1200): IN_ORDER}),
    # A worker that took over knows of no charger that said nothing of its connectors since, as idle ones need not.
    "take-overs": ("leichhardt-mixed", {**BEFORE, (910, 1200): IN_ORDER | SILENT}),
    # What a charger draws of what it is told is found out, and counts from then on.
    "overdraw": ("leichhardt-mixed", {(90, 1200): IN_ORDER}),
    "refuses": ("leichhardt-mixed", {**BEFORE, (345, 895): UNHEEDING, (990, 1200): IN_ORDER}),
    "forgets": ("leichhardt-mixed", {**BEFORE, (300, 960): IN_ORDER | UNHEEDING, (990, 1200): IN_ORDER}),
}
"""By script: a depot that it has much to act on in, and the phases there."""


def codes(listener: Listener, since_s: int, until_s: int) -> set[StateCode]:
    """What was said in these seconds."""
    return {each.state.code for each in listener.said if since_s <= each.second < until_s}


def unexpected(listener: Listener, fault: str) -> Iterator[str]:
    """What was said and is not what is wrong then."""
    for (since_s, until_s), expected in SAID[fault][1].items():
        said = codes(listener, since_s, until_s)
        if not said <= expected:
            yield f"from second {since_s} to {until_s}: {sorted(said)}"
