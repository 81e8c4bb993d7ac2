"""Observed load over the limit in force: which nodes, by how much, and the life of a breach (contract section 7)."""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from domain import limit_falls, observation
from domain.breach_cause import Evidence, explain
from domain.events import ConstraintBreached, ConstraintCleared
from domain.limit_falls import NO_LIMITS, Fall, LimitMemory
from domain.observation import Place, Taken
from domain.over_limit import against_limit, is_beyond_margin, places_over
from domain.plan import OverLimit, Severity
from domain.power import Watts
from domain.power_tree import path_ids
from domain.situation import Situation

BreachEvent: TypeAlias = ConstraintBreached | ConstraintCleared


@dataclass(frozen=True, slots=True)
class Exceedance:
    """A load seen over a limit: a candidate until it is announced, from then on a breach.

    `former_w`: what a configuration had just lowered the limit from, 0 where none had. `within_since`: since when the
    load of a breach is at or under the limit. `announced`: what was published last.
    """

    first_observed_at: datetime
    observed_at: datetime
    observed_w: Watts
    limit_w: Watts
    peak_excess_w: Watts
    former_w: Watts = 0
    energy_over_limit_ws: int = 0
    within_since: datetime | None = None
    announced: ConstraintBreached | None = None


@dataclass(frozen=True, slots=True)
class BreachMemory:
    """What has to be remembered of loads and limits from cycle to cycle. Keys of `exceedances` are node ids."""

    exceedances: Mapping[str, Exceedance] = field(default_factory=dict)
    limits: LimitMemory = NO_LIMITS


NO_BREACHES = BreachMemory()


@dataclass(frozen=True, slots=True)
class Watched:
    """The memory after a cycle, and what it has to announce."""

    memory: BreachMemory
    events: tuple[BreachEvent, ...]


@dataclass(frozen=True, slots=True)
class _Cycle:
    """What the loads of one cycle are judged by."""

    evidence: Evidence
    limits: LimitMemory
    unheard: AbstractSet[str]
    cycle_seq: int

    @property
    def situation(self) -> Situation:
        return self.evidence.situation

    @property
    def hold(self) -> timedelta:
        return timedelta(seconds=self.situation.configuration.settings.breach_hold_s)

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.situation.configuration.settings.apply_grace_s)


def over_limit(situation: Situation) -> tuple[OverLimit, ...]:
    """The nodes over their limit at this instant, without margin or hold, in preorder; connectors too."""
    observed = observation.observe(situation)
    return tuple(
        load
        for place in places_over(situation, observed)
        if (load := against_limit(situation, place, observed.at(place))) is not None
    )


def watch(
    situation: Situation,
    memory: BreachMemory,
    told_w: Sequence[Watts],
    unheard: AbstractSet[str],
    cycle_seq: int,
    event_seq: int,
) -> Watched:
    """Follow every load that is over its limit or was, and announce what opens, becomes critical or clears.

    `told_w`: per connector in tree order, its exposure without its reading. `unheard`: after a take-over, the
    connectors and metered circuits that count as last known; nothing opens or clears on them. `cycle_seq` is that of
    this cycle should it be published, as it has to be where there are events; they are numbered from `event_seq` + 1.
    """
    limits = limit_falls.follow(situation, memory.limits)
    evidence = Evidence(situation, observation.observe(situation), told_w)
    cycle = _Cycle(evidence, limits, unheard, cycle_seq)
    exceedances: dict[str, Exceedance] = {}
    events: list[BreachEvent] = []
    for node_id, known in memory.exceedances.items():
        if known.announced is not None and node_id not in limits.limits_w:
            events.append(_gone(cycle, known, known.announced, event_seq + len(events) + 1))
    for place in _concerned(evidence, memory):
        load = against_limit(situation, place, evidence.observed.at(place))
        if load is None:
            continue
        after, event = _step(cycle, place, load, memory.exceedances.get(load.node_id), event_seq + len(events) + 1)
        if after is not None:
            exceedances[load.node_id] = after
        if event is not None:
            events.append(event)
    return Watched(BreachMemory(exceedances, limits), tuple(events))


def _concerned(evidence: Evidence, memory: BreachMemory) -> list[Place]:
    """Where a load is over its limit or is remembered to have been, in preorder."""
    tree = evidence.situation.tree
    remembered = (observation.find(tree, node_id) for node_id in memory.exceedances)
    return sorted({*places_over(evidence.situation, evidence.observed), *(each for each in remembered if each)})


# --- the life of a breach ----------------------------------------------------------------------------------


def _step(
    cycle: _Cycle, place: Place, load: OverLimit, known: Exceedance | None, event_seq: int
) -> tuple[Exceedance | None, BreachEvent | None]:
    """What becomes of one load in this cycle: how it is remembered, if it is, and what there is to announce."""
    taken = observation.taken(cycle.situation, place, cycle.unheard)
    if not taken.heard:
        return known, None
    is_over = is_beyond_margin(load)
    if known is None:
        return (_begun(cycle, load, taken.newest_at), None) if is_over else (None, None)
    known = _prolonged(known, load, taken.newest_at)
    if known.announced is None:
        if not is_over:
            return None, None
        has_held = _has_held(cycle, known, taken, cycle.limits.falls.get(load.node_id))
        return _announced(cycle, place, load, known, event_seq) if has_held else (known, None)
    if known.within_since is not None and known.observed_at - known.within_since >= cycle.hold:
        return None, _cleared(cycle, place, load, known, known.announced, event_seq)
    if load.severity is Severity.CRITICAL and known.announced.severity is Severity.MAJOR:
        return _announced(cycle, place, load, known, event_seq)
    return known, None


def _begun(cycle: _Cycle, load: OverLimit, observed_at: datetime) -> Exceedance:
    former_w = cycle.limits.former_w(load.node_id, observed_at, cycle.grace)
    return Exceedance(
        first_observed_at=observed_at,
        observed_at=observed_at,
        observed_w=load.observed_w,
        limit_w=load.limit_w,
        peak_excess_w=load.excess_w,
        former_w=former_w,
    )


def _prolonged(known: Exceedance, load: OverLimit, observed_at: datetime) -> Exceedance:
    """The same a cycle later. Every excess counts until the next observation."""
    # The oldest reading of a sum may drop out of it, but time does not run backwards.
    observed_at = max(observed_at, known.observed_at)
    passed_us = (observed_at - known.observed_at) // timedelta(microseconds=1)
    excess_w = max(0, known.observed_w - known.limit_w)
    return replace(
        known,
        observed_at=observed_at,
        observed_w=load.observed_w,
        limit_w=load.limit_w,
        peak_excess_w=max(known.peak_excess_w, load.excess_w),
        energy_over_limit_ws=known.energy_over_limit_ws + excess_w * passed_us // 1_000_000,
        within_since=None if load.excess_w > 0 else known.within_since or observed_at,
    )


def _has_held(cycle: _Cycle, known: Exceedance, taken: Taken, fall: Fall | None) -> bool:
    """Whether it was over for long enough; where the limit has just come down, everybody has to have had the time."""
    if known.observed_at < known.first_observed_at + cycle.hold:
        return False
    return fall is None or (known.observed_at >= fall.until and taken.oldest_at >= fall.at + cycle.grace)


def _announced(
    cycle: _Cycle, place: Place, load: OverLimit, known: Exceedance, event_seq: int
) -> tuple[Exceedance, ConstraintBreached]:
    """A breach as it opens, or as it becomes critical under the same id."""
    situation = cycle.situation
    cause, contributors = explain(cycle.evidence, place, load.limit_w, known.former_w)
    event = ConstraintBreached(
        microgrid_id=situation.configuration.microgrid_id,
        breach_id=_breach_id(cycle, load) if known.announced is None else known.announced.breach_id,
        node_id=load.node_id,
        node_type=load.node_type,
        node_path=_path(situation, place),
        severity=load.severity,
        limit_kind=load.limit_kind,
        first_observed_at=known.first_observed_at,
        cause=cause,
        contributors=contributors,
        **_figures(cycle, known, event_seq),
    )
    return replace(known, announced=event), event


def _cleared(
    cycle: _Cycle, place: Place, load: OverLimit, known: Exceedance, announced: ConstraintBreached, event_seq: int
) -> ConstraintCleared:
    where = {"node_path": _path(cycle.situation, place), "limit_kind": load.limit_kind}
    return ConstraintCleared(**_values(announced) | where | _figures(cycle, known, event_seq))


def _gone(cycle: _Cycle, known: Exceedance, announced: ConstraintBreached, event_seq: int) -> ConstraintCleared:
    """The breach of a node that is no more, or has no limit any more: as it was last seen, until now."""
    until_now = replace(known, observed_at=max(known.observed_at, cycle.situation.at))
    return ConstraintCleared(**_values(announced) | _figures(cycle, until_now, event_seq))


def _values(announced: ConstraintBreached) -> dict[str, Any]:
    return {each.name: getattr(announced, each.name) for each in fields(announced)}


def _figures(cycle: _Cycle, known: Exceedance, event_seq: int) -> dict[str, Any]:
    """What differs from one event of a breach to the next."""
    return {
        "event_seq": event_seq,
        "limit_w": known.limit_w,
        "observed_w": known.observed_w,
        "excess_w": known.observed_w - known.limit_w,
        "peak_excess_w": known.peak_excess_w,
        "energy_over_limit_wh": known.energy_over_limit_ws // 3600,
        "observed_at": known.observed_at,
        "duration_s": (known.observed_at - known.first_observed_at) // timedelta(seconds=1),
        "cycle_seq": cycle.cycle_seq,
    }


def _breach_id(cycle: _Cycle, load: OverLimit) -> str:
    """The same whoever decides the cycle; a node opens one breach in a cycle at most."""
    microgrid_id = cycle.situation.configuration.microgrid_id
    return hashlib.sha256(f"{microgrid_id} {load.node_id} {cycle.cycle_seq}".encode()).hexdigest()[:32]


def _path(situation: Situation, place: Place) -> tuple[str, ...]:
    path = path_ids(situation.tree, place.node)
    return (*path, situation.tree.connectors[place.connector].node_id) if place.is_connector else path
