"""Duties that show where setpoints meet chargers: what is drawn after what was told, and what is said of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from application.trial.findings import Finding, watts
from application.trial.record import Judged, Seen, Span
from application.trial.rungs import Key
from application.trial.saying import name_of
from application.trial.script import DARK, HOLD, LINK, LOW, NEWEST, SHORT, SLACK, UNLISTED, UNPLUG, ZERO
from domain.site.power import Watts


class Answer(StrEnum):
    """What a connector made of a lower limit."""

    OBEYED = "obeyed"
    LATE = "late"
    NEVER = "never"
    REFUSED = "refused"
    UNTRIED = "untried"
    """It drew no more than that before, or nothing is known of what it drew."""


def in_time(judged: Judged) -> Finding:
    """A lower limit is kept within the grace."""
    found = Finding()
    for key, answer in _answers(judged, LOW):
        if answer in (Answer.OBEYED, Answer.LATE):
            found.judge(*_beyond(judged, key, LOW) if answer is Answer.LATE else [])
    return found


def zero(judged: Judged) -> Finding:
    """A connector that keeps to limits keeps to one of 0."""
    return _kept_by_the_obedient(judged, ZERO)


def newest(judged: Judged) -> Finding:
    """Of several cycles at once the highest counts, and none that is sent again."""
    return _kept_by_the_obedient(judged, NEWEST)


def refusals(judged: Judged) -> Finding:
    """A setpoint that is not kept is said to be refused."""
    found = Finding()
    for key, answer in _answers(judged, LOW):
        if answer is Answer.REFUSED:
            found.judge()
        elif answer is Answer.NEVER and not any(_claims(judged, key, LOW)):
            said = f"{' '.join(_beyond(judged, key, LOW))} It was not said to refuse that."
            found.judge(said)
    return found


def read_back(judged: Judged) -> Finding:
    """A limit that is reported is in force: what is drawn keeps to it, and it lapses."""
    found = Finding()
    for key, seen in judged.seen.items():
        if any(each.reading.applied_limit_w is not None for each in seen):
            claims = [limit for step in (LOW, ZERO) for limit, _ in _claims(judged, key, step) if limit]
            found.judge(*claims[:1], *_lapsed_and_reported(judged, key))
    return found


def applied_cycle(judged: Judged) -> Finding:
    """A cycle that is named was published before, and its setpoint is in force."""
    found = Finding()
    told = [each for span in judged.record.spans.values() for each in span.told]
    for key, seen in judged.seen.items():
        named = [(each, seq) for each in seen if (seq := each.reading.applied_cycle_seq) is not None]
        if not named:
            continue
        claims = [cycle for step in (LOW, ZERO) for _, cycle in _claims(judged, key, step) if cycle]
        newer = [
            f"{name_of(key)} named cycle {seq}, which was not published."
            for each, seq in named
            if seq > max((one.cycle_seq for one in told if one.at <= each.received_at), default=0)
        ]
        falling = [
            f"{name_of(key)} named cycle {later} after {earlier}."
            for (_, earlier), (_, later) in pairwise(named)
            if later < earlier
        ]
        found.judge(*claims[:1], *newer[:1], *falling[:1])
    return found


def renews(judged: Judged) -> Finding:
    """A setpoint that cycles go on listing does not lapse."""
    found, span = Finding(), judged.span(HOLD)
    if span is None or span.ended_at is None:
        return found
    lapsed_at = span.begun_at + span.step.valid_for
    for key, rungs in judged.rungs.items():
        before = judged.between(key, span.begun_at + judged.grace, lapsed_at)
        after = [each for each in judged.between(key, lapsed_at + SLACK, span.ended_at) if _may_draw(each)]
        if before and after and all(_drawn(each) > rungs.fallen_w for each in before):
            fell = all(_drawn(each) <= rungs.fallen_w for each in after)
            found.judge(*[f"{name_of(key)} fell back to {watts(after[-1].power_w)} while cycles listed it."] * fell)
    return found


def lapses(judged: Judged) -> Finding:
    """Without cycles a charger falls back."""
    found, span = Finding(), judged.span(SHORT)
    for key, over in _over_after_lapse(judged, SHORT).items():
        for_ever = over and _is_at_the_end(judged, key, over[-1], span)
        found.judge(*[_not_fallen(judged, key, over[-1])] if for_ever else [])
    return found


def valid_for(judged: Judged) -> Finding:
    """A setpoint holds as long as it says, however long others held."""
    found, span = Finding(), judged.span(SHORT)
    for key, over in _over_after_lapse(judged, SHORT).items():
        if not over or not _is_at_the_end(judged, key, over[-1], span):
            found.judge(*[_not_fallen(judged, key, over[-1])] if over else [])
    return found


def unlisted(judged: Judged) -> Finding:
    """A setpoint that cycles list no longer lapses, though cycles go on."""
    found, fallen = Finding(), {key for key, over in _over_after_lapse(judged, SHORT).items() if not over}
    for key, over in _over_after_lapse(judged, UNLISTED).items():
        if key in fallen:
            found.judge(*[_not_fallen(judged, key, over[-1])] if over else [])
    return found


def link(judged: Judged) -> Finding:
    """When a link comes back, the newest setpoint is passed on at once."""
    found, unplugged, dark, end = Finding(), judged.span(UNPLUG), judged.span(DARK), judged.span(LINK)
    if unplugged is None or dark is None or end is None or end.ended_at is None:
        return found
    for key, rungs in judged.rungs.items():
        instants = [heard.at for heard, message in judged.messages if message.charge_point_id == key[0]]
        back = [later for earlier, later in pairwise(instants) if _spans(earlier, later, unplugged, judged.grace)]
        if not back or not judged.drew_more(key, rungs.kept_w(rungs.low_w), back[0] - timedelta(microseconds=1)):
            continue
        after = judged.between(key, back[0] + judged.grace, end.ended_at)
        if after:
            over = [each for each in after if _drawn(each) > rungs.kept_w(rungs.low_w)]
            late = f"{name_of(key)} still drew {watts(over[-1].power_w)} after its link was back." if over else ""
            found.judge(*[late] if over else [])
    return found


def _spans(earlier: datetime, later: datetime, unplugged: Span, grace: timedelta) -> bool:
    """Whether a charge point was silent over the instant at which its plug was said to be pulled, or soon after."""
    pulled_at = unplugged.answered_at
    return pulled_at is not None and later > pulled_at and later - earlier > grace + 2 * SLACK


def _answers(judged: Judged, name: str) -> Iterator[tuple[Key, Answer]]:
    for key in judged.rungs:
        yield key, _answer(judged, key, name)


def _answer(judged: Judged, key: Key, name: str) -> Answer:
    span = judged.span(name)
    after = _settled(judged, key, span)
    if span is None or not after or not judged.drew_more(key, _kept_w(judged, key, span), span.begun_at):
        return Answer.UNTRIED
    over = [each for each in after if _drawn(each) > _kept_w(judged, key, span)]
    if not over:
        return Answer.OBEYED
    cycles = {each.cycle_seq for each in span.told}
    if any(each.reading.refused_cycle_seq in cycles for each in judged.seen[key]):
        return Answer.REFUSED
    return Answer.NEVER if over[-1] is after[-1] else Answer.LATE


def _kept_by_the_obedient(judged: Judged, name: str) -> Finding:
    found = Finding()
    for key, answer in _answers(judged, name):
        if answer is not Answer.UNTRIED and _answer(judged, key, LOW) is Answer.OBEYED:
            found.judge(*[] if answer is Answer.OBEYED else _beyond(judged, key, name))
    return found


def _beyond(judged: Judged, key: Key, name: str) -> Sequence[str]:
    """By what a step's limit was not kept, in a sentence."""
    span = judged.span(name)
    over = [each for each in _settled(judged, key, span) if span and _drawn(each) > _kept_w(judged, key, span)]
    if span is None or not over:
        return []
    told_w, after_s = judged.rungs[key].told_w(span.step.tells), (over[-1].at - span.begun_at).total_seconds()
    return [f"{name_of(key)} drew {watts(over[-1].power_w)} {after_s:.0f} s after it was told {watts(told_w)}."]


def _claims(judged: Judged, key: Key, name: str) -> Iterator[tuple[str, str]]:
    """Readings beyond the limit of a step that nevertheless report it: by the limit, and by the cycle."""
    span = judged.span(name)
    for each in _settled(judged, key, span):
        if span is not None and _drawn(each) > _kept_w(judged, key, span):
            said, drew = each.reading, f"{name_of(key)} drew {watts(each.power_w)}"
            limit, cycle = said.applied_limit_w, said.applied_cycle_seq
            by_limit = limit is not None and limit <= _kept_w(judged, key, span)
            by_cycle = cycle is not None and cycle >= span.told[-1].cycle_seq
            if by_limit or by_cycle:
                yield (
                    f"{drew} and reported {watts(limit)} as its limit." if by_limit else "",
                    f"{drew} and named cycle {cycle} as applied." if by_cycle else "",
                )


def _lapsed_and_reported(judged: Judged, key: Key) -> Sequence[str]:
    """Why the limit of a charger that fell back is not the one that it reports, where that is so."""
    span, lapsed = judged.span(SHORT), _over_after_lapse(judged, SHORT)
    if span is None or span.ended_at is None or key not in lapsed or lapsed[key]:
        return []
    return [
        f"{name_of(key)} had fallen back and reported {watts(each.reading.applied_limit_w)} as its limit."
        for each in judged.between(key, span.told[-1].at + span.step.valid_for + SLACK, span.ended_at)
        if (each.reading.applied_limit_w or 0) > judged.rungs[key].fallen_w
    ][:1]


def _over_after_lapse(judged: Judged, name: str) -> Mapping[Key, Sequence[Seen]]:
    """By connector that drew more than its fallback under the last setpoint: the readings of more after it lapsed."""
    span, found = judged.span(name), dict[Key, Sequence[Seen]]()
    if span is None or span.ended_at is None:
        return found
    told = [each for one in judged.record.spans.values() for each in one.told if each.lists and each.at < span.ended_at]
    last = max(told, key=lambda each: each.at)
    lapsed_at = last.at + last.valid_for
    for key, rungs in judged.rungs.items():
        drew_more = any(_drawn(each) > rungs.fallen_w for each in judged.between(key, last.at, lapsed_at))
        after = judged.between(key, lapsed_at + SLACK, span.ended_at)
        if drew_more and after:
            found[key] = [each for each in after if _drawn(each) > rungs.fallen_w]
    return found


def _is_at_the_end(judged: Judged, key: Key, seen: Seen, span: Span | None) -> bool:
    """Whether a reading is the last of a step."""
    after = [] if span is None or span.ended_at is None else judged.between(key, span.begun_at, span.ended_at)
    return bool(after) and after[-1] is seen


def _not_fallen(judged: Judged, key: Key, seen: Seen) -> str:
    fallback_w = judged.rungs[key].connector.fallback_w
    return (
        f"{name_of(key)} drew {watts(seen.power_w)} after its setpoint had lapsed; its fallback is {watts(fallback_w)}."
    )


def _settled(judged: Judged, key: Key, span: Span | None) -> Sequence[Seen]:
    """The readings of a step from the grace on."""
    if span is None or span.ended_at is None:
        return []
    return judged.between(key, span.begun_at + judged.grace, span.ended_at)


def _kept_w(judged: Judged, key: Key, span: Span) -> Watts:
    rungs = judged.rungs[key]
    return rungs.kept_w(rungs.told_w(span.step.tells) or 0)


def _may_draw(seen: Seen) -> bool:
    """Whether a vehicle is there that draws what it may have."""
    return seen.reading.status in ("Charging", "SuspendedEVSE")


def _drawn(seen: Seen) -> Watts:
    return seen.power_w or 0
