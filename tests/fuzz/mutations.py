"""What is hostile, by chance: values, documents with one of them in it, bytes that were changed."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

DEEP: Final = 3000

TEXTS: Final = (
    "",
    "\x00",
    "\x1b[2J\r\nforged",
    "\u202e",
    "\ud800",
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
    """A sound one with places left out, replaced or added to; then, now and then, with bytes changed, or only half."""
    changed = json.loads(json.dumps(sound))
    for _ in range(rng.randrange(0, 4)):
        _change(rng, changed)
    raw = json.dumps(changed).encode()
    kind = rng.random()
    if kind < 0.1:
        return noise(rng, raw)
    if kind < 0.15:
        return raw[: rng.randrange(len(raw))]
    if kind < 0.2:
        return b"[" * DEEP + raw + b"]" * DEEP
    return raw


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
        else:
            inside[key] = value(rng)
        return
