"""What a microgrid remembers of one cycle for the next."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Self

from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.meters import MeterMemory
from domain.knowledge.sendings import DepartedConnector, Sending
from domain.knowledge.usage import UsageMemory
from domain.site.power import Watts
from domain.site.site import Site
from domain.values import value


@value
class Shown:
    """Between what a meter's reading left the background to be, and until when that reading was the newest."""

    least_w: Watts
    most_w: Watts
    until: datetime


@value
class BackgroundMemory:
    """What is remembered of the cumulative background at a node with a meter.

    `estimate_w` was in force in the latest cycle, `newest` is what the reading of `measured_at` showed. Of those before
    it `highest` are those of the last `background_hold_s` whose most no later one reached, `lowest` those of the last
    `background_confirm_s` whose least no later one went down to; so the highest and the lowest of all come first.
    """

    estimate_w: Watts
    measured_at: datetime
    newest: Shown
    highest: tuple[Shown, ...] = ()
    lowest: tuple[Shown, ...] = ()

    def most_w(self, since: datetime) -> Watts:
        """The most that any reading of the time since then left."""
        return max([self.newest.most_w, *(each.most_w for each in self.highest if each.until > since)])


@value
class Memory:
    """What is remembered from cycle to cycle; nothing in a first one. Keys are node ids.

    `sendings`: the published cycles that can still matter, oldest first, the newest always. `idle`: the connectors
    that were idle, for a worker that takes over and has not heard them yet.
    """

    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)
    sendings: tuple[Sending, ...] = ()
    departed: tuple[DepartedConnector, ...] = ()
    meters: Mapping[str, MeterMemory] = field(default_factory=dict)
    background: Mapping[str, BackgroundMemory] = field(default_factory=dict)
    usage: Mapping[str, UsageMemory] = field(default_factory=dict)
    idle: tuple[str, ...] = ()

    def reconfigured(self, before: Site, after: Site) -> Self:
        """What is remembered under a new configuration.

        Connectors that it removed or moved go on holding what they were told at the ancestors they have left.
        """
        departed = []
        for connector in before.tree.connectors:
            entry = self.ledger.get(connector.node_id, NEVER_SENT)
            if entry.newest is None:
                continue
            left = set(before.tree.path_ids(connector.charge_point)) & after.tree.node_index.keys()
            still_there = after.tree.connector_index.get((connector.charge_point_id, connector.connector_id))
            if still_there is not None:
                left -= set(after.tree.path_ids(after.tree.connectors[still_there].charge_point))
            if left:
                holds_until = self.sendings[-1].at + before.windows.lapse
                held_w = max(entry.highest_w, connector.fallback_w)
                departed.append(DepartedConnector(tuple(sorted(left)), held_w, holds_until))
        kept = {
            connector.node_id: self.ledger[connector.node_id]
            for connector in after.tree.connectors
            if connector.node_id in self.ledger
        }
        return replace(self, ledger=kept, departed=(*self.departed, *departed))


NO_MEMORY = Memory()
