"""What a microgrid remembers of one cycle for the next."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Self

from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.meters import MeterMemory
from domain.knowledge.sendings import Sending
from domain.knowledge.usage import UsageMemory
from domain.site.power import Watts
from domain.site.power_tree import PlacedConnector
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
    """What is remembered of the cumulative background at a node with a meter (R27).

    `estimate_w` was in force in the latest cycle, `newest` is what the reading of `measured_at` showed. Of those before
    it `highest` are those that can still matter whose most no later one reached, `lowest` those of the last
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
class DepartedConnector:
    """A connector that a configuration removed or moved: it may go on drawing where it was (R21).

    `node_ids` are its former ancestors that it has no longer; until `holds_until` it holds `held_w` there, and gets its
    line of the ledger (`entry`) back should it return.
    """

    connector_id: str
    node_ids: tuple[str, ...]
    held_w: Watts
    holds_until: datetime
    entry: LedgerEntry

    def without(self, node_ids: set[str]) -> Self:
        return replace(self, node_ids=tuple([each for each in self.node_ids if each not in node_ids]))


@value
class FormerRating:
    """What a configuration lowered or removed: until `holds_until` the former rating and fallback of this charge point
    or connector count beside the new ones (R14).
    """

    node_id: str
    rating_w: Watts
    fallback_w: Watts
    holds_until: datetime


@value
class Memory:
    """What is remembered from cycle to cycle; nothing in a first one. Keys are node ids.

    `sendings`: the published cycles that can still matter, oldest first. `readmitted_at`: when a connector that had
    not obeyed took part again last (R41).
    """

    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)
    sendings: tuple[Sending, ...] = ()
    departed: tuple[DepartedConnector, ...] = ()
    former: tuple[FormerRating, ...] = ()
    meters: Mapping[str, MeterMemory] = field(default_factory=dict)
    background: Mapping[str, BackgroundMemory] = field(default_factory=dict)
    usage: Mapping[str, UsageMemory] = field(default_factory=dict)
    readmitted_at: datetime | None = None

    @property
    def has_told(self) -> bool:
        """Whether any connector was ever sent a setpoint, one that has departed since too."""
        return bool(self.departed) or any(entry.received is not None for entry in self.ledger.values())

    def at(self, instant: datetime) -> Self:
        """Without what holds no longer at this instant."""
        if not self.departed and not self.former:
            return self
        departed = tuple([gone for gone in self.departed if gone.holds_until > instant])
        former = tuple([each for each in self.former if each.holds_until > instant])
        return replace(self, departed=departed, former=former)

    @property
    def former_ratings(self) -> dict[str, FormerRating]:
        """By node id, the highest of each."""
        highest: dict[str, FormerRating] = {}
        for each in self.former:
            known = highest.get(each.node_id, each)
            rating_w, fallback_w = max(known.rating_w, each.rating_w), max(known.fallback_w, each.fallback_w)
            highest[each.node_id] = replace(each, rating_w=rating_w, fallback_w=fallback_w)
        return highest

    def reconfigured(self, before: Site, after: Site) -> Self:
        """What is remembered under a new configuration.

        Connectors that it removed or moved go on holding what they were told at the ancestors they have left (R21);
        ratings and fallbacks that it lowered go on counting (R14).
        """
        back = {gone.connector_id: gone.entry for gone in self.departed}
        known = back | dict(self.ledger)
        paths = {each.node_id: set(after.tree.path_ids(each.charge_point)) for each in after.tree.connectors}
        gone_before = [gone.without(paths.get(gone.connector_id, set())) for gone in self.departed]
        return replace(
            self,
            ledger={node_id: known[node_id] for node_id in paths if node_id in known},
            departed=(
                *[gone for gone in gone_before if gone.node_ids or gone.connector_id not in paths],
                *self._leaving(before, paths),
            ),
            former=(*self.former, *self._lowered(before, after)),
        )

    def _told(self, site: Site) -> Iterator[tuple[PlacedConnector, LedgerEntry]]:
        """The connectors of a site that may go on drawing by what they were told."""
        for connector in site.tree.connectors:
            entry = self.ledger.get(connector.node_id, NEVER_SENT)
            if entry.newest is not None and self.sendings:
                yield connector, entry

    def _leaving(self, before: Site, paths: Mapping[str, set[str]]) -> Iterator[DepartedConnector]:
        former = self.former_ratings
        for connector, entry in self._told(before):
            left = set(before.tree.path_ids(connector.charge_point)) - paths.get(connector.node_id, set())
            if left:
                fallback_w = connector.fallback_w
                if connector.node_id in former:
                    fallback_w = max(fallback_w, former[connector.node_id].fallback_w)
                told_w = max([entry.confirmed_w or 0, fallback_w, *[sent.limit_w for sent in entry.setpoints]])
                yield DepartedConnector(
                    connector_id=connector.node_id,
                    node_ids=tuple(sorted(left)),
                    held_w=entry.at_meter(told_w),
                    holds_until=self.sendings[-1].gone_at,
                    entry=entry,
                )

    def _lowered(self, before: Site, after: Site) -> Iterator[FormerRating]:
        """Of the connectors that were told something and of their charge points."""
        told = [connector for connector, _ in self._told(before)]
        node_ids = dict.fromkeys([each.node_id for each in told] + [each.charge_point_id for each in told])
        ratings, now = before.tree.ratings_w(), after.tree.ratings_w()
        for node_id in node_ids:
            rating_w, fallback_w = ratings[node_id]
            now_w, fallback_now_w = now.get(node_id, (0, 0))
            if now_w < rating_w or fallback_now_w < fallback_w:
                yield FormerRating(node_id, rating_w, fallback_w, self.sendings[-1].gone_at)


NO_MEMORY = Memory()
