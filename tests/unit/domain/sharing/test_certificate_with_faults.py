"""The bad plans can see: a certificate that lets something pass, or refuses too much, judges one of them otherwise."""

from dataclasses import replace

import pytest

from domain.sharing import certificate
from domain.site.power import NO_LIMIT
from tests.property.planting import (
    Change,
    Fault,
    Faults,
    all_as,
    all_of,
    always,
    answered,
    asked,
    asked_given,
    but,
    by,
    each,
)
from tests.unit.domain.sharing.bad_plans import FILLS, PARENTS, SETPOINTS, SHARED_FILLS, SPARES


def without(letter: str) -> Change:
    return answered(lambda verdict: None if verdict is None or verdict.startswith(letter) else verdict)


FAULTS: Faults = {
    (certificate, "check_feasible"): {
        "whatever is allocated passes": answered(always(None)),
        "a watt too much passes": asked(capacities_w=each(by(1))),
        "a watt has to stay free": asked(capacities_w=each(by(-1))),
        "only the root is looked at": asked(capacities_w=lambda own: [own[0], *[NO_LIMIT] * len(own[1:])]),
        "loads are not summed up": asked(parents=all_as(-1)),
    },
    (certificate, "check_fill"): {
        **{f"{letter} is left out": without(letter) for letter in "FBEAM"},
        "minimums are none": asked(claims=but(minimums_w=all_as(0))),
        "a watt above the maximum passes": asked(claims=but(maximums_w=each(by(1)))),
        "who is held off may draw": asked_given(claims=lambda of: replace(of.claims, held_w=of.fill.allocated_w)),
        "all count as admitted": asked(fill=but(admitted=all_as(True))),
        "weights are ignored": asked(claims=but(weights=all_as(1))),
        "all tiers are one": asked(claims=but(tiers=all_as(0))),
        "the order is the other way round": asked(claims=but(order=lambda order: order[::-1])),
        "the root is taken for what binds": asked(fill=but(bindings=each(lambda stop: min(0, stop)))),
    },
    (certificate, "check_shared_fill"): {
        **{f"{letter} is left out": without(letter) for letter in "FBEACM"},
        "a watt more may be shared inside": asked(shares=but(allocated_w=each(by(1)))),
        "nodes that claim a watt less pass": asked(groups=but(maximums_w=each(by(1)))),
    },
    (certificate, "check_spare"): {
        **{f"{letter} is left out": without(letter) for letter in "FBMR"},
        "what the targets take is left too": asked(targets_w=all_as(0)),
        "who was held off may claim": asked(admitted=all_as(True)),
        "who stands by needs no minimum": asked(minimums_w=all_as(0)),
        "a watt more may be claimed": asked(fulls_w=each(by(1))),
        "a watt more is left": asked(capacities_w=each(by(1))),
        "loads are not summed up": asked(parents=all_as(-1)),
    },
    (certificate, "check_sent"): {
        "whatever is sent passes": answered(always(None)),
        "above the rating passes": asked(ratings_w=all_as(NO_LIMIT)),
        "exactly the rating is refused": asked(ratings_w=each(by(-1))),
        "raises may use room that is missing": asked(room_w=each(abs)),
        "a watt of the room is kept back": asked(room_w=each(by(-1))),
        "room is not shared by what is below": asked(parents=all_as(-1)),
        "a watt above the target passes": asked(targets_w=each(by(1))),
        "all that is drawn counts as raised": asked(exposures_w=all_as(0)),
        "decreases that wait may exceed a limit together": asked(capacities_w=all_as(NO_LIMIT)),
        "no decrease may wait": asked(capacities_w=all_as(0)),
        "below the minimum passes": asked(minimums_w=all_as(0)),
        "a watt below the minimum passes": asked(minimums_w=each(by(-1))),
        "exactly the minimum is refused": asked(minimums_w=each(by(1))),
    },
}


def test_without_a_fault_exactly_the_good_plans_are_accepted() -> None:
    assert _accepted() == [plan.letter is None for plan in (*FILLS, *SHARED_FILLS, *SPARES, *SETPOINTS)]


@pytest.mark.parametrize("fault", all_of(FAULTS), ids=str)
def test_a_fault_lets_a_bad_plan_pass_or_refuses_a_good_one(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    right = _accepted()
    fault.plant(monkeypatch)
    assert _accepted() != right


def _accepted() -> list[bool]:
    fills = [certificate.check_fill(PARENTS, plan.capacities_w, plan.claims, plan.fill) for plan in FILLS]
    shares = [certificate.check_shared_fill(**plan.question) for plan in SHARED_FILLS]
    spares = [certificate.check_spare(**plan.question) for plan in SPARES]
    setpoints = [certificate.check_sent(**plan.question) for plan in SETPOINTS]
    return [verdict is None for verdict in fills + shares + spares + setpoints]
