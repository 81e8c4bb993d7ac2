"""A key lies on the same partition whichever of the buses carries it, and for a Java client."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.partitioning import partition_of
from adapters.messages.keys import decode_key


@given(st.binary(max_size=64), st.integers(1, 64))
def test_the_clients_default_partitioner_is_the_one_of_the_memory_bus(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert DefaultPartitioner()(key, everywhere, everywhere) == partition_of(decode_key(key), partitions)
