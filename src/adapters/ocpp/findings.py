"""What each station was found to do: `controlled`, or `not controlled` and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.ocpp.memory import Kept
from adapters.ocpp.outlets import Outlet, tolerance_w
from domain.site.configuration import ChargePoint, Settings

NOT_LINKED: Final = "not_connected"
REFUSES: Final = "refuses"
IGNORES: Final = "ignores"
OVERRULED: Final = "overruled"
NEVER_LAPSES: Final = "never_lapses"

SENTENCES: Final = {
    NOT_LINKED: "it is not connected",
    REFUSES: "it refuses charging profiles",
    IGNORES: "it accepts charging profiles and draws more than they allow",
    OVERRULED: "another limit in the charger stands above the one it is told",
    NEVER_LAPSES: "its limits do not lapse by themselves: its rating has to be configured as its fallback",
}

HELD: Final = timedelta(seconds=10)
"""How long a connector has to be over its limit before its station is called one that ignores it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one charge point. `why`: a code of `SENTENCES`, null where it is controlled."""

    charge_point_id: str
    why: str | None
    unit: str | None
    reads_back: bool | None
    lapses: bool | None

    @property
    def sentence(self) -> str:
        """For people: `controlled`, or `not controlled: ` and why."""
        return "controlled" if self.why is None else f"not controlled: {SENTENCES[self.why]}"


def judged(charge_point: ChargePoint, kept: Kept, *, is_linked: bool) -> Finding:
    """What is known of a station now. That it is not connected goes before all else."""
    abilities = kept.abilities
    rated = charge_point.fallback_w >= charge_point.max_power_w
    why = kept.why
    if why is None and abilities.lapses is False and not rated:
        why = NEVER_LAPSES
    return Finding(
        charge_point.charge_point_id,
        why if is_linked else NOT_LINKED,
        None if abilities.unit is None else abilities.unit.value,
        abilities.reads_back,
        abilities.lapses,
    )


def power_seen(outlet: Outlet, at: datetime, power_w: float, settings: Settings) -> None:
    """Judge a sample: over what it was told a grace ago or longer, for a while, the station ignores its limit.

    A quarter above is borne: chargers round, and Busbar learns their factor (R37). One that is seen within a limit that
    binds it obeys again.
    """
    standing = outlet.standing
    if standing is None or at < standing.accepted_at + timedelta(seconds=settings.apply_grace_s):
        outlet.over_since = None
        return
    bearable = max(standing.told_w + tolerance_w(standing.told_w, settings.apply_tolerance_w), standing.told_w * 5 // 4)
    if power_w > bearable:
        outlet.over_since = outlet.over_since or at
        if at - outlet.over_since >= HELD:
            read = outlet.read_back
            contradicted = read is not None and read[1] is not None and read[1] > bearable
            outlet.kept.why = OVERRULED if contradicted else IGNORES
    else:
        outlet.over_since = None
        held_back = power_w > standing.told_w // 2 if standing.told_w else outlet.status == "SuspendedEVSE"
        if outlet.kept.why in (IGNORES, OVERRULED) and held_back:
            outlet.kept.why = None
