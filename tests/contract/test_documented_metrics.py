"""`docs/operations.md` names every metric that a process makes, with its kind and unit, and none besides."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.served_metrics import made

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def documented() -> Iterator[tuple[str, str]]:
    """The rows of the tables of metrics."""
    for line in OPERATIONS.read_text().splitlines():
        if row := re.match(r"\| `([a-z_.]+)` \| ((?:up-down )?counter|histogram|gauge)(, s)? \|", line):
            yield row[1], row[2] + (row[3] or "")


def test_every_metric_that_a_process_makes_is_documented_with_its_kind_and_no_other_is() -> None:
    assert set(documented()) == made()


def test_every_metric_to_alert_on_is_one_that_there_is() -> None:
    alerts = OPERATIONS.read_text().partition("### What to alert on")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(busbar\.[a-z_.]+)`", alerts))
    assert len(named) > 10
    assert named <= {name for name, _ in made()}
