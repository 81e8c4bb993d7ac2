"""What is reported of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """The summary of a run of this depot, and the account of what happened in it."""

    depot: str
    summary: Mapping[str, Any]
    account: Mapping[str, Any]
