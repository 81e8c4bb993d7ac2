"""Duties that what a gateway says shows by itself: where it says it, how often, and what it claims to know."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from application.ports.bus import Inbound, Unreadable
from application.trial.findings import Finding
from application.trial.record import Judged, Seen, device_of
from application.trial.rungs import Key, Rungs
from application.trial.script import BACK, BEGIN, HOLD, READING, SLACK, UNPLUG, room
from domain.knowledge.readings import (
    FUTURE_TOLERANCE,
    WHOLE_STATION,
    ChargePointTelemetry,
    CircuitTelemetry,
    plausible_w,
)
from domain.site.identifiers import connector_node_id

HARDLY = 200
"""A vehicle that charges draws more than the two-hundredth part of a rating; one in kilowatts is a thousandth."""


def name_of(key: Key) -> str:
    """A connector in a sentence."""
    return connector_node_id(*key)


def partition(judged: Judged) -> Finding:
    """Every message lies in the partition that Java's default partitioner gives its key."""
    found = Finding()
    for heard in judged.record.heard:
        if isinstance(heard.body, ChargePointTelemetry | CircuitTelemetry):
            device = device_of(heard.body)
            found.judge(*[f"A message of {device} lies in another partition."] if heard.is_misplaced else [])
    return found


def readable(judged: Judged) -> Finding:
    """Every message can be read, and names devices and connectors that the site has."""
    found = Finding()
    for heard in judged.record.heard:
        found.judge(*_strange(heard.body, judged))
    return found


def _strange(body: Inbound, judged: Judged) -> list[str]:
    """What is wrong with the message as such."""
    if isinstance(body, Unreadable):
        return [f"A message cannot be read: {body.code}, {body.detail}"]
    if not isinstance(body, ChargePointTelemetry | CircuitTelemetry):
        return ["A message is neither of a charge point nor of a circuit."]
    configuration, tree, device = judged.record.configuration, judged.record.tree, device_of(body)
    if body.microgrid_id != configuration.microgrid_id:
        return [f"A message is of {body.microgrid_id}, not of {configuration.microgrid_id}."]
    if isinstance(body, CircuitTelemetry):
        return [] if device in tree.node_index else [f"{device} is no circuit of the site."]
    if device not in tree.charge_points:
        return [f"{device} is no charge point of the site."]
    numbers = [each.connector_id for each in body.connectors if each.connector_id != WHOLE_STATION]
    return [f"{device} has no connector {each}." for each in numbers if (device, each) not in judged.rungs]


def sequence(judged: Judged) -> Finding:
    """The number of a device's messages rises."""
    found, latest = Finding(), dict[str, int]()
    for heard in judged.record.heard:
        body = heard.body
        if isinstance(body, ChargePointTelemetry | CircuitTelemetry) and not heard.is_misplaced:
            device = device_of(body)
            before = latest.get(device)
            rises = before is None or body.sequence > before
            found.judge(*[] if rises else [f"{device} sent sequence {body.sequence} after {before}."])
            latest[device] = max(body.sequence, before or body.sequence)
    return found


def clock(judged: Judged) -> Finding:
    """The clock of no device is further off than a minute."""
    found = Finding()
    for device, behind in judged.behind.items():
        off = abs(behind) > FUTURE_TOLERANCE
        word = "behind" if behind > timedelta() else "ahead"
        found.judge(*[f"The clock of {device} is {abs(behind.total_seconds()):.0f} s {word}."] if off else [])
    return found


def alive(judged: Judged) -> Finding:
    """No charge point is silent for so long that room is kept for its fallback."""
    found, end, least = Finding(), _end(judged), room(judged.record.configuration.settings)
    heard: dict[str, list[datetime]] = {each: [] for each in judged.record.tree.charge_points}
    for each, message in judged.messages:
        heard[message.charge_point_id].append(each.at)
    for charge_point_id, instants in heard.items():
        if not instants:
            found.judge(f"{charge_point_id} was never heard.")
            continue
        worst = max(_gaps([each for each in instants if each <= end], end), default=timedelta())
        silent = f"{charge_point_id} was silent for {worst.total_seconds():.0f} s, longer than {least.seconds} s."
        found.judge(*[silent] if worst > least else [])
    return found


def readings(judged: Judged) -> Finding:
    """While a vehicle charges a reading comes at least every 30 s."""
    found, end = Finding(), _end(judged)
    for key, seen in judged.seen.items():
        ordered = sorted((each for each in seen if each.received_at <= end), key=lambda each: each.received_at)
        gaps = [
            (later.received_at if later else end) - each.received_at
            for each, later in pairwise([*ordered, None])
            if each is not None and each.is_charging
        ]
        if gaps:
            worst = max(gaps)
            late = f"{name_of(key)} was charging, and no reading of it came for {worst.total_seconds():.0f} s."
            found.judge(*[late] if worst > READING + SLACK else [])
    return found


def units(judged: Judged) -> Finding:
    """Powers and limits are in watts."""
    found = Finding()
    for key, seen in judged.seen.items():
        rungs = judged.rungs[key]
        rating_w = rungs.connector.max_power_w
        powers = [each.power_w for each in seen if each.is_charging and each.power_w]
        limits = [limit for each in seen if (limit := each.reading.applied_limit_w)]
        for what, figures in (("power_w", powers), ("applied_limit_w", limits)):
            if figures and rungs.high_w:
                most_w = max(figures)
                wrong = most_w < rating_w // HARDLY or (what == "power_w" and most_w > plausible_w(rating_w))
                found.judge(*[f"{name_of(key)} is rated {rating_w:,} W, and its {what} reached {most_w}."] * wrong)
    return found


def unknown(judged: Judged) -> Finding:
    """A power that is not known is null: no vehicle charges with 0 W for ever while it may have power."""
    found = Finding()
    for key, rungs in judged.rungs.items():
        charging = [each for each in _while_high(judged, key, rungs) if each.is_charging]
        if len(charging) > 1:
            always_0 = all(each.power_w == 0 for each in charging)
            found.judge(*[f"{name_of(key)} charges, and its power_w is 0 in every reading."] * always_0)
    return found


def _while_high(judged: Judged, key: Key, rungs: Rungs) -> Iterator[Seen]:
    """The readings while a connector was told what a vehicle can charge with, and had time to obey."""
    for span in filter(None, map(judged.span, (BEGIN, HOLD, BACK))):
        if rungs.high_w and span.ended_at is not None:
            after = span.begun_at + judged.grace
            yield from (each for each in judged.seen[key] if after < each.at <= span.ended_at)


def _gaps(instants: list[datetime], end: datetime) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise([*instants, max([end, *instants])])]


def _end(judged: Judged) -> datetime:
    """When an engineer was asked to pull a plug, or the trial ended: until then no charge point may be silent."""
    spans = judged.record.spans
    if UNPLUG in spans:
        return spans[UNPLUG].begun_at
    return max(span.ended_at or span.begun_at for span in spans.values())
