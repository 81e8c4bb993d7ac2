"""Where a key lies and who reads it: Java's default partitioner and Kafka's range assignor."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from adapters.messages.keys import encode_key

Member = TypeVar("Member")

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_SHIFT = 24
_UINT32 = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The signed 32-bit MurmurHash2 that Kafka's Java client hashes keys with."""
    state = _SEED ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _UINT32
        word = (word ^ word >> _SHIFT) * _MULTIPLIER & _UINT32
        state = state * _MULTIPLIER & _UINT32 ^ word
    if whole < len(data):
        state = (state ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _UINT32
    state = (state ^ state >> 13) * _MULTIPLIER & _UINT32
    state ^= state >> 15
    return state - (1 << 32) if state >> 31 else state


@lru_cache(maxsize=16384)
def partition_of(key: str, partitions: int) -> int:
    """The partition, of so many, on which every message of this key lies."""
    return (murmur2(encode_key(key)) & 0x7FFFFFFF) % partitions


def shares(members: Sequence[Member], partitions: int) -> dict[Member, range]:
    """The range assignor: neighbouring partitions of one topic to each member, one more to each of the first few.

    Topics of equal partition counts are shared alike, so that a key's messages meet at one member.
    """
    each, left_over = divmod(partitions, len(members))
    starts = [index * each + min(index, left_over) for index in range(len(members) + 1)]
    return {member: range(starts[index], starts[index + 1]) for index, member in enumerate(members)}
