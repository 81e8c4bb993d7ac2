"""What is compressed is unpacked within bounds: some kilobytes on the bus may be gigabytes of blanks.

The client unpacks a batch at once, whatever it becomes. Here its codecs are replaced by some that find out first: what
would be too much raises, and the batch is read another way, from a file. That the client looks its codecs up by these
names in its own modules is not its public face; its version is pinned.
"""

import asyncio
import zlib
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, BinaryIO, Final, TypeVar

import cramjam
from aiokafka.codec import _detect_xerial_stream, lz4_decode, snappy_decode, zstd_decode
from aiokafka.record._crecords import default_records, legacy_records

BATCH_BYTES: Final = 32 * 1024 * 1024
AT_ONCE_BYTES: Final = 64 * 1024 * 1024
"""Of all batches that are unpacked for one call."""

FILE_BYTES: Final = 2 * 1024**3

_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_LZ4_RATIO: Final = 255
_BLOCK: Final = 128 * 1024
"""What a block of zstd becomes at most."""

_XERIAL_HEAD: Final = 16
_CHUNK: Final = 1024 * 1024
_ZSTD_MAGIC, _ZSTD_SKIPPABLE = 0xFD2FB528, 0x184D2A50


T = TypeVar("T")


class TooMuch(Exception):
    """A batch is unpacked another way, or not at all."""


class _Allowance:
    def __init__(self) -> None:
        self.left = AT_ONCE_BYTES


_ALLOWANCE: Final[ContextVar[_Allowance | None]] = ContextVar("allowance", default=None)


def bounded(fetching: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """A fetch under way that raises TooMuch where all that it unpacks becomes too much."""

    async def fetch() -> T:
        _ALLOWANCE.set(_Allowance())
        return await fetching

    return asyncio.ensure_future(fetch())


def unpacked(codec: int, payload: bytes, limit: int) -> bytes:
    """The records of a batch. Raises TooMuch where they are more bytes, or are found to be nothing that was packed."""
    try:
        match codec:
            case 0:
                return payload
            case 1:
                return _gunzipped(payload, limit)
            case 2:
                return _unless(_snappy_length(payload) > limit, snappy_decode, payload)
            case 3 if len(payload) * _LZ4_RATIO <= limit:
                return lz4_decode(payload)
            case 3:
                return _into(cramjam.lz4.decompress_into, payload, limit)
            case 4 if _zstd_bound(payload, limit) <= limit:
                return zstd_decode(payload)
            case 4:
                return _into(cramjam.zstd.decompress_into, payload, limit)
    except (cramjam.DecompressionError, zlib.error, IndexError) as error:
        raise TooMuch(str(error)) from error
    raise TooMuch(f"codec {codec} is not known")


def unpack_into(codec: int, payload: bytes, path: str) -> None:
    """The records of a batch, in a file. Raises TooMuch where they are more than `FILE_BYTES`, or cannot be had."""
    try:
        match codec:
            case 1:
                with open(path, "wb") as file:
                    _gunzip_into(payload, file)
            case 2:
                with open(path, "wb") as file:
                    file.write(_unless(_snappy_length(payload) > FILE_BYTES // 8, snappy_decode, payload))
            case 3 if len(payload) * _LZ4_RATIO <= FILE_BYTES:
                cramjam.lz4.decompress_into(payload, cramjam.File(path))
            case 4 if _zstd_bound(payload, FILE_BYTES) <= FILE_BYTES:
                cramjam.zstd.decompress_into(payload, cramjam.File(path))
            case _:
                raise TooMuch("it would be more than 2 GiB")
    except (cramjam.DecompressionError, zlib.error, IndexError, OSError) as error:
        raise TooMuch(str(error)) from error


def _unless(too_much: bool, decode: Callable[[bytes], bytes], payload: bytes) -> bytes:
    if too_much:
        raise TooMuch("it would be too much")
    return decode(payload)


def _into(decompress_into: Callable[[bytes, bytearray], int], payload: bytes, limit: int) -> bytes:
    """Fails where the buffer is full."""
    buffer = bytearray(limit)
    return bytes(memoryview(buffer)[: decompress_into(payload, buffer)])


def _gunzipped(payload: bytes, limit: int) -> bytes:
    found, rest = b"", payload
    while rest:
        member = zlib.decompressobj(wbits=31)
        found += member.decompress(rest, limit + 1 - len(found))
        if len(found) > limit:
            raise TooMuch("it would be too much")
        rest = member.unused_data
    return found


def _gunzip_into(payload: bytes, file: BinaryIO) -> None:
    rest = payload
    while rest:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            chunk = member.decompress(rest, _CHUNK)
            file.write(chunk)
            if file.tell() > FILE_BYTES:
                raise TooMuch("it would be more than 2 GiB")
            rest = member.unconsumed_tail
            if not chunk and not rest:
                break
        rest = member.unused_data


def _snappy_length(payload: bytes) -> int:
    if not _detect_xerial_stream(payload):
        return int(cramjam.snappy.decompress_raw_len(payload))
    length, at = 0, _XERIAL_HEAD
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 4], "big")
        length += int(cramjam.snappy.decompress_raw_len(payload[at + 4 : at + 4 + size]))
        at += 4 + size
    return length


def _zstd_bound(payload: bytes, limit: int) -> int:
    """What the blocks of all frames become at most (RFC 8878, 3.1.1), counted up to the limit. Raises IndexError."""
    bound = at = 0
    while at < len(payload) and bound <= limit:
        magic = int.from_bytes(payload[at : at + 4], "little")
        if magic & 0xFFFFFFF0 == _ZSTD_SKIPPABLE:
            at += 8 + int.from_bytes(payload[at + 4 : at + 8], "little")
            continue
        if magic != _ZSTD_MAGIC:
            return limit + 1
        descriptor = payload[at + 4]
        is_single = descriptor >> 5 & 1
        content_size = (is_single, 2, 4, 8)[descriptor >> 6]
        at += 5 + (1 - is_single) + (0, 1, 2, 4)[descriptor & 3] + content_size
        is_last = 0
        while not is_last and bound <= limit:
            header = payload[at] | payload[at + 1] << 8 | payload[at + 2] << 16
            is_last, kind, size = header & 1, header >> 1 & 3, header >> 3
            bound += _BLOCK if kind == 2 else size
            at += 3 + (1 if kind == 1 else size)
        at += 4 * (descriptor >> 2 & 1)
    return bound


def _within_bounds(codec: int, as_it_is: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def decode(payload: bytes) -> bytes:
        allowance = _ALLOWANCE.get()
        if allowance is None:
            return as_it_is(payload)
        found = unpacked(codec, bytes(payload), min(BATCH_BYTES, allowance.left))
        allowance.left -= len(found)
        return found

    return decode


for _module in (default_records, legacy_records):
    for _codec, _name in {
        _GZIP: "gzip_decode",
        _SNAPPY: "snappy_decode",
        _LZ4: "lz4_decode",
        _ZSTD: "zstd_decode",
    }.items():
        if hasattr(_module, _name):
            setattr(_module, _name, _within_bounds(_codec, getattr(_module, _name)))
