"""Every scene by its number among the reports from the field, and what it must keep."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from tests.scenes import changes, drawing_less, drawing_more, full_vehicles, not_obeying, wrong_readings
from tests.scenes.drawing_less import a_part_of_what_it_is_told, with_fewer_phases
from tests.scenes.drawing_more import FiveDc, six_ac, twenty_bays
from tests.scenes.full_vehicles import garage, one_wakes
from tests.scenes.kept import Kept, Scene, among_noise, as_shown, learned
from tests.scenes.mixes import Mix
from tests.scenes.not_obeying import four_in_turns, one_ignores
from tests.scenes.world import true_load
from tests.scenes.wrong_readings import ThreeDc

SIX_AMPERES_W = 4_140

MORE: Final = {
    "F1a a watt more": Scene(drawing_more.alone_and_a_watt_more, learned(5.5)),
    "F1b 240 V, 64 A": Scene(partial(six_ac, 240, 64), learned(22.0)),
    "F1b 240 V, 64 A, metered": Scene(partial(six_ac, 240, 64, metered=True), learned(22.0)),
    "F1b 240 V, 64 A, limit reported": Scene(partial(six_ac, 240, 64, reports_limit=True), learned(22.0)),
    "F1c 240 V, room for all": Scene(partial(six_ac, 240, 200), learned(68.8)),
    "F1d 252 V, 64 A": Scene(partial(six_ac, 252, 64), learned(22.0)),
    "F1e 236 V, whole amperes": Scene(partial(six_ac, 236, 64, step_ma=1000), learned(21.2)),
    "F1f five DC, a watt more": Scene(FiveDc(plus_w=1), learned(133.0)),
    "F2a told 94.5 %": Scene(FiveDc(1 / 0.945), learned(133.1)),
    "F2b told 92 %": Scene(FiveDc(1 / 0.92), learned(133.3)),
    "F2c told 92 %, metered": Scene(FiveDc(1 / 0.92, metered=True), learned(132.3)),
    "F2d told 96 %": Scene(FiveDc(1 / 0.96), learned(133.1)),
    "F2e told 85 %": Scene(FiveDc(1 / 0.85), learned(133.5)),
    "F2f noise": Scene(FiveDc(noise_percent=1), learned(131.6, new_values=40)),
    "F2g told 94.5 %, noise, metered": Scene(
        FiveDc(1 / 0.945, noise_percent=1, metered=True), learned(130.5, new_values=40)
    ),
    "F2h told 94.5 %, limit reported": Scene(FiveDc(1 / 0.945, reports_limit=True), learned(133.1)),
    "F2i told 92 %, a reading a minute": Scene(FiveDc(1 / 0.92, every_s=60), learned(133.6, well_over_s=90)),
    "F2j told 70 %": Scene(FiveDc(1 / 0.7), Kept(130, over_s=50, switches=3)),
    "swing x1.02": Scene(partial(twenty_bays, 1.02), as_shown(407.2, over_s=1385, switches=1)),
    "swing x1.08": Scene(partial(twenty_bays, 1.08), Kept(387, 35, switches=1, times_s={drawing_more.OVER_LATER: 0})),
    "swing x1.08, metered": Scene(
        partial(twenty_bays, 1.08, metered=True), Kept(387, 35, switches=1, times_s={drawing_more.OVER_LATER: 0})
    ),
    "swing x1.43": Scene(partial(twenty_bays, 1.43), as_shown(409.3, over_s=45, switches=3)),
    "swing x2.4": Scene(partial(twenty_bays, 2.4), as_shown(415.2, over_s=45, switches=3)),
    # Who obeys nothing but 0 cannot be helped, only left in peace.
    "swing x3": Scene(partial(twenty_bays, 3.0), Kept(355, switches=11)),
    "swing x1.43, 3 of 20": Scene(partial(twenty_bays, 1.43, 3), as_shown(407.2, over_s=45, switches=1)),
    "swing x3, 3 of 20": Scene(partial(twenty_bays, 3.0, 3), as_shown(409.8, over_s=45, switches=1)),
}

FULL: Final = {
    "F3a a full, a hungry": Scene(partial(garage, 1, 1, 8_279), as_shown(15.6, switches=5)),
    "F3b 20 full, 5 hungry": Scene(partial(garage, 20, 5, 41_400, hours=3), as_shown(113.2, switches=8)),
    "F3c 20 full that say Charging": Scene(
        partial(garage, 20, 5, 41_400, says=full_vehicles.always_charging), as_shown(74.5, switches=6)
    ),
    "F3d 9 full, 3 hungry": Scene(partial(garage, 9, 3, 41_400), as_shown(64.9, switches=7)),
    "F3e 9 full without a minimum": Scene(partial(garage, 9, 3, 41_400, minimum_w=0), as_shown(65.1, switches=2)),
    "F3f 18 full, 4 hungry DC": Scene(
        partial(garage, 18, 4, 150_000, minimum_w=0, rating_w=80_000), as_shown(87.5, switches=2)
    ),
    "F3g a night": Scene(full_vehicles.night, Kept(385, over_s=10, switches=32)),
    "F3h one wakes": Scene(
        partial(one_wakes, 24_840, 9_000), as_shown(57.5, switches=8, times_s={full_vehicles.WOKEN: 2_734})
    ),
    "F3i one wakes, with room": Scene(
        partial(one_wakes, 75_000, 5_400), as_shown(52.0, switches=4, times_s={full_vehicles.WOKEN: 1})
    ),
}

LESS: Final = {
    "F4a one phase": Scene(partial(with_fewer_phases, 1, 5_400), as_shown(11.0)),
    "F4b one phase beside three": Scene(drawing_less.one_phase_beside_three, as_shown(20.5, switches=1)),
    "F4c draws 85 %": Scene(partial(a_part_of_what_it_is_told, 0.85), as_shown(127.4)),
    "F4d draws 75 %": Scene(partial(a_part_of_what_it_is_told, 0.75), as_shown(112.4)),
    "F4e draws 65 %": Scene(partial(a_part_of_what_it_is_told, 0.65), as_shown(97.4)),
    "F4f draws 65 %, beside others": Scene(partial(a_part_of_what_it_is_told, 0.65, 2, 300_000), as_shown(264.7)),
    "F4g draws 33 %, beside others": Scene(partial(a_part_of_what_it_is_told, 0.333, 2, 300_000), as_shown(233.0)),
    "F4h steps of six amperes": Scene(drawing_less.six_ampere_steps, as_shown(11.7, switches=1)),
    "F4i two phases": Scene(partial(with_fewer_phases, 2, 3_600), as_shown(7.4)),
    "F4j small beside hungry": Scene(drawing_less.small_beside_hungry, as_shown(55.3)),
    "F4k tapering beside hungry": Scene(drawing_less.tapering_beside_hungry, as_shown(158.6)),
    "F4l a newcomer beside a small one": Scene(
        drawing_less.newcomer_beside_small, as_shown(58.2, switches=1, times_s={drawing_less.HAS_IT: 32})
    ),
}

WRONG: Final = {
    "F5a a charger says thousandfold": Scene(ThreeDc(20_000, first_says_thousandfold=True), as_shown(23.5)),
    "F5b a meter in kW": Scene(ThreeDc(35_000, wrong_readings.in_kilowatts), Kept(16.2, over_s=40, switches=1)),
    "F5c a reversed meter": Scene(ThreeDc(35_000, wrong_readings.reversed_sign), Kept(16.2, over_s=40, switches=1)),
    "F5d a good meter": Scene(ThreeDc(35_000), as_shown(21.6)),
    "F5e a late meter, swinging": Scene(ThreeDc(1_000, wrong_readings.ten_seconds_late, swinging=True), as_shown(22.1)),
    "F5f a reading a minute, swinging": Scene(ThreeDc(1_000, every_s=60, swinging=True), as_shown(21.3)),
    "F5g generation that nobody told": Scene(ThreeDc(-40_000), as_shown(17.1)),
    "F5h generation": Scene(ThreeDc(-40_000, generation=True), as_shown(33.3)),
}

NOT_OBEYING: Final = {
    "F8a one ignores its limit, safe": Scene(
        partial(one_ignores, None), as_shown(3.9, over_s=8, switches=1, times_s={not_obeying.FOUND: 5})
    ),
    "F8b one ignores its limit, metered": Scene(
        partial(one_ignores, true_load), as_shown(5.2, over_s=18, switches=2, times_s={not_obeying.FOUND: 15})
    ),
    "F8c one ignores its limit, a meter that sees another": Scene(
        partial(one_ignores, not_obeying.meter_of_the_first),
        as_shown(4.4, over_s=8, switches=3, times_s={not_obeying.FOUND: 5}),
    ),
    "F9a forgets after 0": Scene(partial(four_in_turns, not_obeying.forgets), as_shown(21.0, over_s=15, switches=3)),
    "F9b forgets after 0, limit reported": Scene(
        partial(four_in_turns, not_obeying.forgets, reports_limit=True), as_shown(21.7, over_s=15, switches=3)
    ),
    "F9c resets with a session": Scene(
        partial(four_in_turns, not_obeying.resets), as_shown(21.0, over_s=15, switches=11)
    ),
    "F9d resets with a session, limit reported": Scene(
        partial(four_in_turns, not_obeying.resets, reports_limit=True), as_shown(21.6, over_s=15, switches=11)
    ),
    "F21a spikes": Scene(partial(four_in_turns, not_obeying.spikes), as_shown(21.8, over_s=54, switches=3)),
    "F21b no spikes": Scene(four_in_turns, as_shown(21.6, switches=3)),
}

CHANGES: Final = {
    "F14 a restless building": Scene(changes.restless_building, as_shown(136.4, over_s=417)),
    "F15a a dual charger": Scene(
        partial(changes.dual_charger, 0), as_shown(34.2, switches=1, times_s={changes.FULL: 123, changes.HAS_ALL: 277})
    ),
    "F15b a dual charger with a minimum": Scene(
        partial(changes.dual_charger, 10_000),
        as_shown(34.2, switches=1, times_s={changes.FULL: 123, changes.HAS_ALL: 277}),
    ),
    "F17 a limit falls and comes back": Scene(
        changes.limit_falls_and_comes_back,
        Kept(5.8, over_s=0, switches=5, times_s={changes.OVER_LATER: 0, changes.BOTH_AGAIN: 14}),
    ),
    "F19 one reboots": Scene(changes.one_reboots, as_shown(41.3)),
    "F22a whole amperes": Scene(partial(changes.rounding_down, 690), as_shown(26.5, switches=2)),
    "F22b whole amperes, limit reported": Scene(
        partial(changes.rounding_down, 690, reports_limit=True), as_shown(26.7, switches=2)
    ),
    "F22c steps of six amperes": Scene(partial(changes.rounding_down, SIX_AMPERES_W), as_shown(20.0, switches=2)),
    "F22d unplugged in a raise": Scene(changes.unplugged_in_a_raise, as_shown(18.6, switches=2)),
}

MIXES: Final = {
    "Z1 16 AC": Scene(Mix(1, 16, 22_080, SIX_AMPERES_W, limit_w=110_000), among_noise(86.6, switches=4)),
    "Z2 16 AC, metered": Scene(
        Mix(2, 16, 22_080, SIX_AMPERES_W, limit_w=130_000, metered=True), among_noise(111.0, switches=4)
    ),
    "Z3 8 DC": Scene(Mix(3, 8, 150_000, 0, limit_w=600_000), among_noise(728.9, well_over_s=4, switches=4)),
    "Z4 8 DC, metered": Scene(Mix(4, 8, 150_000, 5_000, limit_w=700_000, metered=True), among_noise(804.4, switches=4)),
    "Z5 20 at 11 kW, tight": Scene(Mix(5, 20, 11_040, SIX_AMPERES_W, limit_w=60_000), among_noise(73.0, switches=7)),
}

SCENES: Final[Mapping[str, Scene]] = MORE | FULL | LESS | WRONG | NOT_OBEYING | CHANGES | MIXES
