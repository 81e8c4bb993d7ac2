"""Says at the end of a run what its random snapshots exercised."""

from collections import Counter

import pytest
from hypothesis import settings

# How long one example takes says something about the machine, nothing about the code.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum up what tests recorded as the property `exercised`: how many snapshots had which feature."""
    exercised: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, counted in report.user_properties:
            if name == "exercised":
                exercised.update(counted)
    if exercised:
        snapshots = exercised.pop("snapshots")
        terminalreporter.section(f"{snapshots} random snapshots decided as by the oracle, of which had")
        terminalreporter.write_line(", ".join(f"{name} {count}" for name, count in exercised.most_common()))
