"""What is said of a simulated depot in each second of a run, and what of that is not so by the simulation.

What is so is read off the plant and off the messages that arrived, never off a reading model or a cycle, but for what
connectors were told.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapters.simulation.depot import Depot
from adapters.simulation.layout import Payload
from application.projections import standing
from application.queries.standing import Standing
from application.queries.state import State, StateCode
from application.queries.status import state_of
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import ConfigurationApplied, CycleCompleted, DomainEvent
from tests.e2e.facts import NOTHING_HEARD_S, REPORTS_EVERY_S, Facts, Observer

BEHIND_S: Final = 15
"""How long what is said may still be what was so: readings are seconds old, and a cycle comes when one arrives."""

REFRESHED_S: Final = 40
"""How long a figure may still be what was so: a cycle that changes nothing else is not published before."""

LATE_S: Final = 60
"""How long what goes wrong may go unsaid once it is to be called so."""

CLEARLY_W: Final = 2_000


@dataclass(frozen=True, slots=True)
class Told:
    """What was said in a second of a run."""

    second: int
    state: State


class Listener:
    """Watches a run: what was `said`, and as `untrue` every sentence that was not so, with the second and why."""

    def __init__(self) -> None:
        self.said: list[Told] = []
        self.untrue: list[str] = []
        self._observer = Observer()
        self._standing: Standing | None = None
        self._told_w: dict[str, int] = {}
        self._facts: deque[Facts] = deque(maxlen=LATE_S)

    def watch(self, depot: Depot, arrived: Sequence[Payload], events: Iterable[DomainEvent]) -> None:
        """Take in a second of the run."""
        for event in events:
            self._take_in(event)
        self._facts.append(self._observer.see(depot, arrived, self._told_w))
        state = state_of(None if self._standing is None else self._standing.glance, depot.now)
        self.said.append(Told(self._observer.second, state))
        self.untrue += [
            f"second {self._observer.second}: {state.sentence!r}: {why}" for why in self._faults(depot, state)
        ]

    def _take_in(self, event: DomainEvent) -> None:
        known = self._standing
        match event:
            case ConfigurationApplied():
                self._standing = standing.configured(known, event)
            case CycleCompleted() if known is not None:
                self._standing = standing.decided(known, event)
                for each in event.setpoints:
                    if each.limit_w is not None:
                        self._told_w[f"{each.charge_point_id}/{each.connector_id}"] = each.limit_w
            case ConstraintBreached() if known is not None:
                self._standing = standing.breached(known, event)
            case ConstraintCleared() if known is not None:
                self._standing = standing.cleared(known, event)
            case _:
                pass

    def _faults(self, depot: Depot, state: State) -> Iterator[str]:
        yield from _UNTRUE[state.code](self, depot, state.sentence)
        yield from self._unsaid(depot, state)

    def _lately(self) -> list[Facts]:
        return list(self._facts)[-BEHIND_S:]

    # --- what has to be said where it is so for long enough

    def _unsaid(self, depot: Depot, state: State) -> Iterator[str]:
        if len(self._facts) < LATE_S:
            return
        unheard = None if self._observer.heard_at is None else depot.now - self._observer.heard_at
        if unheard is not None and unheard > timedelta(seconds=NOTHING_HEARD_S + LATE_S):
            if state.code is not StateCode.NO_DATA:
                yield f"nothing was heard for {unheard}"
        elif state.code is StateCode.WITHIN_LIMITS:
            if silent := frozenset.intersection(*(each.silent for each in self._facts)):
                yield f"{sorted(silent)} were not heard"
            if mute := frozenset.intersection(*(each.mute for each in self._facts)):
                yield f"the meters of {sorted(mute)} were not heard"
            for node_id in self._facts[-1].limits_w:
                if all(each.loads_w[node_id] > 1.05 * each.limits_w[node_id] for each in self._facts):
                    yield f"{node_id} is over its limit"

    # --- what is said has to be so

    def no_data(self, depot: Depot, sentence: str) -> Iterator[str]:
        heard = [each.heard_at for each in self._lately()]
        if sentence == "No data from the depot yet":
            if heard[0] is not None:
                yield f"messages arrived at {heard[0]} and before"
            return
        since = re.fullmatch(r"No data from the depot since (\d\d:\d\d)", sentence)
        zone = ZoneInfo(depot.configuration.get("time_zone") or "UTC")
        # The last message may have been under way for some seconds.
        times = {f"{at.astimezone(zone) - timedelta(seconds=late_s):%H:%M}" for at in heard if at for late_s in (0, 15)}
        if since is None or since[1] not in times:
            yield f"the last message arrived at {times}"
        if all(at and depot.now - at < timedelta(seconds=NOTHING_HEARD_S) for at in heard):
            yield f"messages arrived at {heard[-1]}"

    def over_limit(self, depot: Depot, sentence: str) -> Iterator[str]:
        said = re.fullmatch(r"(.+?) (?:is (\S+) kW|was) over its limit(?:, (\d+) others? over theirs)?", sentence)
        if said is None:
            yield "it is no sentence of this kind"
            return
        node_id = _node_id(depot, said[1])
        if said[2] is None or any(self._is_assumed(depot, node_id, each) for each in self._facts):
            return
        over_w = [each.loads_w[node_id] - each.limits_w[node_id] for each in self._lately() if node_id in each.limits_w]
        if over_w and not _is_near(_watts(said[2]), over_w):
            yield f"its load is {over_w} W over"

    def _is_assumed(self, depot: Depot, node_id: str, facts: Facts) -> bool:
        """Whether what is there of its load is not read: then the safe limit is in force, and room is held."""
        return node_id in facts.mute or bool(facts.silent)

    def infeasible(self, depot: Depot, sentence: str) -> Iterator[str]:
        # At once after a take-over all that is not heard again is held for.
        if self._observer.took_over_s and self._observer.second - self._observer.took_over_s <= REPORTS_EVERY_S:
            return
        said = re.fullmatch(
            r"Cannot be kept: (.+) carries up to (\S+) kW, above its limit(?: of (\S+) kW)?"
            r", and too much of it cannot be lowered",
            sentence,
        )
        if said is None:
            yield "it is no sentence of this kind"
            return
        node_id = _node_id(depot, said[1])
        loads_w = [each.loads_w[node_id] for each in self._lately()]
        limit_w = self._observer.limits_w[node_id]
        if not _is_near(_watts(said[2]), loads_w) or max(loads_w) <= limit_w:
            yield f"it draws {loads_w} W of {limit_w} W"
        elif said[3] is not None and not _is_near(_watts(said[3]), [limit_w]):
            yield f"its limit is {limit_w} W"

    def stopped(self, depot: Depot, sentence: str) -> Iterator[str]:
        said = re.fullmatch(
            r"(\d+) vehicles? stopped(?:: (.+) fell to (\S+) kW at (\d\d:\d\d)|: no room at (.+))?", sentence
        )
        if said is None:
            yield "it is no sentence of this kind"
            return
        # That one wants nothing any more changes no setpoint, so it is published with the next refresh.
        waiting = [len(each.waiting) for each in list(self._facts)[-REFRESHED_S - BEHIND_S :]]
        if int(said[1]) > max(waiting):
            yield f"{waiting} vehicles want power and draw none"
        if said[2] is not None:
            node_id = _node_id(depot, said[2])
            zone = ZoneInfo(depot.configuration.get("time_zone") or "UTC")
            changed_at = f"{self._observer.changed_at[node_id].astimezone(zone):%H:%M}"
            if not _is_near(_watts(said[3]), [self._observer.limits_w[node_id]]) or said[4] != changed_at:
                yield f"its limit is {self._observer.limits_w[node_id]} W since {changed_at}"

    def not_honoured(self, depot: Depot, sentence: str) -> Iterator[str]:
        said = re.match(r"(\S+?) (?:draws (\S+) kW more than it was told|does not do as told)", sentence)
        if said is None:
            yield "it is no sentence of this kind"
        elif said[2] is not None:
            over_w = [each.over_told_w[said[1]] for each in list(self._facts)[-REFRESHED_S - BEHIND_S :]]
            if max(over_w) < _watts(said[2]) - CLEARLY_W:
                yield f"it draws {over_w} W more"

    def chargers_silent(self, depot: Depot, sentence: str) -> Iterator[str]:
        said = re.fullmatch(r"(\d+) chargers? silent(, room held for (?:it|them))?", sentence)
        since = list(self._facts)[-REFRESHED_S:]
        least = min(len(each.silent) for each in since)
        most = max(len(each.silent | each.unknown) for each in since)
        if said is None or not least <= int(said[1]) <= most:
            yield f"{least} to {most} are"

    def meter_silent(self, depot: Depot, sentence: str) -> Iterator[str]:
        said = re.fullmatch(r"The meter of (.+) is silent, its safe limit holds", sentence)
        several = re.fullmatch(r"(\d+) meters silent, their safe limits hold", sentence)
        mute = [each.mute | each.back for each in self._lately()]
        if several is not None and int(several[1]) in map(len, mute):
            return
        if said is None or not any(each == {_node_id(depot, said[1])} for each in mute):
            yield f"{sorted(mute[-1])} are"

    def meter_contradicted(self, depot: Depot, sentence: str) -> Iterator[str]:
        said = re.fullmatch(r"The meter of (.+) cannot be right, its safe limit holds", sentence)
        if said is None:
            yield "it is no sentence of this kind"
            return
        node_id = _node_id(depot, said[1])
        wrong_w = [each.shown_w[node_id] - each.loads_w[node_id] for each in self._facts]
        if all(abs(each) < CLEARLY_W for each in wrong_w):
            yield f"it is {wrong_w[-1]} W off"

    def within_limits(self, depot: Depot, sentence: str) -> Iterator[str]:
        if sentence != "All loads within limits":
            yield "it is no sentence of this kind"

    def never(self, depot: Depot, sentence: str) -> Iterator[str]:
        yield "it is decided all the time, and nothing was retired"


_UNTRUE: Final[Mapping[StateCode, Callable[[Listener, Depot, str], Iterator[str]]]] = {
    StateCode.RETIRED: Listener.never,
    StateCode.NO_DATA: Listener.no_data,
    StateCode.NOT_DECIDED: Listener.never,
    StateCode.OVER_LIMIT: Listener.over_limit,
    StateCode.INFEASIBLE: Listener.infeasible,
    StateCode.STOPPED: Listener.stopped,
    StateCode.NOT_HONOURED: Listener.not_honoured,
    StateCode.CHARGERS_SILENT: Listener.chargers_silent,
    StateCode.METER_SILENT: Listener.meter_silent,
    StateCode.METER_CONTRADICTED: Listener.meter_contradicted,
    StateCode.WITHIN_LIMITS: Listener.within_limits,
}


def _node_id(depot: Depot, name: str) -> str:
    """The node of that name."""
    configuration = depot.configuration
    names = {configuration["name"]: configuration["microgrid_id"]}
    names |= {each["name"]: each["circuit_id"] for each in configuration["circuits"]}
    names |= {each["name"]: each["charge_point_id"] for each in configuration["charge_points"] if each.get("name")}
    return str(names.get(name, name))


def _watts(kilowatts: str) -> int:
    return round(1000 * float(kilowatts.replace(",", "")))


def _is_near(said_w: int, so_w: Sequence[int]) -> bool:
    """Whether it lies between what was so, as far as rounding and the noise of a meter let it."""
    return min(so_w) - 1_500 <= said_w <= max(so_w) + 1_500
