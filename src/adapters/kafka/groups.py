"""Groups of consumers, seen from outside."""

from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from adapters.kafka.connection import Connection

_MEMBERS: Final = "members"


async def count_members(connection: Connection, group: str) -> int:
    """How many members a group has now; 0 where there is no such group. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**connection.arguments())
    try:
        await admin.start()
        (response,) = await admin.describe_consumer_groups([group])
        return sum(len(each[_MEMBERS]) for each in response.to_object()["groups"])
    finally:
        await admin.close()
