"""Where decisions become true: those of a turn together, in one transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from application.box import DueCycle
from application.ports.ownership import Epoch, Fenced
from application.ports.persistence import Outbox, PendingEvent, StorageUnavailable, Transactions
from application.relay import Relay
from domain.events import ConfigurationRejected, CycleCompleted
from domain.microgrid import Change, Microgrid
from domain.sharing.plan import Outcome

ATTEMPTS: Final = 3
"""How often a decision is tried when somebody else keeps committing first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become true of one microgrid: a change, the trace of its events, whether there is a new site.

    `cycle`: the one that came to this, None where a configuration did. `is_change`: there is something to write.
    """

    change: Change
    traceparent: str | None
    reconfigures: bool = False
    is_change: bool = True
    cycle: DueCycle | None = None

    @property
    def microgrid_id(self) -> str:
        return self.change.microgrid.microgrid_id

    @property
    def stored(self) -> Microgrid:
        """The microgrid as it is once the decision is true."""
        microgrid = self.change.microgrid
        return replace(microgrid, version=microgrid.version + 1) if self.is_change else microgrid

    @property
    def outcome(self) -> Outcome | None:
        """Of a cycle, None where there was nothing to decide."""
        # A cycle that is not published has the outcome of the one published last, else it would have been.
        published = self.change.microgrid.state.published
        return None if published is None else published.outcome

    @property
    def published(self) -> CycleCompleted | None:
        return next((event for event in self.change.events if isinstance(event, CycleCompleted)), None)

    @property
    def refusals(self) -> Sequence[ConfigurationRejected]:
        return [event for event in self.change.events if isinstance(event, ConfigurationRejected)]


class Committing(Protocol):
    """Makes decisions true."""

    @property
    def one_at_a_time(self) -> asyncio.Lock: ...

    async def commit(
        self, decisions: Sequence[Decision], epoch_of: Callable[[str], Epoch]
    ) -> Mapping[str, Exception]: ...


class Decisions:
    """Commits decisions with their events, and hands these on to be published.

    Who decides holds `one_at_a_time` from what is kept in memory until it is kept as it was committed.
    """

    def __init__(self, transactions: Transactions, relay: Relay) -> None:
        self.one_at_a_time = asyncio.Lock()
        self._transactions = transactions
        self._relay = relay

    async def commit(self, decisions: Sequence[Decision], epoch_of: Callable[[str], Epoch]) -> Mapping[str, Exception]:
        """All of them, of different microgrids, together or else one by one; what failed, by microgrid.

        ConcurrentChange among it: somebody else committed first. Raises Fenced and StorageUnavailable.
        """
        decisions = [each for each in decisions if each.is_change]
        try:
            await self._write(decisions, {each.microgrid_id: epoch_of(each.microgrid_id) for each in decisions})
        except (Fenced, StorageUnavailable):
            raise
        except Exception as error:
            if len(decisions) == 1:
                return {decisions[0].microgrid_id: error}
            return {
                microgrid_id: why
                for decision in decisions
                for microgrid_id, why in (await self.commit([decision], epoch_of)).items()
            }
        return {}

    async def _write(self, decisions: Sequence[Decision], epochs: Mapping[str, Epoch]) -> None:
        if not decisions:
            return
        published = self._relay.unmarked
        async with self._transactions.begin(epochs) as transaction:
            sited = [each.change.microgrid for each in decisions if each.reconfigures]
            others = [each.change.microgrid for each in decisions if not each.reconfigures]
            await transaction.microgrids.save(*sited)
            await transaction.microgrids.save_states(*others)
            events = [event for each in decisions for event in _appended(transaction.outbox, each)]
            transaction.outbox.mark_published(published)
            await transaction.commit()
        self._relay.marked(published)
        self._relay.hand(events)


def _appended(outbox: Outbox, decision: Decision) -> Sequence[PendingEvent]:
    change = decision.change
    return outbox.append(change.events, decision.traceparent, change.microgrid.workspace_id)
