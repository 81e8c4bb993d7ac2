"""The oracle can see: whatever is wrong with a rule of the decision, some snapshot shows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.breaches import observation, over_limit
from domain.breaches.over_limit import Severity
from domain.knowledge import background, demand, hearing, holdings, limits, lines, meters, readings
from domain.knowledge.demand import Standing
from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.limits import Limit, Mode
from domain.knowledge.readings import STATUSES_WITH_DEMAND, Readings
from domain.knowledge.situation import NodeView
from domain.sharing import figures, measured, rotation, strategy, targets, transition
from domain.sharing.plan import Outcome, Quality, Reason
from domain.site import power_tree, site
from domain.site.configuration import Unit
from domain.site.power import NO_LIMIT
from tests.property.planting import (
    Change,
    Fault,
    Faults,
    all_as,
    all_of,
    always,
    answered,
    answered_given,
    asked,
    asked_given,
    but,
    by,
    each,
    shows_in_some_answer,
    unless_none,
)

INSTANT = timedelta(microseconds=1)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def charge_points(made_wrong: Change, *, inside: bool = False) -> Change:
    """A fault of the fill among charge points that share first, or of the one `inside` them."""

    def filler(of: Any) -> Any:
        wrong = made_wrong(of.filler)

        def fill(parents: Any, *rest: Any) -> Any:
            is_meant = of.unit is Unit.CHARGER and inside == (parents is not of.tree.parents)
            return (wrong if is_meant else of.filler)(parents, *rest)

        return fill

    return asked_given(filler=filler)


def reading(**changes: Change) -> Change:
    """Ranks by other readings."""
    return asked(readings=each(unless_none(but(reading=but(**changes)))))


def session(**changes: Change) -> Change:
    return reading(session=unless_none(but(**changes)))


def lines_read(change: Change) -> Change:
    """Every connector is known otherwise."""
    return answered(lambda read: (list(map(change, read[0])), *read[1:]))


def on_fallback(**changes: Change) -> Change:
    """Those that may be on their fallback are known otherwise."""
    return lines_read(lambda line: line if line.own_w is None else but(**changes)(line))


KNOWLEDGE: Faults = {
    (power_tree, "natural_key"): {"ids are compared as text": always(str)},
    (site, "derive"): {
        "a fallback may exceed the connector's rating": answered(
            lambda tree: replace(
                tree,
                connectors=[replace(one, fallback_w=tree.fallbacks_w[one.charge_point]) for one in tree.connectors],
            )
        )
    },
    (readings, "FUTURE_TOLERANCE"): {"readings of the future are dropped": always(timedelta(0))},
    (readings, "KeptReading"): {
        "a newer reading forgets the reported limit": asked_given(
            report=lambda of: of.report if of.reading.applied_limit_w is not None else None
        ),
    },
    (Readings, "receive"): {
        "the sequence breaks no tie": asked(telemetry=but(sequence=always(0))),
    },
    (demand, "STATUSES_WITH_DEMAND"): {
        f"{status} is no demand": always(STATUSES_WITH_DEMAND - {status}) for status in sorted(STATUSES_WITH_DEMAND)
    },
    (demand, "STATUSES"): {"a status that OCPP does not have never wants power": always({"Unheard-of"})},
    (demand, "is_silent"): {
        "an idle socket needs its own reading": asked(asks=always(True)),
        "a live charge point makes all its demands fresh": asked(asks=always(False)),
        "a reading is stale at its age limit": asked(oldest=by(INSTANT)),
    },
    (hearing, "Heard"): {
        "who was never heard is idle": asked_given(silent=lambda of: of.silent and of.known is not None),
    },
    (demand, "asked_w"): {
        "what is requested is forgotten": answered_given(lambda watts, of: watts and of.rating_w),
    },
    (meters, "relied_on"): {
        "a meter is stale at its age limit": asked(site=but(windows=but(meter_stale_after=by(-INSTANT)))),
        "a meter is fresh for a second longer": asked(
            site=but(windows=but(meter_stale_after=by(timedelta(seconds=1))))
        ),
        "no meter counts as silent": answered(lambda known: replace(known, last_known=range(len(known.readings)))),
    },
    (limits, "in_force"): {
        "a silent meter without a safe capacity changes nothing": asked(
            tree=but(nodes=each(but(metered=always(False))))
        ),
        "a silent meter without a safe capacity allows nothing": asked(tree=but(fallbacks_w=all_as(0))),
        "safe mode forgets the default capacity": answered_given(
            lambda in_force, of: [
                replace(
                    limit, limit_w=limit.limit_w if limit.mode is Mode.NORMAL else node.safe_operating_capacity_w or 0
                )
                for limit, node in zip(in_force, of.tree.nodes, strict=True)
            ]
        ),
        "the import limit limits nothing": answered(lambda in_force: [Limit(None, None, Mode.NORMAL), *in_force[1:]]),
    },
    (LedgerEntry, "in_force"): {
        "a reported limit never lapses": asked(moment=but(windows=but(lapse=always(timedelta(days=999))))),
        "a reported limit lapses at its last instant": asked(moment=but(windows=but(lapse=by(-INSTANT)))),
        "who was never told anything draws nothing": answered(lambda told: (told[0], False)),
        "who is silent is told the same": asked(silent=always(False)),
    },
    (lines, "read"): {
        "the draw is no exposure": lines_read(lambda line: replace(line, exposure_w=line.told_w)),
        "a stale connector measures its last reading": lines_read(
            lambda line: replace(line, measured_w=line.power_w or 0)
        ),
        "after a lapse the last reading is forgotten": lines_read(
            lambda line: line if line.own_w is None else replace(line, exposure_w=line.connector.fallback_w, own_w=0)
        ),
        "fallbacks are not shared": on_fallback(own_w=always(None)),
        "nothing is its own beyond the sharing": on_fallback(own_w=always(0)),
        "who is idle has a minimum": lines_read(lambda line: replace(line, minimum_w=line.connector.min_power_w)),
    },
    (holdings, "hold"): {
        "the rating of a charge point clamps nothing": asked(
            tree=but(nodes=each(but(default_capacity_w=always(NO_LIMIT))))
        ),
        "it clamps what is measured too": asked(lines=each(but(measured_w=always(0)))),
        "exposures are reserved": answered(each(lambda held: replace(held, reserved_w=held.exposed_w))),
        "an idle connector reserves its draw only": asked(
            lines=each(lambda line: replace(line, reserved_w=line.power_w) if line.standing is Standing.IDLE else line)
        ),
    },
    (background, "assess"): {
        "the chargers are background too": asked(held=each(but(least_drawn_w=always(0), most_drawn_w=always(0)))),
        "no meter is read": asked(meters=but(readings=all_as(None))),
        "nothing below counts above": asked(tree=but(parents=all_as(-1))),
        "nothing is withheld": asked(limits=each(but(mode=always(Mode.NORMAL)))),
        "all is withheld": asked(
            limits=each(lambda limit: replace(limit, limit_w=0) if limit.mode is Mode.SAFE else limit)
        ),
        "every rise is unconfirmed": answered(lambda known: (each(but(unconfirmed=always(True)))(known[0]), known[1])),
    },
    (NodeView, "free_w"): {"what is left to share out is free": lambda _: NodeView.net_w},
}


SHARING: Faults = {
    (targets, "decide"): {
        "everybody asks for its rating": asked_given(
            demands_w=lambda of: [
                demand and connector.max_power_w
                for demand, connector in zip(of.demands_w, of.tree.connectors, strict=True)
            ]
        ),
        "who wants nothing takes part": asked(demands_w=each(lambda demand: demand or 1)),
        "everybody ranks by its id": asked(ranking=but(order=sorted)),
        "connectors share where charge points should": asked(unit=always(Unit.CONNECTOR)),
        "charge points share where connectors should": asked(unit=always(Unit.CHARGER)),
        "idle connectors' ratings do not weigh": asked_given(
            ranking=lambda of: replace(
                of.ranking,
                weights=[w * bool(d) for w, d in zip(of.ranking.weights, of.demands_w, strict=True)],
            )
        ),
        "minimums of charge points are forgotten": charge_points(asked(claims=but(minimums_w=all_as(0)))),
        "charge points weigh the same": charge_points(asked(claims=but(weights=all_as(1)))),
        "charge points have no tiers": charge_points(asked(claims=but(tiers=all_as(0)))),
        "charge points rank by their ids": charge_points(asked(claims=but(order=sorted))),
        "shares are floored before they are shared inside": charge_points(answered(but(exact=always({})))),
        "the microgrid binds every charge point": charge_points(
            answered(but(bindings=each(lambda stop: min(stop, 0))))
        ),
        "inside a charge point tiers are ignored": charge_points(asked(claims=but(tiers=all_as(0))), inside=True),
        "inside a charge point all weigh the same": charge_points(asked(claims=but(weights=all_as(1))), inside=True),
    },
    (targets, "renumbered"): {"ranks are forgotten": answered(sorted)},
    (transition, "send"): {
        "every raise is sent at once": answered_given(lambda _, of: list(of.wanted_w)),
        "below a full node everybody is sent its exposure": asked(
            situation=but(lines=each(but(entry=always(NEVER_SENT))))
        ),
        "raises share unlimited room": asked(filler=asked(capacities_w=all_as(NO_LIMIT))),
        "a raise may end below its exposure": asked(filler=asked(claims=but(minimums_w=all_as(0)))),
        "a raise needs no room for its minimum": asked(
            filler=asked(claims=lambda claims: replace(claims, minimums_w=claims.held_w))
        ),
        "what is held is paid for again": asked(filler=asked(claims=but(held_w=all_as(0)))),
        "raises reach beyond the target": asked(filler=asked(claims=but(maximums_w=each(by(1))))),
        "all raises weigh the same": asked(filler=asked(claims=but(weights=all_as(1)))),
        "raises have no tiers": asked(filler=asked(claims=but(tiers=all_as(0)))),
        "raises rank by their ids": asked(filler=asked(claims=but(order=sorted))),
    },
    (transition, "full"): {
        "no node is full": answered(all_as(False)),
        "a node with a watt left is full": asked(room_w=each(by(-1))),
        "a node that is just full is not": asked(room_w=each(by(1))),
        "a full node stops only what hangs on it": answered_given(lambda _, of: [room <= 0 for room in of.room_w]),
    },
    (transition, "never_between"): {
        "a refused raise stays between 0 and its minimum": asked(minimum=always(0)),
        "exactly the minimum is switched off": asked(minimum=by(1)),
    },
    (strategy, "DEFAULT_PRIORITY"): {"who has no session goes first": always(0)},
    (strategy, "rank"): {
        "who did not say when it came goes first": session(started_at=lambda at: at or LONG_AGO),
        "departures do not matter": session(departs_at=unless_none(always(LONG_AGO))),
        "needed energy does not matter": session(energy_needed_wh=unless_none(always(1))),
        "priorities do not matter": session(priority=always(1)),
        "laxity forgets what was requested": reading(requested_w=unless_none(always(None))),
        "ratings do not weigh": answered(but(weights=all_as(1))),
        "ratings of a charge point do not add up": answered(but(by_rating=always(False))),
    },
    (strategy, "one_after_another"): {
        "who goes first goes last": asked(order=lambda order: order[::-1]),
        "a greedy order is one tier": answered(but(tiers=all_as(0))),
    },
    (rotation, "by_service"): {"the last by its id goes first": answered(but(order=lambda order: order[::-1]))},
    (figures, "plan"): {
        "a minimum of one's own curtails": answered(
            lambda plan: (
                replace(plan, outcome=Outcome.CURTAILED)
                if plan.outcome is Outcome.BALANCED
                and any(one.reason is Reason.BELOW_MINIMUM for one in plan.setpoints)
                else plan
            )
        ),
        "a watt more is infeasible": asked(situation=but(lines=each(but(reserved_w=by(1))))),
        "a silent meter degrades nothing": asked(situation=but(silent=always(False))),
        "headroom ignores what is reserved": answered(
            but(nodes=each(lambda one: replace(one, headroom_w=one.headroom_w and one.headroom_w + one.reserved_w)))
        ),
        "a raise that waits is granted": asked(
            decision=lambda decision: replace(decision, sendable_w=decision.wanted_w)
        ),
        "who is held off is limited": asked(decision=but(targets=but(admitted=all_as(True)))),
    },
    (measured, "measured"): {
        "what nobody measures is 0": answered(lambda found: ([watts or 0 for watts in found[0]], found[1])),
        "meters are not looked at": asked(situation=but(nodes=each(but(meter=always(None))))),
    },
    (measured, "reading_w"): {
        "a silent connector measures its last reading": answered_given(lambda _, of: of.line.power_w)
    },
    (measured, "quality"): {
        "an estimate is as good as any": answered(lambda one: Quality.OK if one is Quality.ESTIMATED else one),
        "what is missing below does not matter": asked(is_whole=always(True)),
        "below a meter something is missing all the same": asked(view=but(meter=always(None))),
    },
    (observation, "observe"): {
        "meters are not looked at": asked(situation=but(nodes=each(but(meter=always(None))))),
    },
    (over_limit, "places_over"): {
        "exactly at the limit is over it": asked(observed=but(nodes_w=each(by(1)))),
    },
    (over_limit, "against_limit"): {
        "whatever is over its limit is critical": answered(but(severity=always(Severity.CRITICAL))),
    },
}


def test_without_a_fault_no_answer_differs() -> None:
    assert not shows_in_some_answer()


@pytest.mark.parametrize("fault", [*all_of(KNOWLEDGE), *all_of(SHARING)], ids=str)
def test_a_fault_shows_in_some_answer(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    assert shows_in_some_answer()
