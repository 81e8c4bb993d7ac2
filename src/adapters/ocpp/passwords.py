"""The passwords of stations: a file with a line each, an id and the hash of its password, which is salted and slow."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

COST: Final = 2**14
BLOCK: Final = 8
SALT_BYTES: Final = 16

_LINE: Final = re.compile(r"(\S+)[ \t]+scrypt\$([A-Za-z0-9_=-]{8,100})\$([A-Za-z0-9_=-]{20,200})")


class UnusablePasswords(Exception):
    """The file cannot be used; the message says why and repeats nothing of it."""


def hashed(charge_point_id: str, password: str) -> str:
    """A line for the file."""
    salt = secrets.token_bytes(SALT_BYTES)
    return f"{charge_point_id} scrypt${_text(salt)}${_text(_digest(password, salt))}"


class Passwords:
    """Who may connect, and by what it is known."""

    def __init__(self, hashes: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Salt and digest by charge point."""
        self._hashes = hashes

    @classmethod
    def read(cls, path: Path) -> "Passwords":
        """Empty lines and those that begin with # say nothing. Raises UnusablePasswords."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UnusablePasswords(f"it cannot be read: {error}") from None
        hashes = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            if match is None:
                raise UnusablePasswords(f"line {number} is no id and hash, as `busbar gateway password` writes them")
            try:
                hashes[match[1]] = (base64.urlsafe_b64decode(match[2]), base64.urlsafe_b64decode(match[3]))
            except ValueError:
                raise UnusablePasswords(f"line {number} has a hash that is none") from None
        return cls(hashes)

    def admits(self, charge_point_id: str, password: str) -> bool:
        """Whether it is the station's password; takes as long for a station that has none. Slow: not in a loop."""
        salt, digest = self._hashes.get(charge_point_id, (b"\0" * SALT_BYTES, b""))
        return hmac.compare_digest(_digest(password, salt), digest)


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(errors="surrogateescape"), salt=salt, n=COST, r=BLOCK, p=1)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
