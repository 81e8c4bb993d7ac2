"""The diagrams of the explanations."""

from collections.abc import Mapping
from itertools import pairwise

from tools.reference.drawing import Arrow, Box, drawing


def diagrams() -> Mapping[str, str]:
    """The diagrams by the names of their files in `docs/explanation`."""
    return {"reading.svg": _reading(), "setpoint.svg": _setpoint(), "breach.svg": _breach()}


def _reading() -> str:
    boxes = {
        "gateway": Box(0, 0, "charger, gateway", "measures, obeys", "outside"),
        "telemetry": Box(1, 0, "busbar.telemetry", "key: the microgrid", "topic"),
        "intake": Box(2, 0, "intake", "reads the message"),
        "mailbox": Box(3, 0, "mailbox", "keeps the newest"),
        "cycle": Box(3, 1, "cycle", "decides, certifies"),
        "outbox": Box(2, 1, "outbox", "one transaction"),
        "relay": Box(1, 1, "relay", "publishes in order"),
        "events": Box(0, 1, "busbar.events", "key: the microgrid", "topic"),
        "projector": Box(0, 2, "projector", "event to row"),
        "rows": Box(1, 2, "read models", "tables to be read"),
        "api": Box(2, 2, "API", "HTTP, streams"),
        "page": Box(3, 2, "page, commands", "an operator", "outside"),
    }
    way = ["gateway", "telemetry", "intake", "mailbox", "cycle", "outbox", "relay", "events"]
    read = ["events", "projector", "rows", "api", "page"]
    arrows = [Arrow(*pair) for each in (way, read) for pair in pairwise(each)]
    return drawing("The way of one reading", boxes, [*arrows, Arrow("events", "gateway", "setpoint")])


def _setpoint() -> str:
    boxes = {
        "target": Box(0, 0, "target", "its share of a cycle"),
        "waiting": Box(0, 1, "waiting", "no room for the raise"),
        "sent": Box(2, 0, "sent", "holds old and new"),
        "confirmed": Box(4, 0, "confirmed", "holds the new one"),
        "replaced": Box(4, 1, "replaced", "by a newer setpoint"),
        "lapsed": Box(2, 1, "lapsed", "fallback in force"),
    }
    arrows = [
        Arrow("target", "sent", "lower, or there is room"),
        Arrow("target", "waiting", "raise", -14),
        Arrow("waiting", "target", "next cycle", 44),
        Arrow("sent", "confirmed", "read back, or draw fits"),
        Arrow("confirmed", "replaced", "newer one confirmed"),
        Arrow("sent", "lapsed", "not renewed"),
        Arrow("confirmed", "lapsed", "not renewed"),
    ]
    return drawing("The states of a setpoint", boxes, arrows)


def _breach() -> str:
    boxes = {
        "within": Box(0, 0, "within the limit"),
        "over": Box(2, 0, "over it", "not announced yet"),
        "major": Box(4, 0, "major", "breached"),
        "critical": Box(4, 1, "critical", "breached, escalated"),
        "cleared": Box(2, 1, "cleared", "seen to be within"),
    }
    arrows = [
        Arrow("within", "over", "load > limit + margin", -8),
        Arrow("over", "within", "back before the hold", 14),
        Arrow("over", "major", "for breach_hold_s"),
        Arrow("major", "critical", "over the highest capacity"),
        Arrow("major", "cleared", "at or under, held"),
        Arrow("critical", "cleared", "at or under, held"),
    ]
    return drawing("The states of a breach", boxes, arrows)
