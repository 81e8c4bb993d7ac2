"""The aggregate: one depot's electrical system, its configuration in force and what it remembers."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from domain import breach, rebalance, rotation, validation
from domain.breach import NO_BREACHES, BreachMemory
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    TreeNode,
)
from domain.exposure import DepartedConnector
from domain.ledger import NEVER_SENT, Sending, lapse, recent, record_sent
from domain.plan import Mode, Outcome, OverLimit, Plan, Reason, Trigger
from domain.power_tree import PowerTree, Site, path_ids
from domain.site import Fault, Settings, SiteConfiguration
from domain.situation import NO_MEMORY, Memory, Situation, Snapshot, assess
from domain.telemetry import Readings

Decide: TypeAlias = Callable[[Situation], Plan]

REMEMBERED_REFUSALS = 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """A configuration that was refused, so that the same one is answered once."""

    version: int | None
    digest: str


@dataclass(frozen=True, slots=True)
class PublishedCycle:
    """What the newest published cycle said, to know whether the next one says anything new."""

    decided_at: datetime
    configuration_version: int
    outcome: Outcome
    safe: tuple[str, ...]
    reserved: tuple[str, ...]
    over_limit: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MicrogridState:
    """What has to survive a worker: sequences and memory."""

    event_seq: int = 0
    cycle_seq: int = 0
    refusals: tuple[Refusal, ...] = ()
    published: PublishedCycle | None = None
    memory: Memory = NO_MEMORY
    breaches: BreachMemory = NO_BREACHES


@dataclass(frozen=True, slots=True)
class Change:
    """What a command did: the microgrid after it and the facts to announce.

    Of a cycle also: the nodes over their limit at that instant, and what the certificate refused, if it did.
    """

    microgrid: "Microgrid"
    events: tuple[DomainEvent, ...] = ()
    over_limit: tuple[OverLimit, ...] = ()
    plan_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Microgrid:
    """One consistency boundary. `version` is the stored version it was read with, 0 for one never stored.

    `site` is None while nothing but refusals is known of it.
    """

    microgrid_id: str
    site: Site | None = None
    state: MicrogridState = field(default_factory=MicrogridState)
    version: int = 0

    def configure(self, offered: SiteConfiguration) -> Change:
        """Apply a configuration, refuse it whole, or ignore it where it is not newer than the one in force."""
        if self._is_outdated(offered.version):
            return Change(self)
        faults = (*validation.faults(offered), *self._workspace_faults(offered))
        if faults:
            digest = hashlib.sha256(repr(offered).encode()).hexdigest()
            return self._refuse(Refusal(offered.version, digest), faults)

        site = Site.of(offered)
        event_seq = self.state.event_seq
        events: list[DomainEvent] = []
        if self.site is None:
            event_seq += 1
            events.append(
                MicrogridProvisioned(
                    self.microgrid_id, event_seq, offered.name, offered.workspace_id, offered.grid_connections
                )
            )
        event_seq += 1
        warnings = validation.warnings(offered, site.tree)
        events.append(
            ConfigurationApplied(
                self.microgrid_id, event_seq, offered.version, offered, _tree_nodes(site.tree), warnings
            )
        )
        memory = self.state.memory if self.site is None else _after_reconfiguration(self.state.memory, self.site, site)
        # Older ones are ignored from now on; newer ones may be delivered again after a crash.
        refusals = tuple(each for each in self.state.refusals if each.version is None or each.version > offered.version)
        state = replace(self.state, event_seq=event_seq, refusals=refusals, memory=memory)
        return Change(replace(self, site=site, state=state), tuple(events))

    def refuse_malformed(self, version: int | None, digest: str, faults: tuple[Fault, ...]) -> Change:
        """Answer a configuration whose shape is wrong; ignored where its version is not newer."""
        if version is not None and self._is_outdated(version):
            return Change(self)
        return self._refuse(Refusal(version, digest), faults)

    def run_cycle(
        self, readings: Readings, trigger: Trigger, now: datetime, decide: Decide = rebalance.decide
    ) -> Change:
        """Decide, and announce the decision where it says anything new. Without a configuration nothing happens."""
        if self.site is None:
            return Change(self)
        settings = self.site.configuration.settings
        situation = assess(Snapshot(self.site, readings, now, self.state.memory))
        plan = decide(situation)
        cycle_seq, event_seq = self.state.cycle_seq + 1, self.state.event_seq + 1
        over_limit = breach.over_limit(situation)
        watched = breach.watch(
            situation, self.state.breaches, situation.holdings.told_w, situation.unheard, cycle_seq, event_seq
        )
        cycle = _published_cycle(situation, plan, over_limit)
        if not (trigger is Trigger.MANUAL or watched.events or self._is_news(cycle, plan, settings)):
            state = replace(self.state, memory=_remembered(situation, plan), breaches=watched.memory)
            return Change(replace(self, state=state), (), over_limit, plan.fault)

        state = replace(
            self.state,
            event_seq=event_seq + len(watched.events),
            cycle_seq=cycle_seq,
            published=cycle,
            memory=_remembered(situation, plan, cycle_seq),
            breaches=watched.memory,
        )
        completed = CycleCompleted(
            self.microgrid_id,
            event_seq,
            cycle_seq,
            trigger,
            now,
            self.site.configuration.version,
            self.site.configuration.strategy,
            plan.outcome,
            plan.degraded,
            plan.totals,
            plan.nodes,
            plan.setpoints,
        )
        return Change(replace(self, state=state), (completed, *watched.events), over_limit, plan.fault)

    def _is_outdated(self, version: int) -> bool:
        return self.site is not None and version <= self.site.configuration.version

    def _workspace_faults(self, offered: SiteConfiguration) -> tuple[Fault, ...]:
        if self.site is None or offered.workspace_id == self.site.configuration.workspace_id:
            return ()
        return (Fault("workspace_changed", "/workspace_id", "The workspace of a microgrid cannot change."),)

    def _refuse(self, refusal: Refusal, faults: tuple[Fault, ...]) -> Change:
        if refusal in self.state.refusals:
            return Change(self)
        event_seq = self.state.event_seq + 1
        refusals = (*self.state.refusals, refusal)[-REMEMBERED_REFUSALS:]
        state = replace(self.state, event_seq=event_seq, refusals=refusals)
        event = ConfigurationRejected(self.microgrid_id, event_seq, refusal.version, faults)
        return Change(replace(self, state=state), (event,))

    def _is_news(self, cycle: PublishedCycle, plan: Plan, settings: Settings) -> bool:
        """Whether a cycle differs from the last published one, or it is time to renew what was sent."""
        last = self.state.published
        if last is None or cycle.decided_at - last.decided_at >= timedelta(seconds=settings.refresh_interval_s):
            return True
        if replace(cycle, decided_at=last.decided_at) != last:
            return True
        return any(
            setpoint.limit_w is not None and setpoint.limit_w != setpoint.previous_limit_w
            for setpoint in plan.setpoints
        )


def _remembered(situation: Situation, plan: Plan, cycle_seq: int | None = None) -> Memory:
    """What has to be remembered of a cycle; of a published one, which has a number, also what it sent."""
    settings, memory, tree, at = situation.configuration.settings, situation.memory, situation.tree, situation.at
    sendings, entries = recent(memory.sendings, at, settings), situation.entries
    if cycle_seq is not None:
        sendings = (*sendings, Sending(cycle_seq, at))
        entries = [
            record_sent(entry, setpoint.limit_w, cycle_seq, at)
            for entry, setpoint in zip(entries, plan.setpoints, strict=True)
        ]
    return replace(
        memory,
        ledger={
            connector.node_id: entry
            for connector, entry in zip(tree.connectors, entries, strict=True)
            if entry is not NEVER_SENT
        },
        sendings=sendings,
        departed=tuple(gone for gone in memory.departed if gone.holds_until > at),
        rotation=rotation.served(
            memory.rotation,
            tree,
            situation.demands,
            [setpoint.target_w for setpoint in plan.setpoints],
            at,
            settings.refresh_interval_s,
        ),
    )


def _after_reconfiguration(memory: Memory, before: Site, after: Site) -> Memory:
    """Connectors that were removed or moved go on holding what they were told at the ancestors they have left."""
    settings, tree = before.configuration.settings, before.tree
    departed = []
    for connector in tree.connectors:
        entry = memory.ledger.get(connector.node_id, NEVER_SENT)
        if not entry.standing:
            continue
        left = set(path_ids(tree, connector.charge_point)) & after.tree.node_index.keys()
        still_there = after.tree.connector_index.get((connector.charge_point_id, connector.connector_id))
        if still_there is not None:
            left -= set(path_ids(after.tree, after.tree.connectors[still_there].charge_point))
        if left:
            held_w = max(
                *(sent.limit_w for sent in entry.standing),
                entry.confirmed_w or 0,
                min(tree.fallbacks_w[connector.charge_point], connector.max_power_w),
            )
            holds_until = entry.standing[-1].last_sent_at + lapse(settings)
            departed.append(DepartedConnector(tuple(sorted(left)), held_w, holds_until))
    kept = {
        connector.node_id: memory.ledger[connector.node_id]
        for connector in after.tree.connectors
        if connector.node_id in memory.ledger
    }
    return replace(memory, ledger=kept, departed=(*memory.departed, *departed))


def _tree_nodes(tree: PowerTree) -> tuple[TreeNode, ...]:
    return tuple(TreeNode(node.node_id, node.node_type, node.parent_id, node.name) for node in tree.nodes)


def _published_cycle(situation: Situation, plan: Plan, over_limit: tuple[OverLimit, ...]) -> PublishedCycle:
    return PublishedCycle(
        situation.at,
        situation.configuration.version,
        plan.outcome,
        safe=tuple(node.node_id for node in plan.nodes if node.mode is Mode.SAFE),
        reserved=tuple(
            connector.node_id
            for connector, setpoint in zip(situation.tree.connectors, plan.setpoints, strict=True)
            if setpoint.reason is Reason.RESERVED
        ),
        over_limit=tuple(each.node_id for each in over_limit),
    )
