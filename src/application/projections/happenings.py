"""What happened with an event: how a microgrid stands after it, beside how it stood before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from application.queries.log import HappeningCode, LogEntry
from application.queries.sentences import kw, moment
from application.queries.standing import Condition, ConditionCode, Standing
from application.site_check import changes
from domain.breaches.constraint import Constraint, ConstraintCleared
from domain.breaches.over_limit import Severity
from domain.events import ConfigurationApplied, ConfigurationRejected, CycleCompleted, MicrogridRetired
from domain.microgrid import NOT_IN_USE
from domain.site.configuration import SiteConfiguration

NUMBERS: Final = 100_000
"""So many things may happen with one event."""

CHANGES_NAMED: Final = 3
"""How many changes of a configuration are named before the others are counted."""

_BEGINS: Final = {
    ConditionCode.CHARGER_SILENT: (HappeningCode.CHARGER_SILENT, "is not heard any more"),
    ConditionCode.NOT_HONOURED: (HappeningCode.NOT_HONOURING, "does not do as it is told"),
    ConditionCode.SAFE_MODE: (HappeningCode.SAFE_MODE_ENTERED, "is limited to what is safe, its load is not known"),
}
_ENDS: Final = {
    ConditionCode.CHARGER_SILENT: (HappeningCode.CHARGER_BACK, "is heard again"),
    ConditionCode.NOT_HONOURED: (HappeningCode.HONOURING, "does as it is told again"),
    ConditionCode.SAFE_MODE: (HappeningCode.SAFE_MODE_LEFT, "has its limit again, its load is known"),
}


class _Entries:
    """The entries of one event, numbered as they come."""

    def __init__(self, microgrid_id: str, event_seq: int, at: datetime) -> None:
        self._microgrid_id = microgrid_id
        self._first = event_seq * NUMBERS
        self._at = at
        self.made: list[LogEntry] = []

    def add(
        self,
        code: HappeningCode,
        node_id: str,
        sentence: str,
        *,
        before_w: int | None = None,
        now_w: int | None = None,
        since: datetime | None = None,
    ) -> None:
        duration_s = None if since is None else max(0, int((self._at - since).total_seconds()))
        number = self._first + len(self.made)
        entry = LogEntry(self._microgrid_id, self._at, number, code, node_id, sentence=sentence)
        self.made.append(replace(entry, before_w=before_w, now_w=now_w, duration_s=duration_s))


def of_cycle(before: Standing, after: Standing, cycle: CycleCompleted) -> Sequence[LogEntry]:
    """What a cycle shows to have happened since the one before."""
    entries = _Entries(cycle.microgrid_id, cycle.event_seq, cycle.decided_at)
    if before.head is None or before.event_seq >= cycle.event_seq:
        return entries.made
    name_of = after.place.name_of
    for condition in _only(after, before):
        if condition.code in _BEGINS:
            code, said = _BEGINS[condition.code]
            entries.add(code, condition.node_id, f"{name_of(condition.node_id)} {said}")
    for condition in _only(before, after):
        if condition.code in _ENDS:
            code, said = _ENDS[condition.code]
            entries.add(code, condition.node_id, f"{name_of(condition.node_id)} {said}", since=condition.since)
    _stopped(entries, before, after)
    turned = {each.node_id for each in (*_only(after, before), *_only(before, after)) if _is_safe(each)}
    for node_id, limit_w in after.limits_w.items():
        former_w = before.limits_w.get(node_id)
        if node_id in before.limits_w and former_w != limit_w and node_id not in turned:
            said = f"The limit of {name_of(node_id)} is {_limit(limit_w)}, {_limit(former_w)} before"
            entries.add(HappeningCode.LIMIT_CHANGED, node_id, said, before_w=former_w, now_w=limit_w)
    return entries.made


def _only(these: Standing, not_those: Standing) -> list[Condition]:
    known = {(each.code, each.node_id) for each in not_those.conditions}
    return [each for each in these.conditions if (each.code, each.node_id) not in known]


def _is_safe(condition: Condition) -> bool:
    return condition.code is ConditionCode.SAFE_MODE


def _stopped(entries: _Entries, before: Standing, after: Standing) -> None:
    since = {each.node_id: each for each in (*after.of(ConditionCode.STOPPED), *before.of(ConditionCode.STOPPED))}
    for node_id in after.stopped:
        if node_id not in before.stopped:
            where = since[node_id].because_of
            room = "" if where is None else f": no room at {after.place.name_of(where)}"
            entries.add(HappeningCode.VEHICLE_STOPPED, node_id, f"{node_id} is stopped{room}")
    for node_id in before.stopped:
        if node_id not in after.stopped:
            said = f"{node_id} is not stopped any more"
            entries.add(HappeningCode.VEHICLE_ON_AGAIN, node_id, said, since=since[node_id].since)


def of_breach(before: Standing, event: Constraint) -> Sequence[LogEntry]:
    """That a breach opened, became critical or cleared."""
    entries = _Entries(event.microgrid_id, event.event_seq, event.decided_at)
    where, opened = before.place.name_of(event.node_id), {each.breach_id for each in before.breaches}
    over = f"{where} is {kw(event.excess_w)} over its limit of {kw(event.limit_w)}"
    over += f" since {moment(before.place, event.first_observed_at, event.decided_at)}"
    if isinstance(event, ConstraintCleared):
        said = f"{where} is within its limit again, it was {kw(event.peak_excess_w)} over at most"
        began = event.first_observed_at
        entries.add(HappeningCode.BREACH_CLEARED, event.node_id, said, now_w=event.observed_w, since=began)
    elif event.severity is Severity.CRITICAL and event.breach_id in opened:
        entries.add(HappeningCode.BREACH_ESCALATED, event.node_id, f"{over}, which is critical", now_w=event.observed_w)
    else:
        entries.add(HappeningCode.BREACH_OPENED, event.node_id, over, now_w=event.observed_w)
    return entries.made


def of_configuration(former: SiteConfiguration | None, event: ConfigurationApplied) -> Sequence[LogEntry]:
    """That a configuration came into force, with what it changed."""
    entries = _Entries(event.microgrid_id, event.event_seq, event.applied_at)
    changed = "" if former is None else "".join(_changed(former, event.configuration))
    said = f"Configuration {event.version} is in force{changed}"
    entries.add(HappeningCode.CONFIGURATION_APPLIED, event.microgrid_id, said)
    return entries.made


def _changed(former: SiteConfiguration, configuration: SiteConfiguration) -> Iterator[str]:
    found = [each for each in changes(former, configuration) if each.field != "version"]
    for number, each in enumerate(found[:CHANGES_NAMED]):
        what = each.field.removesuffix("_w").replace("_", " ")
        values = [_said(value, each.field) for value in (each.before, each.now)]
        yield f"{', ' if number else ': '}{what} of {each.node_id} {' to '.join(values)}"
    if len(found) > CHANGES_NAMED:
        yield f", {len(found) - CHANGES_NAMED} more changes"


def _said(value: object, field: str) -> str:
    if isinstance(value, int) and field.endswith("_w"):
        return kw(value)
    return "nothing" if value is None else f"{value}"


def of_refusal(event: ConfigurationRejected) -> Sequence[LogEntry]:
    """That a configuration was refused, with the codes of its faults."""
    entries = _Entries(event.microgrid_id, event.event_seq, event.rejected_at)
    codes = sorted({fault.code for fault in event.faults})
    which = "A configuration" if event.version is None else f"Configuration {event.version}"
    if set(codes) <= NOT_IN_USE:
        which = "A retirement"
    said = f"{which} was refused: {', '.join(codes)}"
    entries.add(HappeningCode.CONFIGURATION_REFUSED, event.microgrid_id, said)
    return entries.made


def of_retirement(event: MicrogridRetired) -> Sequence[LogEntry]:
    """That the microgrid was closed."""
    entries = _Entries(event.microgrid_id, event.event_seq, event.retired_at)
    said = f"Retired with configuration {event.version}: nothing is decided any more"
    entries.add(HappeningCode.RETIRED, event.microgrid_id, said)
    return entries.made


def _limit(watts: int | None) -> str:
    return "none" if watts is None else kw(watts)
