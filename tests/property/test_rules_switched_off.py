"""Every rule of what is known (R1 to R41) is held by a test that names it: switched off, that test fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.knowledge import (
    background,
    confirmation,
    demand,
    hearing,
    holdings,
    lines,
    meters,
    obedience,
    readings,
    usage,
)
from domain.knowledge.ledger import EXACT, LedgerEntry
from domain.knowledge.limits import Mode
from domain.knowledge.lines import Line
from domain.knowledge.memory import Memory
from domain.knowledge.readings import ChargePointTelemetry, Readings, Receipt, Reception
from domain.knowledge.sendings import Moment, Sending
from domain.knowledge.usage import UsageMemory
from domain.microgrid import Microgrid
from domain.sharing.plan import Reason
from tests.property.planting import (
    Change,
    Fault,
    always,
    answered,
    answered_given,
    asked,
    asked_given,
    but,
    by,
    each,
    unless_none,
)
from tests.unit.domain import test_microgrid
from tests.unit.domain.knowledge import (
    test_background_bounds,
    test_background_over_time,
    test_confirmation,
    test_demand,
    test_departed_connectors,
    test_former_ratings,
    test_ledger,
    test_ledger_at_first_sight,
    test_ledger_fallen_back,
    test_ledger_may_draw,
    test_limits_way_back,
    test_meters_contradicted,
    test_obedience_by_factor,
    test_obedience_unresponsive,
    test_readings,
    test_readings_without_power,
    test_take_over,
    test_usage,
    test_usage_in_proportion,
    test_usage_standby,
)
from tests.unit.domain.knowledge.test_readings import Inbox

INSTANT = timedelta(microseconds=1)
GRACE = timedelta(seconds=20)


@dataclass(frozen=True)
class SwitchedOff:
    """A rule, the fault in its place, and the test that fails by that, with the case of it that does."""

    name: str
    fault: Fault
    test: Callable[..., None]
    case: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name}, {self.fault.what}"


def off(
    rule: str, what: str, owner: Any, name: str, made_wrong: Change, *, fails: Callable[..., None], case: Any = ()
) -> SwitchedOff:
    return SwitchedOff(rule, Fault(owner, name, what, made_wrong), fails, case)


def no_grace(moment: Moment) -> Moment:
    return replace(moment, windows=replace(moment.windows, grace=timedelta(0)))


def of_lines(change: Callable[[Line], Line]) -> Change:
    """The lines of a cycle, each made of the true one."""
    return answered(lambda answer: ([change(line) for line in answer[0]], answer[1]))


def read_as(**changes: Change) -> Change:
    """The newest reading says something else to the rules of confirmation."""
    return asked(news=but(known=unless_none(but(reading=but(**changes)))))


def by_the_newest_configuration(right: Any) -> Any:
    """Sendings go by the validity and grace of the configuration in force."""

    def wrong(memory: Memory, before: Any, after: Any) -> Memory:
        def renewed(sending: Sending | None) -> Sending | None:
            return sending and Sending.of(sending.cycle_seq, sending.at, after.windows)

        def entry(true: LedgerEntry) -> LedgerEntry:
            return replace(
                true, setpoints=tuple(replace(sent, last_sent=renewed(sent.last_sent)) for sent in true.setpoints)
            )

        changed: Memory = right(memory, before, after)
        return replace(changed, ledger={node_id: entry(true) for node_id, true in changed.ledger.items()})

    return wrong


def only_readings_show_life(right: Any) -> Any:
    def wrong(of: Readings, telemetry: Any, *rest: Any) -> Any:
        if isinstance(telemetry, ChargePointTelemetry) and not telemetry.connectors:
            return Reception({Receipt.KEPT: 0})
        return right(of, telemetry, *rest)

    return wrong


def report_in_place_of_the_setpoint(entry: LedgerEntry, of: Any) -> LedgerEntry:
    report = None if of.news.known is None else of.news.known.report
    if report is None or entry.confirmed_at != report.measured_at:
        return entry
    return replace(entry, confirmed_w=report.limit_w)


def as_zero(telemetry: Any) -> Any:
    return replace(telemetry, connectors=tuple(replace(one, power_w=one.power_w or 0) for one in telemetry.connectors))


def no_safe_capacity_is_0(tree: Any) -> Any:
    return replace(
        tree,
        nodes=[
            replace(node, safe_operating_capacity_w=node.safe_operating_capacity_w or 0) if node.metered else node
            for node in tree.nodes
        ],
    )


READINGS = [
    off(
        "R1",
        "the sequence breaks no tie",
        Readings,
        "receive",
        asked(telemetry=but(sequence=always(0))),
        fails=lambda: test_readings.test_R1_of_two_readings_of_one_instant_the_higher_number_is_kept(Inbox()),
    ),
    off(
        "R2",
        "a newer reading forgets the report",
        readings,
        "KeptReading",
        asked_given(report=lambda of: of.report if of.reading.applied_limit_w is not None else None),
        fails=lambda: test_readings.test_R2_a_reported_limit_outlives_its_reading(Inbox()),
    ),
    off(
        "R3",
        "an empty message shows nothing",
        Readings,
        "receive",
        only_readings_show_life,
        fails=lambda: test_readings.test_R3_an_empty_message_shows_the_link_alive(Inbox()),
    ),
    off(
        "R4",
        "power that is not known is none",
        Readings,
        "receive",
        asked(telemetry=lambda true: as_zero(true) if isinstance(true, ChargePointTelemetry) else true),
        fails=test_readings_without_power.test_R4_it_draws_between_0_and_its_exposure,
    ),
    off(
        "R5",
        "nobody refuses",
        confirmation,
        "heard",
        read_as(refused_cycle_seq=always(None)),
        fails=test_obedience_unresponsive.test_R5_who_refused_is_unresponsive,
    ),
    off(
        "R6",
        "everything is plausible",
        hearing,
        "plausible_w",
        always(lambda _: 10**9),
        fails=test_readings_without_power.test_R6_who_was_sent_a_setpoint_is_taken_to_draw_no_more_than_is_plausible,
    ),
    off(
        "R7",
        "a live charge point makes all its demands fresh",
        demand,
        "is_silent",
        asked(asks=always(False)),
        fails=lambda: test_demand.test_R7_demand_needs_a_reading_of_its_own(
            test_demand.a_depot(), 90.001, Reason.RESERVED
        ),
    ),
]

IN_FORCE = [
    off(
        "R8",
        "sendings go by the newest configuration",
        Memory,
        "reconfigured",
        by_the_newest_configuration,
        fails=test_ledger.test_R8_every_sending_keeps_the_validity_and_the_grace_of_its_configuration,
    ),
    off(
        "R9",
        "only the newest setpoint stands",
        LedgerEntry,
        "sent",
        answered(but(setpoints=lambda setpoints: setpoints[-1:])),
        fails=test_ledger.test_R9_a_decrease_does_not_count_until_it_is_confirmed,
    ),
    off(
        "R10",
        "nothing confirmed is in force",
        LedgerEntry,
        "in_force",
        asked(self=but(confirmed_w=always(0))),
        fails=test_ledger.test_R10_a_report_is_the_confirmed_limit_and_counts_beside_what_stands,
    ),
    off(
        "R11",
        "who names cycles has to do it every time",
        confirmation,
        "heard",
        asked(entry=but(names=always(False))),
        fails=test_ledger.test_R11_who_named_a_cycle_once_names_them_for_ever,
    ),
    off(
        "R12",
        "a message at the instant of a sending shows it received",
        Moment,
        "before",
        asked(instant=by(INSTANT)),
        fails=test_ledger.test_R12_of_others_the_newest_sending_before_their_charge_point_was_heard_is_received,
    ),
    off(
        "R13",
        "nobody falls back",
        LedgerEntry,
        "fall_back",
        always(lambda entry, lapsed_at: None),
        fails=test_ledger_fallen_back.test_R13_it_has_fallen_back_when_the_received_sending_is_valid_no_longer,
    ),
    off(
        "R13",
        "a newer sending is applied at once",
        confirmation,
        "heard",
        asked(moment=no_grace),
        fails=test_ledger_fallen_back.test_R13_it_falls_back_also_where_a_newer_sending_comes_within_a_grace_of_the_end,
        case=(100.001, test_ledger_fallen_back.FALLBACK_W),
    ),
    off(
        "R14",
        "what a configuration lowers counts no more",
        Memory,
        "reconfigured",
        answered(but(former=always(()))),
        fails=test_former_ratings.test_R14_a_former_fallback_counts_in_the_exposure_until_a_lapse_after_the_last_sending,
        case=(139.999, 60_000),
    ),
    off(
        "R15",
        "the fallback joins when it may be in force",
        LedgerEntry,
        "falls_back_by",
        asked(instant=by(-GRACE)),
        fails=test_ledger_fallen_back.test_R15_the_fallback_joins_a_grace_before_it_may_be_in_force,
    ),
    off(
        "R16a",
        "a name confirms the newest",
        confirmation,
        "heard",
        asked(news=but(known=unless_none(but(report=unless_none(but(cycle_seq=unless_none(by(1000)))))))),
        fails=test_confirmation.test_R16a_a_named_cycle_confirms_what_it_brought_and_all_older,
    ),
    off(
        "R16b",
        "a setpoint needs no grace",
        confirmation,
        "heard",
        asked(moment=no_grace),
        fails=test_confirmation.test_R16b_a_report_confirms_a_grace_after_the_setpoint_came_through,
        case=(19.999, 60_000),
    ),
    off(
        "R16c",
        "the report is the confirmed limit",
        confirmation,
        "heard",
        answered_given(report_in_place_of_the_setpoint),
        fails=test_confirmation.test_R16c_the_confirmed_limit_is_the_setpoint_where_less_is_reported,
    ),
]

ROOM = [
    off(
        "R17",
        "nobody is below its fallback",
        hearing,
        "Heard",
        asked(fallback_w=always(0)),
        fails=test_ledger_fallen_back.test_R17_from_a_grace_before_it_is_reserved_though_it_is_heard,
    ),
    off(
        "R18",
        "everyone holds the fallback for itself",
        lines,
        "read",
        of_lines(but(own_w=always(None))),
        fails=test_ledger_fallen_back.test_R18_reserved_connectors_on_the_fallback_of_their_charge_point_hold_it_together,
    ),
    off(
        "R18",
        "a charge point bears its rating whatever the factor",
        holdings,
        "hold",
        asked(lines=each(but(entry=but(factor=always(EXACT))))),
        fails=test_ledger_at_first_sight.test_R18_a_charge_point_bears_its_rating_by_the_highest_factor_of_its_connectors,
    ),
    off(
        "R19",
        "nothing wakes for a fallback",
        Microgrid,
        "wakes_at",
        always(lambda microgrid, after: None),
        fails=test_microgrid.test_R19_a_cycle_is_due_a_grace_before_the_first_received_setpoint_lapses,
    ),
    off(
        "R20",
        "who is idle holds nothing",
        lines,
        "read",
        of_lines(lambda line: replace(line, reserved_w=0) if line.standing is demand.Standing.IDLE else line),
        fails=test_ledger_at_first_sight.test_R20_an_idle_connector_counts_with_its_idle_power_or_what_it_draws,
        case=(0, 900),
    ),
    off(
        "R21",
        "who departs holds nothing",
        Memory,
        "reconfigured",
        answered(but(departed=always(()))),
        fails=test_departed_connectors.test_R21_one_that_was_removed_holds_until_a_lapse_after_its_setpoint_was_sent,
    ),
    off(
        "R22",
        "what was known once is for ever",
        LedgerEntry,
        "is_last_known",
        always(lambda entry, oldest: True),
        fails=test_take_over.test_R22_it_does_not_stay_so_for_ever_where_workers_follow_each_other,
        case=(90, Reason.RESERVED),
    ),
    off(
        "R23",
        "who was not heard draws nothing",
        hearing,
        "Heard",
        asked_given(power_w=lambda of: None if of.known is None else of.power_w),
        fails=test_take_over.test_R23_the_stored_power_counts_until_a_connector_is_heard_again,
    ),
]

METERS = [
    off(
        "R24",
        "two readings bring a meter back",
        meters,
        "READINGS_BACK",
        always(2),
        fails=test_limits_way_back.test_R24_it_takes_fresh_readings_for_as_long_as_a_reading_is_fresh_and_at_least_three,
        case=(30, 1, Mode.SAFE),
    ),
    off(
        "R25",
        "no meter is contradicted",
        meters,
        "TOO_LOW_PART",
        always(1),
        fails=test_meters_contradicted.test_R25_a_meter_whose_readings_are_too_low_for_as_long_as_one_is_fresh_counts_as_silent,
    ),
    off(
        "R25",
        "whatever repeated nothing before may stand still",
        meters,
        "LIVELY_READINGS",
        always(10_000),
        fails=test_meters_contradicted.test_R25_a_meter_that_repeated_nothing_before_counts_as_silent_where_it_stands_still,
    ),
    off(
        "R26",
        "everyone draws what it reads",
        Line,
        "drawn_w",
        answered_given(lambda _, of: (of.self.power_w or 0, of.self.power_w or 0)),
        fails=test_ledger_may_draw.test_R26_raised_since_it_may_draw_its_exposure_until_it_had_its_grace,
        case=(19.999, 60_000),
    ),
    off(
        "R27",
        "the background is what is left now",
        background,
        "assess",
        asked(memory=always({})),
        fails=test_background_bounds.test_R27_a_rise_counts_with_the_lowest_of_the_time_that_confirms_it,
    ),
    off(
        "R28",
        "no rise is in doubt",
        background,
        "DOUBT_PERCENT",
        always(100),
        fails=test_background_bounds.test_R28_an_unconfirmed_rise_stops_raises_or_is_left_room_for_by_them,
        case=(10_001, test_background_bounds.TOLD_W),
    ),
    off(
        "R29",
        "what a silent meter showed counts above its node alone",
        background,
        "assess",
        asked(tree=no_safe_capacity_is_0),
        fails=test_background_over_time.test_R29_a_silent_meter_without_a_safe_capacity_leaves_its_last_estimate_at_the_node,
    ),
]

VEHICLES = [
    off(
        "R30",
        "a rating has no end at the meter",
        lines,
        "MOST_OVER_RATING",
        always(2500),
        fails=test_demand.test_R30_the_rating_at_the_meter_is_at_most_35_per_mille_more,
        case=(1200, 51_750),
    ),
    off(
        "R31",
        "everyone demands in full",
        UsageMemory,
        "demand_w",
        answered_given(lambda _, of: of.full_w),
        fails=test_usage.test_R31_after_a_window_below_its_setpoint_it_demands_a_tenth_and_a_margin_more_than_it_draws,
    ),
    off(
        "R32",
        "nobody follows",
        usage,
        "UsageMemory",
        asked(follows=always(False)),
        fails=test_usage_in_proportion.test_R32_who_draws_less_of_a_lower_setpoint_a_third_of_the_way_to_in_proportion_follows_it,
        case=(34_666, True),
    ),
    off(
        "R33",
        "nobody stands by",
        usage,
        "UsageMemory",
        asked(in_vain_at=always(None)),
        fails=test_usage_standby.test_R33_who_draws_nothing_for_a_window_stands_by,
    ),
    off(
        "R33",
        "all are asked again at once",
        usage,
        "RETRY_STEPS",
        always(1),
        fails=test_usage_standby.test_R33_after_a_while_it_is_asked_again_and_not_all_at_once,
        case=(6_000, 6_000, 4),
    ),
    off(
        "R34",
        "a factor rises slowly",
        obedience,
        "AT_ONCE",
        always(10**6),
        fails=test_obedience_by_factor.test_R34_a_reading_above_teaches_at_once_one_little_above_by_an_eighth,
        case=(54_000, 1080),
    ),
    off(
        "R35",
        "a share is told as it is",
        LedgerEntry,
        "to_tell",
        always(lambda entry, share_w: share_w),
        fails=test_obedience_by_factor.test_R35_a_share_is_told_by_the_factor_and_counts_at_the_meter,
    ),
    off(
        "R36",
        "a setpoint is in force at once",
        LedgerEntry,
        "obeyed_w",
        asked(grace=always(timedelta(0))),
        fails=test_obedience_unresponsive.test_R36_what_is_in_force_is_not_known_until_a_grace_after_the_first_sending,
    ),
    off(
        "R37",
        "nothing above the setpoint is bearable",
        obedience,
        "UNLEARNED_FACTOR",
        always(1000),
        fails=test_obedience_unresponsive.test_R37_while_its_factor_is_not_learned_a_quarter_more_is_bearable,
        case=(62_500, False),
    ),
    off(
        "R38",
        "no report is over",
        obedience,
        "judge",
        asked(known=but(report=always(None))),
        fails=test_obedience_unresponsive.test_R38_a_report_above_its_setpoint_and_the_tolerance_is_over,
        case=(52_501, True),
    ),
    off(
        "R39",
        "a new setpoint restarts the time",
        obedience,
        "judge",
        asked(windows=but(background_confirm=always(timedelta(days=1)))),
        fails=test_obedience_unresponsive.test_R39_who_is_over_for_the_time_that_confirms_it_is_unresponsive_however_often_it_is_told_anew,
    ),
    off(
        "R40",
        "no factor explains anything",
        LedgerEntry,
        "is_explained",
        always(property(lambda entry: False)),
        fails=test_obedience_unresponsive.test_R40_who_explains_itself_by_a_factor_takes_part_as_soon_as_it_is_not_over,
    ),
    off(
        "R41",
        "all that obey again take part at once",
        obedience,
        "readmit",
        asked(readmitted_at=always(None)),
        fails=test_obedience_unresponsive.test_R41_one_connector_at_a_time_the_longest_waiting_first,
    ),
]

RULES = [*READINGS, *IN_FORCE, *ROOM, *METERS, *VEHICLES]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_test_that_names_a_rule_fails_without_it(rule: SwitchedOff, monkeypatch: pytest.MonkeyPatch) -> None:
    rule.test(*rule.case)
    rule.fault.plant(monkeypatch)
    with pytest.raises(AssertionError):
        rule.test(*rule.case)


def test_every_rule_of_what_is_known_is_switched_off() -> None:
    assert {each.name.rstrip("abc") for each in RULES} == {f"R{number}" for number in range(1, 42)}
