"""The acceptance of a gateway: what every check came to, and whether all of it passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.trial.checks import Result
from application.trial.findings import Verdict
from entrypoints.accept.asked import SiteFile, versions


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the trial of a gateway came to, in the order of the duties."""

    asked: SiteFile
    site: str
    topic_prefix: str
    made_at: datetime
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no duty was neglected, and all were seen but for those that not every depot shows."""
        return all(each.passed for each in self.results)

    @property
    def unseen(self) -> int:
        """How many checks had nothing to judge."""
        return sum(each.verdict is Verdict.NOT_SEEN for each in self.results)

    @property
    def verdict(self) -> str:
        return "pass" if self.passed else "fail"

    @property
    def versions(self) -> Mapping[str, str]:
        """What the gateway was accepted with."""
        return versions()
