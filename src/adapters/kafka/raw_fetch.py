"""Records past the client's own parser, for a fetch that it cannot make sense of or must not unpack.

aiokafka decodes the names of headers as UTF-8 and raises where one is none, with every fetch anew, and says neither
which record nor which partition it was; `unpacking` raises in its stead where a batch becomes too much. The bytes can
be fetched all the same, and read here without those assumptions. This uses the client's connection, which is not its
public face; its version is pinned.
"""

import asyncio
import hashlib
import io
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest

from adapters.kafka.unpacking import AT_ONCE_BYTES, BATCH_BYTES, TooMuch, unpack_into, unpacked
from application.ports.bus import MESSAGE_BYTES, Digest

FETCH_BYTES: Final = 1024 * 1024
"""What the brokers exceed where the first batch is larger."""

_BATCH: Final = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, checksum, attributes, last offset, first time, ..., count of records."""

_AFTER_LENGTH: Final = struct.calcsize(">qi")
_CODEC, _CONTROL = 0x07, 0x20
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record. `dropped` stands for a value that was too large to be kept, or for a batch that was not unpacked."""

    record: "ConsumerRecord[bytes, bytes]"
    dropped: Digest | None = None
    fault: str | None = None

    @property
    def decodes(self) -> bool:
        """Whether every header has a name in UTF-8."""
        return all(_is_utf8(name) for name, _ in self.record.headers)


async def step_over(
    consumer: AIOKafkaConsumer, undelivered: Mapping[TopicPartition, int]
) -> tuple[Sequence[RawRecord], Mapping[TopicPartition, int]]:
    """Some records from the first `undelivered` offsets on, at least a batch, and where the client reads on.

    It lost what it had in hand of all partitions. What of a header's name is no UTF-8 becomes lone surrogates
    (`surrogateescape`). Raises KafkaError where a leader does not answer as it should.
    """
    found: list[RawRecord] = []
    ahead = dict(undelivered)
    left = AT_ONCE_BYTES
    for partition, offset in undelivered.items():
        if left > 0:
            data = await _fetch(consumer, partition, offset)
            records, ahead[partition] = await asyncio.to_thread(_records, partition, offset, data, left)
            found += records
            left -= sum(len(each.record.value or b"") for each in records)
        consumer.seek(partition, ahead[partition])
    return found, ahead


async def _fetch(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> bytes:
    """The batches from the one with this offset on."""
    client = consumer._client
    wanted = [(partition.topic, [(partition.partition, offset, FETCH_BYTES)])]
    request = FetchRequest(0, 1, FETCH_BYTES, 0, wanted, rack_id="")
    response = await client.send(client.cluster.leader_for_partition(partition), request)
    ((_, ((_, error_code, *_, records),)),) = response.topics
    if error_code:
        raise for_code(error_code)(partition)
    return bytes(records or b"")


def _records(partition: TopicPartition, offset: int, data: bytes, limit: int) -> tuple[Sequence[RawRecord], int]:
    """Those of whole batches from an offset on, up to so many bytes or a batch more, and the offset behind them."""
    found: list[RawRecord] = []
    kept = 0
    for batch, behind in _batches(partition, data):
        records = [each for each in batch if each.record.offset >= offset]
        found += records
        kept += sum(len(each.record.value or b"") for each in records)
        offset = max(offset, behind)
        if kept >= limit:
            break
    return found, offset


def _batches(partition: TopicPartition, data: bytes) -> Iterator[tuple[Sequence[RawRecord], int]]:
    """Every whole batch of format 2, the only one that brokers of today store, and the offset behind it."""
    start = 0
    while len(data) - start >= _BATCH.size:
        base, length, _, _, _, attributes, last, first_timestamp, *_, count = _BATCH.unpack_from(data, start)
        end = start + _AFTER_LENGTH + length
        if end > len(data):
            return
        first: ConsumerRecord[bytes, bytes] = ConsumerRecord(
            partition.topic, partition.partition, base, first_timestamp, 0, None, None, None, -1, -1, ()
        )
        yield _batch(data[start + _BATCH.size : end], attributes, first, count), base + last + 1
        start = end


def _batch(body: bytes, attributes: int, first: "ConsumerRecord[bytes, bytes]", count: int) -> Sequence[RawRecord]:
    """The records of a batch, of which the first is one but for what it says."""
    if attributes & _CONTROL:
        return []
    codec = attributes & _CODEC
    try:
        return _read(io.BytesIO(unpacked(codec, body, BATCH_BYTES)), first, count)
    except TooMuch:
        pass
    with tempfile.TemporaryDirectory() as folder:
        try:
            unpack_into(codec, body, f"{folder}/records")
        except TooMuch as error:
            whole = Digest(len(body), hashlib.sha256(body).hexdigest())
            fault = (
                f"A batch of {count} messages is not unpacked, {error}; length and digest are of it as it lies there."
            )
            return [RawRecord(first, whole, fault)]
        with open(f"{folder}/records", "rb") as records:
            return _read(records, first, count)


def _read(records: BinaryIO, first: "ConsumerRecord[bytes, bytes]", count: int) -> Sequence[RawRecord]:
    reader = _Reader(records)
    return [reader.record(first) for _ in range(count)]


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Reader:
    """Reads one field of a batch after the other."""

    def __init__(self, data: BinaryIO) -> None:
        self._data = data

    def record(self, first: "ConsumerRecord[bytes, bytes]") -> RawRecord:
        self._number()  # length
        self._data.read(1)  # attributes, which has none
        timestamp, offset = first.timestamp + self._number(), first.offset + self._number()
        key, key_dropped = self._bytes()
        value, dropped = self._bytes()
        headers: list[Any] = []
        left = MESSAGE_BYTES
        for _ in range(self._number()):
            name, more = self._bytes(left)
            text, most = self._bytes(left - len(name or b""))
            left -= len(name or b"") + len(text or b"")
            key_dropped = key_dropped or more or most
            headers.append(((name or b"").decode(errors="surrogateescape"), text))
        if dropped is None and key_dropped is not None:
            dropped, value, headers = Digest.of(value or b""), None, []
        return RawRecord(
            replace(first, offset=offset, timestamp=timestamp, key=key, value=value, headers=tuple(headers)), dropped
        )

    def _number(self) -> int:
        number = shift = 0
        while True:
            (byte,) = self._data.read(1)
            number |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return number >> 1 ^ -(number & 1)

    def _bytes(self, limit: int = MESSAGE_BYTES) -> tuple[bytes | None, Digest | None]:
        """What is there, or where it is longer what stands for it."""
        length = self._number()
        if length < 0:
            return None, None
        if length <= limit:
            return self._data.read(length), None
        digest, left = hashlib.sha256(), length
        while left:
            chunk = self._data.read(min(left, _CHUNK))
            digest.update(chunk)
            left -= len(chunk)
        return None, Digest(length, digest.hexdigest())
