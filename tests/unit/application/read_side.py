"""A read model that has seen the events of a microgrid."""

from collections.abc import Sequence

from adapters.messages import registry
from application.ports.bus import PublishedEvent
from application.ports.read_side import ReadModelTransactions
from application.projections.breaches import BREACHES
from application.projections.cycles import CYCLES
from application.projections.node_history import NODE_HISTORY
from application.projections.projector import Projection, gathering
from application.projections.status import STATUS
from domain.events import DomainEvent
from tests.fakes.persistence import STREAM, InMemoryDatabase, InMemoryReadModel, InMemoryReadModelTransactions

PROJECTIONS = (STATUS, CYCLES, BREACHES, NODE_HISTORY)


def published(event: DomainEvent) -> PublishedEvent:
    """An event as it came over the bus."""
    body = registry.read("busbar.events", registry.write(event, stream=STREAM))
    assert isinstance(body, PublishedEvent)
    return body


async def project(
    events: Sequence[DomainEvent], transactions: ReadModelTransactions, projections: Sequence[Projection] = PROJECTIONS
) -> None:
    """Let every projection see the events."""
    async with transactions.begin() as changes:
        gathered = await gathering(list(map(published, events)), changes)
        for event in events:
            gathered.begin(published(event))
            for projection in projections:
                projection.effects[type(event)](event, gathered)
        await gathered.write(changes)
        await changes.commit()


async def a_read_model(*events: DomainEvent) -> InMemoryReadModel:
    """What is to be read after these events."""
    database = InMemoryDatabase()
    await project(events, InMemoryReadModelTransactions(database))
    return InMemoryReadModel(database)
