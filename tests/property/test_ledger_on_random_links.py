"""No charger is permitted more than its exposure, whatever its link, its lag and its reports are like."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain import exposure, ledger
from domain.ledger import LedgerEntry
from domain.site import Settings
from tests.property.random_link import first_excess

RUN_S = 4_000
LOOKED_AT = 400
"""How many runs an ablation gets to be seen in."""


def test_a_charger_is_never_permitted_more_than_its_exposure() -> None:
    hours = float(os.environ.get("BUSBAR_LINK_HOURS", "100"))
    runs = max(1, round(hours * 3600 / RUN_S))
    excesses = [excess for seed in range(runs) if (excess := first_excess(seed, RUN_S)) is not None]
    assert not excesses, f"{len(excesses)} of {runs} runs; the first: {excesses[0]}"


def nothing_lapses(entry: LedgerEntry, *_: Any) -> LedgerEntry:
    return entry


def only_the_newest_stands(entry: LedgerEntry, at: Any, settings: Settings) -> LedgerEntry:
    return replace(entry, standing=entry.standing[-1:])


def everything_sent_counts_as_received(
    entry: LedgerEntry, known: Any, heard_at: Any, sendings: Any, settings: Settings
) -> LedgerEntry:
    return replace(entry, received_at=sendings[-1].at) if sendings else entry


def names_are_not_waited_for(
    entry: LedgerEntry, known: Any, heard_at: Any, sendings: Any, settings: Settings
) -> LedgerEntry:
    received = TRUE_RECEIVED(replace(entry, names=False), None, heard_at, sendings, settings)
    return replace(received, names=True)


def a_report_is_taken_at_its_word(report: Any, entry: LedgerEntry, fallback_w: int, settings: Settings) -> int | None:
    """Reports that equal the fallback or the limit that was in force before confirm at once."""
    unheard = replace(entry, confirmed_w=None, reported_w=None)
    return TRUE_CONFIRMED_BY(report, unheard, -(10**9), settings)


def any_report_confirms_the_newest(report: Any, entry: LedgerEntry, fallback_w: int, settings: Settings) -> int | None:
    return len(entry.standing) - 1 if entry.standing else None


def a_message_confirms_at_once(
    entry: LedgerEntry, known: Any, standing: Any, heard_at: Any, settings: Settings
) -> LedgerEntry:
    return TRUE_AFTER_MESSAGE(entry, known, standing, heard_at, replace(settings, apply_grace_s=0))


def the_fallback_does_not_join(
    entry: LedgerEntry, fallback_w: int, power_w: int, lapsed_before: Any, at: Any, grace: timedelta
) -> tuple[int, int | None]:
    return TRUE_TOLD(replace(entry, fell_back_at=None), fallback_w, power_w, lapsed_before, at, grace)


TRUE_RECEIVED = ledger._received
TRUE_CONFIRMED_BY = ledger._confirmed_by
TRUE_AFTER_MESSAGE = ledger._after_message
TRUE_TOLD = exposure._told


@pytest.mark.parametrize(
    ("module", "name", "ablation"),
    [
        (ledger, "_lapsed", nothing_lapses),
        (ledger, "_without_overtaken", only_the_newest_stands),
        (ledger, "_received", everything_sent_counts_as_received),
        (ledger, "_received", names_are_not_waited_for),
        (ledger, "_confirmed_by", a_report_is_taken_at_its_word),
        (ledger, "_confirmed_by", any_report_confirms_the_newest),
        (ledger, "_after_message", a_message_confirms_at_once),
        (exposure, "_told", the_fallback_does_not_join),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_rule_that_is_left_out_is_seen(
    module: Any, name: str, ablation: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, ablation)
    assert any(first_excess(seed, RUN_S) is not None for seed in range(LOOKED_AT))
