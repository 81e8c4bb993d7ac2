"""Where decisions become true: those of a turn together, in one transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from application.ports.bus import MalformedConfiguration
from application.ports.ownership import Epoch, Fenced
from application.ports.persistence import Outbox, PendingEvent, StorageUnavailable, Transactions
from application.relay import Relay
from domain.microgrid import Change, Microgrid, Refusal
from domain.site.configuration import SiteConfiguration

ATTEMPTS: Final = 3
"""How often a decision is tried when somebody else keeps committing first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become true of one microgrid: a change, the trace of its events, whether there is a new site."""

    change: Change
    traceparent: str | None
    reconfigures: bool = False

    @property
    def microgrid_id(self) -> str:
        return self.change.microgrid.microgrid_id

    @property
    def stored(self) -> Microgrid:
        """The microgrid as it is once the decision is true."""
        return replace(self.change.microgrid, version=self.change.microgrid.version + 1)


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


def offer(
    microgrid: Microgrid, offered: SiteConfiguration | MalformedConfiguration, at: datetime, request_id: str | None
) -> Change:
    """What a microgrid makes of a configuration, readable or at least answerable, that arrives at an instant."""
    if isinstance(offered, MalformedConfiguration):
        refusal = Refusal(offered.version, offered.digest)
        return microgrid.refuse_malformed(refusal, offered.faults, at, request_id)
    return microgrid.configure(offered, at, request_id)
