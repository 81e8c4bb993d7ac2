"""No charger is permitted more than its exposure, whatever its link, its lag and its reports are like."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.sendings import Moment
from domain.site.site import Windows
from tests.property.random_link import first_excess

RUN_S = 4_000
LOOKED_AT = 400
"""How many runs an ablation gets to be seen in."""


def test_a_charger_is_never_permitted_more_than_its_exposure() -> None:
    hours = float(os.environ.get("BUSBAR_LINK_HOURS", "100"))
    runs = max(1, round(hours * 3600 / RUN_S))
    excesses = [excess for seed in range(runs) if (excess := first_excess(seed, RUN_S)) is not None]
    assert not excesses, f"{len(excesses)} of {runs} runs; the first: {excesses[0]}"


def nothing_lapses(entry: LedgerEntry, moment: Moment) -> None:
    pass


def only_the_newest_stands(entry: LedgerEntry, moment: Moment) -> None:
    entry.setpoints = entry.setpoints[-1:]
    TRUE_LAPSE(entry, moment)


def everything_sent_counts_as_received(entry: LedgerEntry, known: Any, heard_at: Any, moment: Moment) -> None:
    if moment.sendings:
        entry.received_at = moment.sendings[-1].at


def names_are_not_waited_for(entry: LedgerEntry, known: Any, heard_at: Any, moment: Moment) -> None:
    entry.names = False
    TRUE_RECEIVE(entry, None, heard_at, moment)
    entry.names = True


def a_report_is_taken_at_its_word(entry: LedgerEntry, report: Any, fallback_w: int, windows: Windows) -> int | None:
    """Reports that equal the fallback or the limit that was in force before confirm at once."""
    unheard = replace(entry, confirmed_w=None, reported_w=None)
    return TRUE_CONFIRMED_BY(unheard, report, -(10**9), windows)


def any_report_confirms_the_newest(entry: LedgerEntry, report: Any, fallback_w: int, windows: Windows) -> int | None:
    return len(entry.setpoints) - 1 if entry.setpoints else None


def a_message_confirms_at_once(entry: LedgerEntry, known: Any, standing: Any, heard_at: Any, windows: Windows) -> None:
    TRUE_HEAR(entry, known, standing, heard_at, replace(windows, grace=timedelta(0)))


def the_fallback_does_not_join(
    entry: LedgerEntry, fallback_w: int, power_w: int, moment: Moment, *, seen: bool
) -> tuple[int, int | None]:
    return TRUE_TOLD_W(replace(entry, fell_back_at=None), fallback_w, power_w, moment, seen=seen)


TRUE_LAPSE = LedgerEntry.lapse
TRUE_RECEIVE = LedgerEntry.receive
TRUE_CONFIRMED_BY = LedgerEntry.confirmed_by
TRUE_HEAR = LedgerEntry.hear
TRUE_TOLD_W = LedgerEntry.told_w


@pytest.mark.parametrize(
    ("rule", "ablation"),
    [
        ("lapse", nothing_lapses),
        ("lapse", only_the_newest_stands),
        ("receive", everything_sent_counts_as_received),
        ("receive", names_are_not_waited_for),
        ("confirmed_by", a_report_is_taken_at_its_word),
        ("confirmed_by", any_report_confirms_the_newest),
        ("hear", a_message_confirms_at_once),
        ("told_w", the_fallback_does_not_join),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_rule_that_is_left_out_is_seen(
    rule: str, ablation: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LedgerEntry, rule, ablation)
    assert any(first_excess(seed, RUN_S) is not None for seed in range(LOOKED_AT))
