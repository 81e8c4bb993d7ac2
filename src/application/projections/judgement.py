"""Which state a standing comes to: the first that holds, with its sentence and since when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from application.queries import sentences
from application.queries.standing import Condition, ConditionCode, Standing
from application.queries.state import State, StateCode
from domain.sharing.plan import Quality

Found: TypeAlias = tuple[StateCode, str, datetime | None]


def judged(standing: Standing, at: datetime) -> Standing:
    """The standing with the state that it comes to at an instant. That nothing is decided any more shows later."""
    code, sentence, since = next(_states(standing, at))
    before = standing.state
    if code is not StateCode.NO_DATA and before is not None and before.code is code and before.since is not None:
        since = min(before.since, since or at)
    return replace(standing, state=State(code, sentence, since))


def _states(standing: Standing, at: datetime) -> Iterator[Found]:
    place, stopped = standing.place, [each for each in standing.conditions if each.node_id in standing.stopped]
    unheard = standing.unheard_since
    if standing.retired_at is not None:
        yield StateCode.RETIRED, sentences.retired(place, standing.retired_at), standing.retired_at
    if not standing.was_heard or (unheard is not None and at - unheard >= timedelta(seconds=place.silent_after_s)):
        yield StateCode.NO_DATA, sentences.no_data(place, unheard, at), unheard
    if standing.breaches:
        opened_at = min(each.opened_at for each in standing.breaches)
        yield StateCode.OVER_LIMIT, sentences.over_limit(place, standing.breaches), opened_at
    for found in standing.of(ConditionCode.INFEASIBLE):
        limit_w = standing.limits_w.get(found.node_id)
        yield StateCode.INFEASIBLE, sentences.infeasible(place, found, limit_w), found.since
    if stopped:
        yield StateCode.STOPPED, sentences.stopped(place, stopped, standing.falls, at), _earliest(stopped)
    if unheeding := standing.of(ConditionCode.NOT_HONOURED):
        yield StateCode.NOT_HONOURED, sentences.not_honoured(place, unheeding), _earliest(unheeding)
    if silent := standing.of(ConditionCode.CHARGER_SILENT):
        yield StateCode.CHARGERS_SILENT, sentences.chargers_silent(silent), _earliest(silent)
    unsafe = [each for each in standing.of(ConditionCode.SAFE_MODE) if each.node_id in place.metered]
    if unread := [each for each in unsafe if each.quality is not Quality.BAD]:
        yield StateCode.METER_SILENT, sentences.meter_silent(place, unread), _earliest(unread)
    if contradicted := [each for each in unsafe if each.quality is Quality.BAD]:
        yield StateCode.METER_CONTRADICTED, sentences.meter_contradicted(place, contradicted), _earliest(contradicted)
    yield StateCode.WITHIN_LIMITS, sentences.WITHIN_LIMITS, at


def _earliest(conditions: list[Condition]) -> datetime:
    return min(each.since for each in conditions)
