"""The checks of a trial by name, each a duty of a gateway, and what they came to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from application.trial import obeying, saying
from application.trial.findings import Finding, Verdict
from application.trial.record import Judged, Record

SHOWN: Final = 5
"""How many sentences of one check are told."""


@dataclass(frozen=True, slots=True)
class Check:
    """A duty of a gateway by its number, and what it takes to see whether it is kept.

    `may_be_unseen`: a gateway is accepted without it, as it takes what not every gateway or every depot has.
    """

    duty: int
    name: str
    promise: str
    needs: str
    judge: Callable[[Judged], Finding]
    may_be_unseen: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a check came to. `failures`: what speaks against the duty, a sentence each, the first few."""

    check: Check
    verdict: Verdict
    failures: tuple[str, ...]
    seen: int

    @property
    def passed(self) -> bool:
        """Whether nothing of this check is in the way of accepting the gateway."""
        return self.verdict is Verdict.PASS or (self.verdict is Verdict.NOT_SEEN and self.check.may_be_unseen)


MESSAGES: Final = "a gateway that sends messages"
VEHICLE: Final = "a vehicle that draws more than a third of what its connector is told at first"
FALLING: Final = "a vehicle that draws more than the fallback of its charger"
CHARGING: Final = "a vehicle that charges"

CHECKS: Final[Sequence[Check]] = (
    Check(1, "partition", "Messages lie where Java's default partitioner puts their key.", MESSAGES, saying.partition),
    Check(1, "readable", "Messages can be read, and name devices of the site.", MESSAGES, saying.readable),
    Check(2, "units", "Powers and limits are in watts.", CHARGING, saying.units),
    Check(2, "unknown", "A power that is not known is null, not 0.", CHARGING, saying.unknown),
    Check(
        2,
        "read_back",
        "A limit that is reported is in force.",
        "a charger whose limit is read back",
        obeying.read_back,
        may_be_unseen=True,
    ),
    Check(2, "sequence", "The sequence of a device rises.", MESSAGES, saying.sequence),
    Check(3, "alive", "No charge point is silent for long.", MESSAGES, saying.alive),
    Check(3, "readings", "A reading comes every 30 s while a vehicle charges.", CHARGING, saying.readings),
    Check(4, "newest", "The newest cycle alone is obeyed, whatever comes behind it.", VEHICLE, obeying.newest),
    Check(5, "renews", "A setpoint that cycles go on listing does not lapse.", FALLING, obeying.renews),
    Check(5, "unlisted", "A setpoint that cycles list no longer lapses.", FALLING, obeying.unlisted),
    Check(
        5,
        "link",
        "When a link comes back, the newest setpoint is passed on.",
        "an engineer at a terminal who pulls the network plug of a charger at which a vehicle charges",
        obeying.link,
        may_be_unseen=True,
    ),
    Check(6, "in_time", "A lower limit is kept within apply_grace_s.", VEHICLE, obeying.in_time),
    Check(6, "zero", "A limit of 0 is a limit.", VEHICLE, obeying.zero),
    Check(
        6,
        "applied_cycle",
        "A cycle that is named as applied is in force.",
        "a gateway that names cycles",
        obeying.applied_cycle,
        may_be_unseen=True,
    ),
    Check(
        7,
        "refusals",
        "A setpoint that is not kept is said to be refused.",
        "a charger that refuses a setpoint",
        obeying.refusals,
        may_be_unseen=True,
    ),
    Check(8, "lapses", "Without cycles a charger falls back.", FALLING, obeying.lapses),
    Check(8, "valid_for", "A setpoint holds for valid_for_s and no longer.", FALLING, obeying.valid_for),
    Check(9, "clock", "Clocks are within 60 s.", MESSAGES, saying.clock),
)


def results(record: Record) -> tuple[Result, ...]:
    """Judge a trial that is over."""
    judged = Judged(record)
    return tuple(_result(check, check.judge(judged)) for check in CHECKS)


def _result(check: Check, found: Finding) -> Result:
    told = tuple(found.failures[:SHOWN])
    if len(found.failures) > SHOWN:
        told += (f"And {len(found.failures) - SHOWN} times more.",)
    return Result(check, found.verdict, told, found.seen)
