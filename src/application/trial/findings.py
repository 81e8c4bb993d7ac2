"""What a check found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    PASS = "pass"
    FAIL = "fail"
    NOT_SEEN = "not_seen"
    """Nothing happened that could be judged."""


@dataclass(slots=True)
class Finding:
    """What speaks against a duty, a sentence each, and how often it could be judged."""

    failures: list[str] = field(default_factory=list)
    seen: int = 0

    def judge(self, *failures: str) -> None:
        """Judge once more: nothing speaks against the duty, or these sentences do."""
        self.seen += 1
        self.failures += failures

    @property
    def verdict(self) -> Verdict:
        if self.failures:
            return Verdict.FAIL
        return Verdict.PASS if self.seen else Verdict.NOT_SEEN


def watts(power_w: int | None) -> str:
    """A power in a sentence."""
    return "an unknown power" if power_w is None else f"{power_w:,} W"


def listed(names: Iterable[object]) -> str:
    """Names in a sentence."""
    return ", ".join(map(str, names))
