"""The aggregate: one depot's electrical system, its configuration in force and what it remembers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from domain import breach, exposure, rebalance, validation
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    TreeNode,
)
from domain.exposure import LedgerEntry
from domain.plan import Mode, Outcome, OverLimit, Plan, Reason, Trigger
from domain.power_tree import PowerTree, Site
from domain.site import Fault, Settings, SiteConfiguration
from domain.situation import Situation, Snapshot, assess
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
    """What has to survive a worker: sequences and memory. Keys of `ledger` are connector node ids."""

    event_seq: int = 0
    cycle_seq: int = 0
    refusals: tuple[Refusal, ...] = ()
    published: PublishedCycle | None = None
    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)


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
        state = replace(self.state, event_seq=event_seq, refusals=())
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
        tree, settings = self.site.tree, self.site.configuration.settings
        situation = assess(Snapshot(self.site, readings, self.state.ledger, now))
        plan = decide(situation)
        over_limit = breach.over_limit(situation)
        cycle = _published_cycle(situation, plan, over_limit)
        if trigger is not Trigger.MANUAL and not self._is_news(cycle, plan, settings):
            return Change(self._with_ledger(tree, situation.entries), (), over_limit, plan.fault)

        cycle_seq, event_seq = self.state.cycle_seq + 1, self.state.event_seq + 1
        sent = [
            exposure.record_sent(entry, setpoint.limit_w, cycle_seq, now, settings)
            for entry, setpoint in zip(situation.entries, plan.setpoints, strict=True)
        ]
        after = self._with_ledger(tree, sent)
        state = replace(after.state, cycle_seq=cycle_seq, event_seq=event_seq, published=cycle)
        event = CycleCompleted(
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
        return Change(replace(after, state=state), (event,), over_limit, plan.fault)

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

    def _with_ledger(self, tree: PowerTree, entries: Sequence[LedgerEntry]) -> "Microgrid":
        ledger = {
            connector.node_id: entry
            for connector, entry in zip(tree.connectors, entries, strict=True)
            if entry != exposure.NEVER_SENT
        }
        return replace(self, state=replace(self.state, ledger=ledger))


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
