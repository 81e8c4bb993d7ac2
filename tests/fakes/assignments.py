"""Assignments that remember."""

from application.ports.bus import Partition


class Known:
    """An Assignment that knows what it has."""

    def __init__(self) -> None:
        self.partitions: frozenset[Partition] = frozenset()

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        self.partitions |= partitions

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        self.partitions -= partitions
