"""What is hostile, by chance: values, documents with one of them in it, bytes that were changed."""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

DEEP: Final = 3000
"""Deeper than any parser goes."""

NUMBERS: Final = (b"-0", b"-0.0", b"0.5", b"1E+2", b"1e400", b"-1e-400", b"01", b"0x10", b"9" * 400, b"9" * 5000)
"""What a number can be written as, and some that are none."""

TEXTS: Final = (
    "",
    "\x00",
    "\x1b[2J\r\nforged",
    "\u202e",
    "\ud800",
    "\udc80\ud83d",
    "\ufeff",
    "\r",
    "\uffff",
    "/../../etc/passwd",
    "' OR 1=1 --",
    "{{7*7}}",
    "%s%n",
    "[/]",
    "NaN",
    "2026-11-22T08:00:00",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "x" * 70_000,
)
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2**31,
    2**63,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    [],
    {},
    *TEXTS,
)


def value(rng: random.Random) -> Any:
    """One of the hostile ones, or some of them in lists and objects."""
    kind = rng.random()
    if kind < 0.8:
        return rng.choice(VALUES)
    if kind < 0.9:
        return [rng.choice(VALUES) for _ in range(rng.randrange(1, 5))]
    return {rng.choice(TEXTS)[:100]: rng.choice(VALUES) for _ in range(rng.randrange(1, 5))}


def document(rng: random.Random, sound: Mapping[str, Any]) -> bytes:
    """A sound one with places left out, replaced or added to; then, now and then, written as nobody writes JSON."""
    changed = json.loads(json.dumps(sound))
    for _ in range(rng.randrange(0, 4)):
        _change(rng, changed)
    raw = json.dumps(changed).encode()
    return rng.choice(_WRITTEN)(rng, raw) if rng.random() < 0.3 else raw


def _half(rng: random.Random, raw: bytes) -> bytes:
    return raw[: rng.randrange(len(raw))]


def _too_deep(rng: random.Random, raw: bytes) -> bytes:
    del rng
    return b"[" * DEEP + raw + b"]" * DEEP


def _nested(rng: random.Random, raw: bytes) -> bytes:
    """Under a key that nothing reads, as deep as one parser goes and another does not."""
    depth = rng.choice((50, 150, 250, 500, 900, 990))
    opened, closed = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return _with_a_key(rng, raw, b'"nested":' + opened * depth + b"1" + closed * depth)


def _named_twice(rng: random.Random, raw: bytes) -> bytes:
    """A key that stands there already, or any other text."""
    names = re.findall(rb'"[A-Za-z_]+"(?=:)', raw)
    name = rng.choice(names) if names and rng.random() < 0.8 else json.dumps(text(rng)[:100]).encode()
    return _with_a_key(rng, raw, name + b":" + json.dumps(value(rng)).encode())


def _with_a_number(rng: random.Random, raw: bytes) -> bytes:
    places = [*re.finditer(rb"(?<=[ \[:])-?[0-9]+(?=[],}])", raw)]
    if not places:
        return raw
    place = rng.choice(places)
    return raw[: place.start()] + rng.choice(NUMBERS) + raw[place.end() :]


def _with_spaces(rng: random.Random, raw: bytes) -> bytes:
    """Beside the commas: those of JSON, and what is none."""
    return raw.replace(b", ", b"," + rng.choice((b"\r", b"\r\n", b"\t", b"\x00", b"\x0b", b"\xc2\xa0")))


def _not_escaped(rng: random.Random, raw: bytes) -> bytes:
    """Text as it is: surrogates alone are then no UTF-8, or in another encoding."""
    try:
        plain = json.dumps(json.loads(raw), ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw
    return plain.encode(rng.choice(("utf-8", "utf-8", "utf-16", "utf-32-be")), errors="surrogatepass")


def _with_a_mark(rng: random.Random, raw: bytes) -> bytes:
    return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\x1a")) + raw


def _with_a_key(rng: random.Random, raw: bytes, member: bytes) -> bytes:
    """One more member of any of the objects, first or last."""
    places = [*re.finditer(rb'\{(?=")|(?<=[^{])\}', raw)]
    if not places:
        return raw
    place = rng.choice(places)
    if place[0] == b"{":
        return raw[: place.end()] + member + b"," + raw[place.end() :]
    return raw[: place.start()] + b"," + member + raw[place.start() :]


def noise(rng: random.Random, raw: bytes) -> bytes:
    """The same with a few bytes changed."""
    changed = bytearray(raw)
    for _ in range(rng.randrange(1, 6)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def text(rng: random.Random) -> str:
    """Any text: hostile, or of characters by chance."""
    if rng.random() < 0.5:
        return rng.choice(TEXTS)
    return "".join(chr(rng.randrange(0x20, 0x3000)) for _ in range(rng.randrange(1, 40)))


def in_a_path(rng: random.Random) -> str:
    """Text as a client may put it into a path or a query: encoded, or hardly."""
    raw = text(rng).encode(errors="surrogatepass")[:4000]
    return quote(raw, safe="" if rng.random() < 0.8 else "/?&=#%")


def _change(rng: random.Random, inside: Any) -> None:
    """Somewhere in it, in place."""
    while True:
        keys: Sequence[Any] = [*inside] if isinstance(inside, dict) else range(len(inside))
        if not keys:
            return
        key = rng.choice(keys)
        below = inside[key]
        if isinstance(below, dict | list) and below and rng.random() < 0.7:
            inside = below
            continue
        if isinstance(inside, dict) and rng.random() < 0.2:
            del inside[key]
        elif isinstance(inside, dict) and rng.random() < 0.2:
            inside[text(rng)[:100]] = value(rng)
        elif isinstance(key, str) and rng.random() < 0.2:
            inside[_within(rng, key)] = inside.pop(key)
        elif isinstance(below, str) and rng.random() < 0.5:
            inside[key] = _within(rng, below)
        else:
            inside[key] = value(rng)
        return


def _within(rng: random.Random, sound: str) -> str:
    """A text with something hostile somewhere in it: a slip of the pen in a name that is read."""
    place = rng.randrange(len(sound) + 1)
    return sound[:place] + rng.choice(TEXTS)[:100] + sound[place:]


_WRITTEN: Final[Sequence[Callable[[random.Random, bytes], bytes]]] = (
    noise,
    noise,
    _half,
    _too_deep,
    _nested,
    _named_twice,
    _named_twice,
    _with_a_number,
    _with_a_number,
    _with_spaces,
    _not_escaped,
    _with_a_mark,
)
