"""What counts as JSON before anybody looks at its shape."""

import math
import re

import pytest

from adapters.messages.parsing import NotJson, parse


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "Expecting value"),
        (b"   ", "Expecting value"),
        (b"\xff\xfe\x00\x01", "not UTF-8 at byte 0"),
        (b'"\xed\xa0\x80"', "not UTF-8 at byte 1"),
        (b"\xef\xbb\xbf{}", "Expecting value"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"{} {}", "Extra data"),
        (b"[1,]", "at character 3"),
        (b'{"a": 1,\n "b": 2\n "c": 3}', "in line 3, column 2"),
        (b"{'a': 1}", "Expecting property name"),
        (b'"\x01"', "Invalid control character"),
        (b"01", "Extra data"),
        (b"0x10", "Extra data"),
        (b"NaN", "NaN is no JSON number"),
        (b"[Infinity]", "Infinity is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"9" * 5000 + b"x", "Extra data"),
        (b"[" + b"9" * 5000 + b", NaN]", "NaN is no JSON number"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_text_that_is_no_json_is_refused_with_its_reason(raw: bytes, complaint: str) -> None:
    with pytest.raises(NotJson, match=re.escape(complaint)):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "number"),
    [(b"1.0", 1), (b"1e3", 1000), (b"-0.0", 0), (b"-0", 0), (b"12.50e1", 125), (b"1e-400", 0), (b"1e12", 10**12)],
)
def test_a_number_with_zero_fraction_is_an_integer(raw: bytes, number: int) -> None:
    value = parse(raw)
    assert value == number
    assert type(value) is int
    assert str(value) == str(number)


def test_a_number_with_a_fraction_stays_one() -> None:
    assert parse(b"1.5") == 1.5


@pytest.mark.parametrize("raw", [b"1e400", b"9" * 5000, b"9" * 5000 + b".0"])
def test_a_number_beyond_all_measure_is_json_but_no_integer(raw: bytes) -> None:
    assert parse(b'{"here": %b, "there": 7}' % raw) == {"here": math.inf, "there": 7}


def test_a_member_of_no_interest_may_be_nested_forty_deep() -> None:
    value = parse(b'{"a": %b}' % (b"[" * 40 + b"]" * 40))
    for _ in range(39):
        value = value[0] if isinstance(value, list) else value["a"]
    assert value == [[]]


def test_a_lone_surrogate_is_left_to_whoever_asks_for_the_text() -> None:
    assert parse(b'"\\ud800"') == "\ud800"
    assert parse(b'"\\ud83d\\ude8c"') == "\U0001f68c"
