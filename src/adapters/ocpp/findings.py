"""What each station was found to do: `controlled`, or `not controlled` and why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.ocpp.kept import Kept
from adapters.ocpp.outlets import Outlet, tolerance_w
from application.ports.chargers import Finding
from domain.site.configuration import ChargePoint, Settings

NOT_LINKED: Final = "not_connected"
REFUSES: Final = "refuses"
UNANSWERED: Final = "unanswered"
IGNORES: Final = "ignores"
OVERRULED: Final = "overruled"
SLOW: Final = "slow"
NEVER_LAPSES: Final = "never_lapses"

SENTENCES: Final = {
    NOT_LINKED: "it is not connected",
    REFUSES: "it refuses charging profiles",
    UNANSWERED: "it does not answer charging profiles",
    IGNORES: "it accepts charging profiles and draws more than they allow",
    SLOW: "it comes down later than `apply_grace_s` after it is told to",
    OVERRULED: "another limit in the charger stands above the one it is told",
    NEVER_LAPSES: "its limits do not lapse by themselves: its rating has to be configured as its fallback",
}

HELD: Final = timedelta(seconds=10)
"""How long a connector has to be over its limit before its station is called one that ignores it."""


def judged(charge_point: ChargePoint, kept: Kept, *, is_linked: bool) -> Finding:
    """What is known of a station now. That it is not connected goes before all else."""
    abilities, why = kept.abilities, _why(charge_point, kept) if is_linked else NOT_LINKED
    return Finding(
        charge_point.charge_point_id,
        why,
        "controlled" if why is None else f"not controlled: {SENTENCES[why]}",
        unit=None if abilities.unit is None else abilities.unit.value,
        reads_back=abilities.reads_back,
        lapses=abilities.lapses,
    )


def said(charge_point: ChargePoint, kept: Kept) -> Mapping[str, Any]:
    """What goes up of it while it is linked: the `control` of a message (TEL-9)."""
    abilities, why = kept.abilities, _why(charge_point, kept)
    return {
        "why": None if why is None else SENTENCES[why],
        "unit": None if abilities.unit is None else abilities.unit.value,
        "reads_back": abilities.reads_back,
        "lapses": abilities.lapses,
    }


def _why(charge_point: ChargePoint, kept: Kept) -> str | None:
    rated = charge_point.fallback_w >= charge_point.max_power_w
    if kept.why is None and kept.abilities.lapses is False and not rated:
        return NEVER_LAPSES
    return kept.why


def limit_seen(outlet: Outlet, at: datetime, read_w: int, settings: Settings) -> None:
    """Judge a limit that was read back: one above what was told a grace ago or longer is somebody else's."""
    standing = outlet.standing
    if standing is None:
        return
    if read_w <= standing.told_w + tolerance_w(standing.told_w, settings.apply_tolerance_w):
        if outlet.kept.why == OVERRULED:
            outlet.kept.why = None
    elif outlet.kept.why is None and at >= standing.since + timedelta(seconds=settings.apply_grace_s):
        outlet.kept.why = OVERRULED


def power_seen(outlet: Outlet, at: datetime, power_w: float, settings: Settings) -> None:
    """Judge a sample: over all that may be in force, for a while, the station ignores its limit.

    A quarter above is borne: chargers round, and Busbar learns their factor (R37). One that comes down all the same is
    slow, until it comes down in time.
    """
    grace = timedelta(seconds=settings.apply_grace_s)
    in_force_w = outlet.in_force_w(at, grace)
    standing, kept = outlet.standing, outlet.kept
    if in_force_w is None or standing is None:
        outlet.over_since = None
        return
    bearable_w = max(in_force_w + tolerance_w(in_force_w, settings.apply_tolerance_w), in_force_w * 5 // 4)
    if power_w > bearable_w:
        outlet.over_since = outlet.over_since or at
        if at - outlet.over_since >= HELD:
            outlet.found_at = at
            read = outlet.read_back
            contradicted = read is not None and read[1] is not None and read[1] > bearable_w
            kept.why = OVERRULED if contradicted else IGNORES
        return
    outlet.over_since = None
    held_back = power_w > in_force_w // 2 if in_force_w else outlet.status == "SuspendedEVSE"
    if held_back and kept.why in (IGNORES, OVERRULED):
        kept.why = SLOW
    elif held_back and kept.why == SLOW and standing.lowered and at >= standing.since + grace:
        kept.why = SLOW if outlet.found_at is not None and outlet.found_at >= standing.since else None
