"""What the compiled decoder reads of telemetry, the models of the contract read too, and as the same."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import pytest

from adapters.messages.parsing import parse
from adapters.messages.plain_telemetry import (
    PLAIN_READERS,
    plain_charge_point_telemetry,
    plain_circuit_telemetry,
)
from adapters.messages.telemetry import read_charge_point_telemetry, read_circuit_telemetry
from domain.knowledge.readings import Telemetry

Odd: TypeAlias = Mapping[str, Sequence[str]]
Reader: TypeAlias = Callable[[Any], Telemetry]
Texts: TypeAlias = Callable[[], Iterator[str]]

IDS = ["cp-1", "A*=+@|._:-", "", "cp 1", "cp-1\n", "i" * 64, "i" * 65, "ö", 7, None]
INTEGERS = ["0", "1", "-1", "7", "true", "null", "1.0", "1e2", '"1"', "01", "-0", "1.5", "9" * 30]
LARGE_INTEGERS = [str(each) for each in (2**31 - 1, 2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1)]
FIGURES = [
    "0",
    "-1",
    "50000",
    "49210.5",
    "-0.5",
    "-0.4",
    "0.49999999999999994",
    "1e3",
    "1e400",
    "-1e-400",
    "-0.0",
    "1.",
]
ODD_FIGURES = ["NaN", "null", "true", '"5"', "[]", "9" * 400, "4503599627370497.5"]
LARGE_FIGURES = ["1000000000000", "1000000000001", "1000000000000.4", "1000000000000.5", "-1000000000000"]
INSTANTS = [
    *("2026-03-16T08:06:31Z", "2026-03-16T08:06:31.25Z", "2026-03-16t08:06:31z", "2026-03-16T08:06:31.1234567Z"),
    *("2026-03-16T08:06:31+09:30", "2026-03-16 08:06:31Z", "2026-03-16T08:06:31", "2026-W12-1T08:06:31Z"),
    *("2026-03-16T08:06:60Z", "2026-03-16T24:00:00Z", "2026-03-16T08:06:31,5Z", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-01:00", "2026-02-30T08:06:31Z", "2026-03-16T08:06:31+0930", "", None, 1773648391, True),
]
STATUSES = ["Charging", "CHARGING", "suspendedev", "Humming", "", "\0", "s" * 65, None, 1]
SESSION_IDS = ["s-1", "", "s\0", "ö", "s" * 64, "s" * 65, 7, -7, 10**70, True, 1.5, None]
UNKNOWN = ["1", "{}", '{"a": [1, 2.5e3, null]}', '"\\ud800"', "NaN", "[" * 1500 + "]" * 1500, "1e999", "[1,]"]
NO_UTF8 = '"\xff"'


def in_json(values: Sequence[object]) -> list[str]:
    return [json.dumps(value, ensure_ascii=False) for value in values]


ALL_INTEGERS: Final = [*INTEGERS, *LARGE_INTEGERS]
ALL_FIGURES: Final = [*FIGURES, *ODD_FIGURES, *LARGE_FIGURES]
HEAD: Final[Odd] = {
    "microgrid_id": in_json(IDS),
    "sequence": ALL_INTEGERS,
    "measured_at": in_json(INSTANTS),
    "more": [*UNKNOWN, NO_UTF8],
}
SESSION: Final[Odd] = {
    "session_id": in_json(SESSION_IDS),
    "started_at": in_json(INSTANTS),
    "departs_at": in_json(INSTANTS),
    "energy_needed_wh": ALL_FIGURES,
    "priority": ALL_INTEGERS,
    "more": UNKNOWN,
}
CONTROL: Final[Odd] = {
    "why": in_json(["", "it ignores limits", "w" * 200, "w" * 201, "a\nb", "\x7f", "ö", "\u202e", 7, None]),
    "unit": in_json(["W", "A", "w", "", 1, None]),
    "reads_back": ["true", "false", "null", "0", '"true"'],
    "lapses": ["true", "false", "null", "1", "[]"],
    "more": UNKNOWN,
}
CONNECTOR: Final[Odd] = {
    "connector_id": ALL_INTEGERS,
    "status": in_json(STATUSES),
    **dict.fromkeys(("power_w", "requested_w", "applied_limit_w"), ALL_FIGURES),
    **dict.fromkeys(("applied_cycle_seq", "refused_cycle_seq"), ALL_INTEGERS),
    "session": ["null", "[]", "{}", "1"],
    "more": UNKNOWN,
}
PLAIN: Final = {
    "microgrid_id": '"depot"',
    "charge_point_id": '"cp-1"',
    "circuit_id": '"gc-1"',
    "sequence": "1",
    "measured_at": '"2026-03-16T08:06:31.25Z"',
    "connector_id": "1",
    "status": '"Charging"',
    "session_id": '"s-1"',
    "started_at": '"2026-03-16T07:06:31Z"',
    "departs_at": '"2026-03-16T17:06:31+09:30"',
    "priority": "3",
    "why": '"it ignores limits"',
    "unit": '"A"',
    "reads_back": "true",
    "lapses": "false",
    **dict.fromkeys(("power_w", "requested_w", "applied_limit_w", "energy_needed_wh"), "50000.5"),
    **dict.fromkeys(("applied_cycle_seq", "refused_cycle_seq"), "41"),
}
"""A plain value of each field."""


def objects(fields: Odd, **plain: str) -> Iterator[str]:
    """Objects of these fields, as JSON or nearly: a plain one, then each with one thing that is odd.

    A field has an odd value, or that beside its plain one, before and after it; or it is not there.
    """
    pairs = {name: f'"{name}": {(PLAIN | plain)[name]}' for name in fields if name in PLAIN | plain}
    yield f"{{{', '.join(pairs.values())}}}"
    for name, odd in fields.items():
        others = [pair for each, pair in pairs.items() if each != name]
        yield f"{{{', '.join(others)}}}"
        for value in odd:
            strange = f'"{name}": {value}'
            for those in ([strange], [strange, pairs.get(name, strange)], [pairs.get(name, strange), strange]):
                yield f"{{{', '.join([*others, *those])}}}"


def charge_points() -> Iterator[str]:
    session, *odd_sessions = objects(SESSION)
    connector, *odd_connectors = objects(CONNECTOR, session=session)
    odd_connectors += [connector.replace(session, each) for each in odd_sessions]
    odd = ["[]", "null", f"[{connector}, {connector}]", *(f"[{each}]" for each in odd_connectors)]
    control, *odd_controls = objects(CONTROL)
    fields = {**HEAD, "charge_point_id": in_json(IDS), "connectors": odd, "control": ["null", "[]", "1", *odd_controls]}
    yield from objects(fields, connectors=f"[{connector}]", control=control)


def circuits() -> Iterator[str]:
    yield from objects({**HEAD, "circuit_id": in_json(IDS), "power_w": ALL_FIGURES})


@pytest.mark.parametrize(
    ("read", "texts"), [(read_charge_point_telemetry, charge_points), (read_circuit_telemetry, circuits)]
)
def test_whatever_is_odd_is_read_as_by_the_models_or_left_to_them(read: Reader, texts: Texts) -> None:
    left = 0
    for text in texts():
        raw = text.encode("latin-1" if NO_UTF8 in text else "utf-8")
        plain = PLAIN_READERS[read](raw)
        left += plain is None
        # As text, as 1, 1.0 and true are equal.
        assert plain is None or repr(plain) == repr(read(parse(raw))), text
    assert left > 0


@pytest.mark.parametrize(
    "connector",
    [
        '{"connector_id": 1, "status": "Charging"}',
        '{"connector_id": 0, "status": "suspendedevse", "power_w": -0.4, "requested_w": null, "more": [{}]}',
        '{"connector_id": 1, "status": "Available", "session": {"session_id": 7, "priority": null}}',
        '{"connector_id": 1, "status": "Faulted", "connector_id": 2, "applied_limit_w": 9.5, "applied_cycle_seq": 4}',
    ],
)
def test_what_chargers_usually_say_is_read_at_once(connector: str) -> None:
    seen = '"sequence": 1, "measured_at": "2026-03-16T08:06:31.250Z"'
    text = f'{{"microgrid_id": "depot", "charge_point_id": "cp-1", {seen}, "connectors": [{connector}]}}'
    assert plain_charge_point_telemetry(text.encode()) == read_charge_point_telemetry(parse(text.encode()))


def test_what_meters_usually_say_is_read_at_once() -> None:
    measured = b'"sequence": 1, "measured_at": "2026-03-16T08:06:31Z", "power_w": 7.5'
    text = b'{"microgrid_id": "depot", "circuit_id": "gc-1", %b}' % measured
    assert plain_circuit_telemetry(text) == read_circuit_telemetry(parse(text))
