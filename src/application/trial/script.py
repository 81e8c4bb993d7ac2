"""The steps of a trial: what is told in each, and for how long at least."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.trial.rungs import Tells
from domain.site.configuration import Settings

READING = timedelta(seconds=30)
"""How long a reading of a vehicle that charges may take to come."""

SLACK = timedelta(seconds=5)
"""How long a charger may take to fall back, and a message to arrive."""

RESUMES = timedelta(seconds=60)
"""How long a vehicle may take to draw again after it was told to stop."""

BEGIN, LOW, ZERO, AGAIN, NEWEST = "begin", "low", "zero", "again", "newest"
HOLD, SHORT, BACK, UNLISTED = "hold", "short", "back", "unlisted"
UNPLUG, DARK, LINK = "unplug", "dark", "link"

UNPLUG_ASKED: Final = "Pull the network plug of a charger at which a vehicle charges, then press Enter."
PLUG_IN_ASKED: Final = "Wait a minute, plug it in again, then press Enter."


@dataclass(frozen=True, slots=True)
class Step:
    """A step: it lasts `least` and until every vehicle's reading of after that has come, or `most`.

    One with a `question` lasts until that is answered, one that `awaits_vehicles` until all draw again that drew more
    than the lower limit before it. `is_burst`: other cycles come just before and after its first.
    """

    name: str
    tells: Tells
    least: timedelta
    most: timedelta
    valid_for: timedelta
    is_once: bool = False
    is_burst: bool = False
    awaits_vehicles: bool = False
    question: str | None = None


def room(settings: Settings) -> timedelta:
    """How long a charge point may give no sign of life before room is kept for its fallback."""
    return timedelta(
        seconds=settings.setpoint_valid_for_s - settings.refresh_interval_s - settings.apply_grace_s,
    )


def script(settings: Settings, *, attended: bool) -> Sequence[Step]:
    """The steps in order. Where the trial is attended, three follow in which an engineer pulls a plug."""
    valid_for = timedelta(seconds=settings.setpoint_valid_for_s)
    grace = timedelta(seconds=settings.apply_grace_s)
    lapsed = valid_for + SLACK
    # Long enough to tell a gateway that obeys late from one that does not.
    late = 2 * grace + SLACK

    def step(name: str, tells: Tells, least: timedelta = grace, question: str | None = None) -> Step:
        return Step(name, tells, least, least + READING + SLACK, valid_for, question=question)

    short = timedelta(seconds=settings.setpoint_valid_for_s // 2)
    steps = [
        Step(BEGIN, Tells.HIGH, late, max(late + READING + SLACK, room(settings)), valid_for),
        step(LOW, Tells.LOW, late),
        step(ZERO, Tells.ZERO),
        Step(AGAIN, Tells.HIGH, grace, grace + RESUMES, valid_for, awaits_vehicles=True),
        Step(NEWEST, Tells.LOW, grace, grace + READING + SLACK, valid_for, is_burst=True),
        step(HOLD, Tells.HIGH, lapsed),
        Step(SHORT, Tells.HIGH, lapsed, lapsed + READING + SLACK, short, is_once=True),
        step(BACK, Tells.HIGH),
        step(UNLISTED, Tells.NOTHING, lapsed),
    ]
    if attended:
        steps += [
            step(UNPLUG, Tells.HIGH, question=UNPLUG_ASKED),
            step(DARK, Tells.LOW, question=PLUG_IN_ASKED),
            step(LINK, Tells.LOW),
        ]
    return steps
