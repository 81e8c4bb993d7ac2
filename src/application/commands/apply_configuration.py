"""Apply a site configuration: provision, change, refuse or ignore."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.ports import Counters, Epoch, MalformedConfiguration, MicrogridRepository, Tracing, Transactions
from domain.events import ConfigurationRejected
from domain.microgrid import Change, Microgrid, Refusal
from domain.site.configuration import SiteConfiguration

UNPROVISIONED: Final = 256
"""Microgrids that were never provisioned and are remembered for their refusals: whoever sends could make up any."""


class TooManyRefused(Exception):
    """A configuration of yet another microgrid is refused, and not answered: that would be remembered."""


@dataclass(frozen=True, slots=True)
class ApplyConfiguration:
    """A configuration arrived, readable or at least answerable. `request_id` and `traceparent` are its message's."""

    offered: SiteConfiguration | MalformedConfiguration
    at: datetime
    epoch: Epoch
    request_id: str | None = None
    traceparent: str | None = None


class ApplyConfigurationHandler:
    """Commits what the microgrid makes of it, together with the events that say so."""

    def __init__(self, transactions: Transactions, tracing: Tracing, counters: Counters) -> None:
        self._transactions = transactions
        self._tracing = tracing
        self._counters = counters

    async def handle(self, command: ApplyConfiguration) -> Microgrid:
        """The microgrid as it is after the command. Raises ConcurrentChange, Fenced and TooManyRefused."""
        offered = command.offered
        with self._tracing.configuration_span(offered.microgrid_id, command.traceparent) as traceparent:
            async with self._transactions.begin(command.epoch) as transaction:
                found = await transaction.microgrids.get(offered.microgrid_id)
                microgrid = found or Microgrid(offered.microgrid_id)
                change = offer(microgrid, offered, command.at, command.request_id)
                if not change.events:
                    self._counters.outdated_configuration(offered.microgrid_id)
                    return change.microgrid
                if found is None and change.microgrid.site is None:
                    await _require_room(transaction.microgrids)
                await transaction.microgrids.save(change.microgrid)
                await transaction.outbox.append(change.events, traceparent, change.microgrid.workspace_id)
                await transaction.commit()
            for event in change.events:
                if isinstance(event, ConfigurationRejected):
                    self._counters.refused_configuration(event.microgrid_id, event.faults)
        return change.microgrid


async def _require_room(microgrids: MicrogridRepository) -> None:
    if await microgrids.unprovisioned() >= UNPROVISIONED:
        raise TooManyRefused(f"refused, and not answered: {UNPROVISIONED} that were never provisioned are remembered")


def offer(
    microgrid: Microgrid, offered: SiteConfiguration | MalformedConfiguration, at: datetime, request_id: str | None
) -> Change:
    """What a microgrid makes of a configuration that arrives at an instant."""
    if isinstance(offered, MalformedConfiguration):
        refusal = Refusal(offered.version, offered.digest)
        return microgrid.refuse_malformed(refusal, offered.faults, at, request_id)
    return microgrid.configure(offered, at, request_id)
