"""The life of a breach: a load over its limit begins, opens it, makes it critical, ends it (BREACH-1 to BREACH-5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from domain.breaches import limit_falls, observation
from domain.breaches.cause import explain
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.breaches.ending import cleared, until
from domain.breaches.exceedance import Exceedance
from domain.breaches.limit_falls import NO_LIMITS, LimitMemory
from domain.breaches.observation import Observed, Place, Taken
from domain.breaches.over_limit import OverLimit, Severity, against_limit, is_bearable, is_beyond_margin, places_over
from domain.knowledge.limits import LimitKind
from domain.knowledge.situation import Situation
from domain.values import value

BreachEvent: TypeAlias = ConstraintBreached | ConstraintCleared


@value
class BreachMemory:
    """What has to be remembered of loads and limits from cycle to cycle. Keys of `exceedances` are node ids."""

    exceedances: Mapping[str, Exceedance] = field(default_factory=dict)
    limits: LimitMemory = NO_LIMITS


NO_BREACHES = BreachMemory()


@value
class Watched:
    """The memory after a cycle, and what it has to announce."""

    memory: BreachMemory
    events: tuple[BreachEvent, ...]


def watch(observed: Observed, memory: BreachMemory, cycle_seq: int, event_seq: int) -> Watched:
    """Follow every load that is over its limit or was, and announce what opens, becomes critical or clears.

    Nothing opens or clears on what is not heard yet after a take-over (R23). `cycle_seq` is that of this cycle should
    it be published, as it has to be where there are events; they are numbered from `event_seq` + 1.
    """
    cycle = _Watch(observed, limit_falls.follow(observed.situation, memory.limits), cycle_seq, event_seq)
    for node_id, known in memory.exceedances.items():
        if known.announced is not None and node_id not in cycle.limits.limits_w:
            cycle.gone(known, known.announced)
    for place in _concerned(observed, memory):
        load = against_limit(observed, place)
        if load is not None:
            cycle.step(place, load, memory.exceedances.get(load.node_id))
    return Watched(BreachMemory(cycle.exceedances, cycle.limits), tuple(cycle.events))


def _concerned(observed: Observed, memory: BreachMemory) -> list[Place]:
    """Where a load is over its limit or is remembered to have been, in preorder."""
    remembered = [observation.find(observed.situation.tree, node_id) for node_id in memory.exceedances]
    return sorted({*places_over(observed), *[each for each in remembered if each is not None]})


@dataclass(slots=True)
class _Watch:
    """One cycle: what its loads are judged by, what is remembered of them and announced so far."""

    observed: Observed
    limits: LimitMemory
    cycle_seq: int
    event_seq: int
    exceedances: dict[str, Exceedance] = field(default_factory=dict)
    events: list[BreachEvent] = field(default_factory=list)

    def step(self, place: Place, load: OverLimit, known: Exceedance | None) -> None:
        """Follow one load: it begins, goes on, is announced, or is over and forgotten."""
        situation = self.observed.situation
        taken = observation.taken(situation, place)
        is_over = is_beyond_margin(load)
        if not taken.heard:
            after = known
        elif known is None:
            after = self._begun(load, taken.newest_at) if is_over else None
        else:
            within = self._sees(place, known, taken) and is_bearable(self.observed, place, load)
            known = known.prolonged(load, taken.newest_at, within=within)
            if known.announced is None:
                after = self._opened(place, load, known, taken) if is_over else None
            elif known.within_for >= situation.windows.breach_hold:
                announced = replace(known.announced, node_path=_path(situation, place), limit_kind=load.limit_kind)
                self._clear(known, announced, known.observed_at if taken.fresh else None)
                after = None
            elif load.severity is Severity.CRITICAL and known.announced.severity is Severity.MAJOR:
                after = self._announced(place, load, known, taken)
            else:
                after = known
        if after is not None:
            self.exceedances[load.node_id] = after

    def gone(self, known: Exceedance, announced: ConstraintBreached) -> None:
        """The breach of a node that is no more, or has no limit any more: as it was last seen, until now."""
        self._clear(until(known, self.observed.situation.at), announced, None)

    def _sees(self, place: Place, known: Exceedance, taken: Taken) -> bool:
        """Whether all of a load is fresh and known, as a breach asks for to be over (BREACH-3).

        One that a meter saw is not over because the meter says nothing any more: only chargers are seen from then on.
        """
        is_safe = not place.is_connector and self.observed.situation.nodes[place.node].is_silent
        was_safe = known.announced is not None and known.announced.limit_kind is LimitKind.SAFE_OPERATING_CAPACITY
        return taken.whole and (was_safe or not is_safe)

    def _begun(self, load: OverLimit, observed_at: datetime) -> Exceedance:
        grace = self.observed.situation.windows.grace
        return Exceedance(
            first_observed_at=observed_at,
            observed_at=observed_at,
            observed_w=load.observed_w,
            limit_w=load.limit_w,
            peak_excess_w=load.excess_w,
            former_w=self.limits.former_w(load.node_id, observed_at, grace),
        )

    def _opened(self, place: Place, load: OverLimit, known: Exceedance, taken: Taken) -> Exceedance:
        """The same, announced once it was over for long enough; where the limit has just come down, every charger has
        to have had the time to follow.
        """
        windows, fall = self.observed.situation.windows, self.limits.falls.get(load.node_id)
        has_held = known.observed_at >= known.first_observed_at + windows.breach_hold
        if fall is not None and (known.observed_at < fall.until or taken.oldest_at < fall.at + windows.grace):
            has_held = False
        return self._announced(place, load, known, taken) if has_held else known

    def _announced(self, place: Place, load: OverLimit, known: Exceedance, taken: Taken) -> Exceedance:
        """A breach as it opens, or as it becomes critical under the same id."""
        situation = self.observed.situation
        cause, contributors = explain(self.observed, place, load.limit_w, known.former_w)
        event = ConstraintBreached(
            microgrid_id=situation.site.configuration.microgrid_id,
            event_seq=self._next_event_seq(),
            breach_id=self._breach_id(load) if known.announced is None else known.announced.breach_id,
            node_id=load.node_id,
            node_type=load.node_type,
            node_path=_path(situation, place),
            severity=load.severity,
            limit_w=known.limit_w,
            limit_kind=load.limit_kind,
            observed_w=known.observed_w,
            excess_w=known.excess_w,
            peak_excess_w=known.peak_excess_w,
            energy_over_limit_wh=known.energy_over_limit_ws // 3600,
            first_observed_at=known.first_observed_at,
            observed_at=known.observed_at if taken.fresh else None,
            duration_s=known.duration_s,
            cause=cause,
            contributors=contributors,
            cycle_seq=self.cycle_seq,
            decided_at=situation.at,
        )
        self.events.append(event)
        return replace(known, announced=event)

    def _clear(self, known: Exceedance, announced: ConstraintBreached, observed_at: datetime | None) -> None:
        """What was announced of a breach is over, with the figures as they are now."""
        at, event_seq = self.observed.situation.at, self._next_event_seq()
        event = cleared(known, announced, event_seq, self.cycle_seq, decided_at=at)
        self.events.append(replace(event, observed_at=observed_at))

    def _next_event_seq(self) -> int:
        return self.event_seq + len(self.events) + 1

    def _breach_id(self, load: OverLimit) -> str:
        """The same whichever worker decides the cycle; a node opens one breach in a cycle at most."""
        microgrid_id = self.observed.situation.site.configuration.microgrid_id
        return hashlib.sha256(f"{microgrid_id} {load.node_id} {self.cycle_seq}".encode()).hexdigest()[:32]


def _path(situation: Situation, place: Place) -> tuple[str, ...]:
    path = situation.tree.path_ids(place.node)
    return (*path, situation.tree.connectors[place.connector].node_id) if place.is_connector else path
