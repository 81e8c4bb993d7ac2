"""What is known of a microgrid at one instant, before anything is shared out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from domain.knowledge import background, holdings, limits, lines, meters
from domain.knowledge.background import Background
from domain.knowledge.demand import Standing
from domain.knowledge.held import Held
from domain.knowledge.ledger import EXACT, NEVER_SENT
from domain.knowledge.limits import Limit
from domain.knowledge.lines import MOST_OVER_RATING, Line
from domain.knowledge.memory import NO_MEMORY, Memory
from domain.knowledge.meters import Meters
from domain.knowledge.readings import MeterReading, Readings
from domain.knowledge.sendings import Moment, Sending, recent
from domain.site.power import NO_LIMIT, Watts
from domain.site.power_tree import PowerNode, PowerTree
from domain.site.site import Site, Windows
from domain.values import value


@value
class Snapshot:
    """All that a decision depends on. `before`: what the cycle that made the memory saw, where it is at hand; it only
    spares work.
    """

    site: Site
    readings: Readings
    at: datetime
    memory: Memory = NO_MEMORY
    before: "Situation | None" = None


@value
class NodeView:
    """A node in one cycle: its limit in force, the reading of its meter where that is relied on, and what of its
    limit is taken at and below it. `capacity_w`: the limit as it counts at the meter, which differs at charge points.
    `is_bad`: its meter is contradicted, until it is relied on again (R25).
    """

    node: PowerNode
    limit: Limit
    capacity_w: Watts | None
    meter: MeterReading | None
    held: Held
    background: Background
    is_bad: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether it has a meter that is not relied on."""
        return self.node.metered and self.meter is None

    @property
    def net_w(self) -> Watts:
        """What is left to share out: capacity − background − reserved, never under 0; NO_LIMIT for none."""
        most_w = self.capacity_w
        return NO_LIMIT if most_w is None else max(0, most_w - self.background.cumulative_w - self.held.reserved_w)

    @property
    def free_w(self) -> Watts:
        """What the exposures leave: capacity − background − held; may be negative; NO_LIMIT for none."""
        most_w = self.capacity_w
        return NO_LIMIT if most_w is None else most_w - self.background.cumulative_w - self.held.exposed_w

    @property
    def is_overfull(self) -> bool:
        """Whether background and reserved alone exceed the limit in force."""
        limit_w = self.limit.limit_w
        return limit_w is not None and self.background.cumulative_w + self.held.reserved_w > limit_w


@dataclass(frozen=True)
class Situation:
    """A snapshot interpreted; lines and nodes in tree order. No slots: what is derived from it is kept.

    `silent`: some meter is. `unheard`: connectors and circuits that count as last known after a take-over. `memory` is
    what the next cycle has to know of this one, but for what is sent.
    """

    site: Site
    at: datetime
    lines: list[Line]
    nodes: list[NodeView]
    silent: bool
    unheard: frozenset[str]
    memory: Memory

    @property
    def tree(self) -> PowerTree:
        return self.site.tree

    @property
    def windows(self) -> Windows:
        return self.site.windows

    @cached_property
    def net_capacities_w(self) -> list[Watts]:
        """Per node, what is left to share out; NO_LIMIT for no limit."""
        return [view.net_w for view in self.nodes]

    @cached_property
    def free_room_w(self) -> list[Watts]:
        """Per node, what the exposures leave; may be negative; NO_LIMIT for no limit."""
        return [view.free_w for view in self.nodes]

    @property
    def silent_charge_points(self) -> set[str]:
        """Those of which a connector is silent (R7)."""
        return {line.connector.charge_point_id for line in self.lines if line.silent}

    def remembered(self, limits_w: Sequence[Watts | None], cycle_seq: int | None) -> Memory:
        """What the next cycle has to know; where this one is published and has a number, also what it sent."""
        before = recent(self.memory.sendings, self.at)
        sendings, entries = before, [line.entry for line in self.lines]
        if cycle_seq is not None:
            sending = Sending.of(cycle_seq, self.at, self.windows)
            sendings = (*before, sending)
            entries = [
                entry.sent(limit_w, sending, self.memory.sendings)
                for entry, limit_w in zip(entries, limits_w, strict=True)
            ]
        told = {
            line.connector.node_id: entry
            for line, entry in zip(self.lines, entries, strict=True)
            if entry is not NEVER_SENT
        }
        return replace(self.memory, ledger=told, sendings=sendings)


def assess(snapshot: Snapshot) -> Situation:
    """Limits in force, demand, what is held and what is background, from one snapshot."""
    site, readings, at = snapshot.site, snapshot.readings, snapshot.at
    tree, windows, memory = site.tree, site.windows, snapshot.memory.at(at)
    relied_on = meters.relied_on(site, readings, memory.meters, memory.ledger, at=at, first=not memory.has_told)
    in_force = limits.in_force(tree, relied_on)
    moment = Moment.of(at, windows, memory.sendings)
    lines_before, views_before = _seen(snapshot)
    read, readmitted_at = lines.read(site, readings, memory, moment, before=lines_before)
    held_before = [view.held for view in views_before]
    held = holdings.hold(tree, read, memory, moment, lines_before=lines_before, held_before=held_before)
    known, remembered = background.assess(
        tree, in_force, relied_on, held, memory=memory.background, at=at, windows=windows
    )
    capacities_w = _capacities_w(tree, in_force, read)
    since = readings.listening_since
    has_heard = since is None or at - since >= windows.connector_stale_after
    return Situation(
        site=site,
        at=at,
        lines=read,
        nodes=_views(tree, in_force, capacities_w, relied_on, held=held, known=known, before=views_before),
        silent=_is_silent(tree, relied_on),
        unheard=frozenset() if has_heard else _unheard(tree, read, relied_on, at - 2 * windows.connector_stale_after),
        memory=replace(
            memory,
            meters=relied_on.memory,
            background=remembered,
            usage={line.connector.node_id: line.usage for line in read if line.usage is not None},
            readmitted_at=readmitted_at,
        ),
    )


def _seen(snapshot: Snapshot) -> tuple[Sequence[Line], Sequence[NodeView]]:
    """The lines and nodes of the cycle before, where they can still hold."""
    before, memory = snapshot.before, snapshot.memory
    if before is None or before.site is not snapshot.site or memory.former or memory.departed:
        return [], []
    return before.lines, before.nodes


def _views(
    tree: PowerTree,
    in_force: Sequence[Limit],
    capacities_w: Sequence[Watts | None],
    relied_on: Meters,
    *,
    held: Sequence[Held],
    known: Sequence[Background],
    before: Sequence[NodeView],
) -> list[NodeView]:
    """A charge point that holds what it held `before` is seen as it was; other nodes' background is a new one."""
    views = list(before) or list(map(NodeView, tree.nodes, in_force, capacities_w, relied_on.readings, held, known))
    if before:
        now = zip(views, held, capacities_w, known, strict=True)
        for index, (view, holds, capacity_w, background) in enumerate(now):
            if view.held is not holds or view.background is not background or view.capacity_w != capacity_w:
                node, limit, reading = tree.nodes[index], in_force[index], relied_on.readings[index]
                views[index] = NodeView(node, limit, capacity_w, reading, held=holds, background=background)
    for circuit_id, meter in relied_on.memory.items():
        if meter.is_bad:
            views[tree.node_index[circuit_id]] = replace(views[tree.node_index[circuit_id]], is_bad=True)
    return views


def _capacities_w(tree: PowerTree, in_force: Sequence[Limit], read: Sequence[Line]) -> list[Watts | None]:
    """What may flow at every node: its limit, at a charge point times the lowest factor of those sharing it (R30)."""
    capacities_w = [limit.limit_w for limit in in_force]
    for node in {line.connector.charge_point for line in read if line.entry.factor > EXACT}:
        members = [read[index] for index in tree.connectors_of[node]]
        # Whoever may draw by what it was told or is about to be has a part in that, seen or not.
        factors = [
            line.entry.factor
            for line in members
            if line.exposure_w or line.reserved_w or line.standing is Standing.WANTING
        ]
        is_shared = any(line.standing is Standing.WANTING for line in members)
        lowest = min(factors) if is_shared else EXACT
        capacities_w[node] = (capacities_w[node] or 0) * min(lowest, MOST_OVER_RATING) // EXACT
    return capacities_w


def _is_silent(tree: PowerTree, relied_on: Meters) -> bool:
    return any(
        node.metered and meter is None and index not in relied_on.last_known
        for index, (node, meter) in enumerate(zip(tree.nodes, relied_on.readings, strict=True))
    )


def _unheard(tree: PowerTree, read: Sequence[Line], relied_on: Meters, oldest: datetime) -> frozenset[str]:
    """What a worker that has just taken over has not heard, and was known later than `oldest` (R22)."""
    connectors = {line.connector.node_id for line in read if line.known is None and line.entry.is_last_known(oldest)}
    return frozenset(connectors).union(tree.nodes[index].node_id for index in relied_on.last_known)
