"""How chargers behave: as they should, or as people have them. The habits of each are drawn from the seed."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from adapters.simulation.layout import Configuration, Outlet, Station
from adapters.simulation.vehicle import Visit

AMPERE_W = 690
"""One ampere on each of three phases of 230 V."""

PER_MILLE = 1000

AC_UP_TO_W = 100_000
"""Assumed: a charge point that is rated no higher is an AC unit. No configuration says which ones are."""

SINGLE_PHASE_W = 32 * 230
"""The most that a single-phase vehicle takes."""


class Chargers(StrEnum):
    """Which chargers a depot has."""

    REAL = "real"
    IDEAL = "ideal"


@dataclass(frozen=True, slots=True)
class Habits:
    """How one charger behaves, within what chargers in the field do. Those that are left out are ideal.

    `lag_s`: from receiving a setpoint to obeying it. `phase` (seconds) shifts its periodic messages against its
    neighbours'. `whole_amperes`: it rounds limits down to them; `six_ampere_steps`: down to six of them, but not below
    the minimum of a connector. `plain_ocpp`: it reports what OCPP 1.6 has and no more: neither what the vehicle could
    take nor the limit in force, and an empty socket only when it changes.

    `factor` (per mille): what is drawn of what is told. `noise_percent`: the deviation of its power readings.
    `single_phase`, `asks_percent` (of the rating) and `full_early` are habits of the vehicles that come there; what
    such a vehicle asks for is not known. `reads_back`: it reports the limit in force; `names_cycles`: the cycle that
    set it too. `power_unknown_s`: for so long no power is known of a new session. `resets_after_session`: its
    setpoint does not stand any longer when a session ends. `reticent`: after a reconnect it says nothing anew until it
    is asked, and nobody asks it here.
    """

    lag_s: int = 3
    phase: int = 0
    report_interval_s: int = 5
    heartbeat_interval_s: int = 30
    whole_amperes: bool = False
    plain_ocpp: bool = False
    six_ampere_steps: bool = False
    factor: int = PER_MILLE
    noise_percent: int = 0
    single_phase: bool = False
    asks_percent: int = 100
    full_early: bool = False
    reads_back: bool = True
    names_cycles: bool = False
    power_unknown_s: int = 0
    resets_after_session: bool = False
    reticent: bool = False

    def applied_w(self, told_w: int, outlet: Outlet) -> int:
        """What a limit becomes that is told to a connector."""
        if self.six_ampere_steps:
            return max(told_w // (6 * AMPERE_W) * (6 * AMPERE_W), min(told_w, outlet.min_power_w))
        return told_w // AMPERE_W * AMPERE_W if self.whole_amperes else told_w

    def as_it_turns_out(self, visit: Visit, outlet: Outlet) -> Visit:
        """The visit of such a vehicle as comes to this charger."""
        if not (self.single_phase or self.full_early or self.asks_percent < 100):
            return visit
        least_w, most_w = visit.min_power_w, visit.max_power_w
        if self.single_phase:
            least_w, most_w = max(1, least_w // 3), min(most_w, SINGLE_PHASE_W)
        most_w = min(most_w, outlet.max_power_w * self.asks_percent // 100)
        return replace(
            visit,
            min_power_w=least_w,
            max_power_w=max(least_w, most_w),
            phases=1 if self.single_phase else 3,
            enough_wh=visit.needed_wh // 3 if self.full_early else None,
            request_is_known=False,
        )


def as_people_have_them(ideal: Habits, station: Station, grace_s: int, draw: Random) -> Habits:
    """Habits of a charger in the field, always within the grace that it has for applying a setpoint."""
    steps, is_ac = draw.randrange(20), station.max_power_w <= AC_UP_TO_W
    return replace(
        ideal,
        lag_s=min(draw.randint(2, 15), grace_s),
        factor=draw.randint(970, 1060),
        noise_percent=1,
        single_phase=_one_in(5, draw) and is_ac,
        whole_amperes=ideal.whole_amperes or (is_ac and steps < 10),
        six_ampere_steps=is_ac and steps == 19,
        asks_percent=draw.randint(30, 80) if _one_in(4, draw) else 100,
        full_early=draw.randrange(10) < 3,
        reads_back=_one_in(2, draw),
        names_cycles=_one_in(5, draw),
        power_unknown_s=30 if _one_in(10, draw) else 0,
        resets_after_session=_one_in(20, draw),
        reticent=draw.randrange(5) < 2,
    )


def grace_s(configuration: Configuration) -> int:
    """How long a charger may take to apply a setpoint, by the contract's default where a configuration is silent."""
    settings = configuration.get("settings") or {}
    return int(settings.get("apply_grace_s", 20))


def _one_in(number: int, draw: Random) -> bool:
    return draw.randrange(number) == 0


def valid_for_s(configuration: Configuration) -> int:
    """How long a setpoint holds, by the contract's default where a configuration is silent."""
    settings = configuration.get("settings") or {}
    return int(settings.get("setpoint_valid_for_s", 120))
