"""Records past the client's own parser, for a fetch that it cannot make sense of.

aiokafka decodes the names of headers as UTF-8 and raises where one is none, with every fetch anew, and says neither
which record nor which partition it was. Its bytes can be fetched all the same, and read here without that assumption.
This uses the client's connection and its codecs, which are not its public face; its version is pinned.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.util import decode_varint

FETCH_BYTES: Final = 1024 * 1024
"""What the brokers exceed where the first batch is larger."""

_BATCH: Final = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, checksum, attributes, last offset, first time, ..., count of records."""

_AFTER_LENGTH: Final = struct.calcsize(">qi")
_CODECS: Final = {1: gzip_decode, 2: snappy_decode, 3: lz4_decode, 4: zstd_decode}
_CODEC, _CONTROL = 0x07, 0x20


async def step_over(
    consumer: AIOKafkaConsumer, undelivered: Mapping[TopicPartition, int]
) -> tuple[Sequence["ConsumerRecord[bytes, bytes]"], Mapping[TopicPartition, int]]:
    """The batches around each record that has a header whose name is no UTF-8, and where the client reads on.

    It fails on such a batch as a whole, and lost what it had in hand of other partitions: each is read on from its
    first `undelivered` offset, or from behind these batches. What of a name is no UTF-8 becomes lone surrogates
    (`surrogateescape`). Raises KafkaError where a leader does not answer as it should.
    """
    stepped_over: list[ConsumerRecord[bytes, bytes]] = []
    ahead = dict(undelivered)
    for partition, offset in undelivered.items():
        records, behind = await _fetch(consumer, partition, offset)
        if not all(map(decodes, records)):
            stepped_over += [record for record in records if record.offset >= offset]
            ahead[partition] = behind
        consumer.seek(partition, ahead[partition])
    return stepped_over, ahead


async def _fetch(
    consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int
) -> tuple[Sequence["ConsumerRecord[bytes, bytes]"], int]:
    """The batches from the one with this offset on: their records, also those before it, and the offset behind them."""
    client = consumer._client
    wanted = [(partition.topic, [(partition.partition, offset, FETCH_BYTES)])]
    request = FetchRequest(0, 1, FETCH_BYTES, 0, wanted, rack_id="")
    response = await client.send(client.cluster.leader_for_partition(partition), request)
    ((_, ((_, error_code, *_, records),)),) = response.topics
    if error_code:
        raise for_code(error_code)(partition)
    fetched: list[ConsumerRecord[bytes, bytes]] = []
    for batch, behind in _batches(partition, bytes(records or b"")):
        fetched += batch
        offset = max(offset, behind)
    return fetched, offset


def decodes(record: "ConsumerRecord[bytes, bytes]") -> bool:
    """Whether every header has a name in UTF-8."""
    return all(_is_utf8(name) for name, _ in record.headers)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _batches(partition: TopicPartition, data: bytes) -> Iterator[tuple[Sequence["ConsumerRecord[bytes, bytes]"], int]]:
    """Every whole batch of format 2, the only one that brokers of today store, and the offset behind it."""
    start = 0
    while len(data) - start >= _BATCH.size:
        base, length, _, _, _, attributes, last, first_timestamp, *_, count = _BATCH.unpack_from(data, start)
        end = start + _AFTER_LENGTH + length
        if end > len(data):
            return
        body, codec = data[start + _BATCH.size : end], _CODECS.get(attributes & _CODEC)
        reader = _Reader(codec(body) if codec else body)
        of_control = attributes & _CONTROL
        yield (
            [reader.record(partition, base, first_timestamp) for _ in range(0 if of_control else count)],
            base + last + 1,
        )
        start = end


class _Reader:
    """Reads one field of a batch after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)
        self._at = 0

    def record(
        self, partition: TopicPartition, base_offset: int, first_timestamp: int
    ) -> "ConsumerRecord[bytes, bytes]":
        self._number()  # length
        self._number()  # attributes, which has none: one byte of zero
        timestamp = first_timestamp + self._number()
        offset = base_offset + self._number()
        key, value = self._bytes(), self._bytes()
        headers: Any = tuple((self._name(), self._bytes()) for _ in range(self._number()))
        return ConsumerRecord(
            partition.topic, partition.partition, offset, timestamp, 0, key, value, None, -1, -1, headers
        )

    def _number(self) -> int:
        number, self._at = decode_varint(self._data, self._at)
        return number

    def _bytes(self) -> bytes | None:
        length = self._number()
        if length < 0:
            return None
        start, self._at = self._at, self._at + length
        return bytes(self._data[start : self._at])

    def _name(self) -> str:
        return (self._bytes() or b"").decode(errors="surrogateescape")
