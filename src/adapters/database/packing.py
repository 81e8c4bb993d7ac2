"""JSON as compact bytes: what repeats itself in every line of it takes next to no room (Zstandard, RFC 8878)."""

from typing import Final

import cramjam
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

LEVEL: Final = 1
"""Higher ones take longer and save a twentieth."""

_FRAME: Final = b"\x28\xb5\x2f\xfd"
"""How every frame begins, and no JSON."""


class NotPacked(ValueError):
    """Bytes that are no whole Zstandard frame."""


def pack(content: bytes) -> bytes:
    """The bytes to store."""
    return bytes(cramjam.zstd.compress(content, LEVEL))


def unpack(stored: bytes) -> bytes:
    """What was packed. Raises NotPacked."""
    try:
        return bytes(cramjam.zstd.decompress(stored))
    except cramjam.DecompressionError as error:
        raise NotPacked(f"no whole Zstandard frame: {error}") from error


class Packed(TypeDecorator[bytes]):
    """JSON text: packed in the database, as it is in Python. What an earlier release stored as it is stays readable."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return unpack(value) if value is not None and value.startswith(_FRAME) else value
