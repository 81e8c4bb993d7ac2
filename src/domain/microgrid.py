"""The aggregate: one depot's electrical system, its configuration in force and what it remembers."""

import hashlib
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from domain.breaches import breach, observation, over_limit
from domain.breaches.breach import NO_BREACHES, BreachMemory
from domain.breaches.constraint import ConstraintBreached
from domain.breaches.over_limit import OverLimit
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    TreeNode,
    Trigger,
)
from domain.knowledge.limits import Mode
from domain.knowledge.memory import NO_MEMORY, Memory
from domain.knowledge.readings import Readings
from domain.knowledge.silence import unheard_since
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.sharing import rebalance
from domain.sharing.plan import Outcome, Plan, Reason
from domain.sharing.rotation import NO_ROTATION, Rotation
from domain.site import validation
from domain.site.configuration import Fault, SiteConfiguration
from domain.site.power_tree import PowerTree
from domain.site.site import Site
from domain.values import value

Decide: TypeAlias = Callable[[Situation, Rotation], Plan]
"""Makes a plan; what ranks depend on goes in, and comes back in the plan."""

REMEMBERED_REFUSALS = 32


@value
class Refusal:
    """A configuration that was refused, so that the same one is answered once."""

    version: int | None
    digest: str


@value
class PublishedCycle:
    """What the newest published cycle said, to know whether the next one says anything new."""

    decided_at: datetime
    configuration_version: int
    outcome: Outcome
    safe: tuple[str, ...]
    reserved: tuple[str, ...]
    over_limit: tuple[str, ...]


@value
class MicrogridState:
    """What has to survive a worker: sequences and memory."""

    event_seq: int = 0
    cycle_seq: int = 0
    refusals: tuple[Refusal, ...] = ()
    published: PublishedCycle | None = None
    memory: Memory = NO_MEMORY
    rotation: Rotation = NO_ROTATION
    breaches: BreachMemory = NO_BREACHES


@value
class Change:
    """What a command did: the microgrid after it and the facts to announce.

    Of a cycle also: the nodes over their limit at that instant, and what the certificate refused, if it did.
    """

    microgrid: "Microgrid"
    events: tuple[DomainEvent, ...] = ()
    over_limit: tuple[OverLimit, ...] = ()
    plan_fault: str | None = None


@value
class Microgrid:
    """One consistency boundary. `version` is the stored version it was read with, 0 for one never stored.

    `site` is None while nothing but refusals is known of it. `seen`: what its newest cycle saw, which is never stored
    and only spares the next one work.
    """

    microgrid_id: str
    site: Site | None = None
    state: MicrogridState = field(default_factory=MicrogridState)
    version: int = 0
    seen: Situation | None = field(default=None, compare=False, repr=False)

    @property
    def workspace_id(self) -> str | None:
        """The tenant that it belongs to, None where it is nobody's."""
        return None if self.site is None else self.site.configuration.workspace_id

    @property
    def open_breaches(self) -> tuple[ConstraintBreached, ...]:
        """What was announced last of each breach that is open."""
        known = [each.announced for each in self.state.breaches.exceedances.values()]
        return tuple([announced for announced in known if announced is not None])

    @property
    def silent_chargers(self) -> int:
        """How many chargers have a connector that is silent (R7), by its newest cycle; 0 where none is remembered."""
        return 0 if self.seen is None else len(self.seen.silent_charge_points)

    def configure(self, offered: SiteConfiguration, at: datetime, request_id: str | None = None) -> Change:
        """Apply a configuration, refuse it whole, or ignore it where the one in force is newer and says the same.

        `request_id` is the id of the message that offers it, where it has one; the answer names it.
        """
        if self._is_in_force(offered):
            return Change(self)
        faults = (
            *self._version_faults(offered.version),
            *validation.faults(offered),
            *self._workspace_faults(offered),
        )
        if faults:
            digest = hashlib.sha256(repr(offered).encode()).hexdigest()
            return self._refuse(Refusal(offered.version, digest), faults, at, request_id)

        site = Site.of(offered)
        events: list[DomainEvent] = []
        if self.site is None:
            events.append(_provisioned(offered, self.state.event_seq + 1, at))
        event_seq = self.state.event_seq + len(events) + 1
        events.append(_applied(site, event_seq, at, request_id))
        memory = self.state.memory if self.site is None else self.state.memory.reconfigured(self.site, site)
        state = replace(self.state, event_seq=event_seq, memory=memory)
        return Change(replace(self, site=site, state=state), tuple(events))

    def refuse_malformed(
        self, refusal: Refusal, faults: tuple[Fault, ...], at: datetime, request_id: str | None = None
    ) -> Change:
        """Answer a configuration whose shape is wrong."""
        return self._refuse(refusal, (*self._version_faults(refusal.version), *faults), at, request_id)

    def run_cycle(
        self, readings: Readings, trigger: Trigger, now: datetime, decide: Decide = rebalance.decide
    ) -> Change:
        """Decide, and announce the decision where it says anything new. Without a configuration nothing happens."""
        if self.site is None:
            return Change(self)
        before = self.state
        situation = assess(Snapshot(self.site, readings, now, before.memory, before=self.seen))
        plan = decide(situation, before.rotation)
        observed = observation.observe(situation)
        over = over_limit.over_limit(observed)
        watched = breach.watch(observed, before.breaches, before.cycle_seq + 1, before.event_seq + 1)
        cycle = _published_cycle(situation, plan, over)
        is_published = (
            trigger is Trigger.MANUAL
            or bool(watched.events)
            or self._is_news(cycle, plan, self.site.windows.refresh_interval)
        )
        limits_w = [setpoint.limit_w for setpoint in plan.setpoints]
        state = replace(
            before,
            memory=situation.remembered(limits_w, before.cycle_seq + 1 if is_published else None),
            rotation=plan.rotation,
            breaches=watched.memory,
        )
        events: tuple[DomainEvent, ...] = ()
        if is_published:
            events = (self._completed(situation, trigger, plan), *watched.events)
            state = replace(
                state, event_seq=before.event_seq + len(events), cycle_seq=before.cycle_seq + 1, published=cycle
            )
        return Change(replace(self, state=state, seen=situation), events, over, plan.fault)

    def wakes_at(self, after: datetime) -> datetime | None:
        """When after an instant the next fallback has to be made room for: a cycle is due then in any case (R19)."""
        if self.site is None:
            return None
        entries = self.state.memory.ledger.values()
        lapses = {
            each.lapses_at for entry in entries for each in (entry.received, entry.overtaken_by) if each is not None
        }
        wakes = [lapses_at - self.site.windows.grace for lapses_at in lapses]
        return min([each for each in wakes if each > after], default=None)

    def _completed(self, situation: Situation, trigger: Trigger, plan: Plan) -> CycleCompleted:
        return CycleCompleted(
            microgrid_id=self.microgrid_id,
            event_seq=self.state.event_seq + 1,
            cycle_seq=self.state.cycle_seq + 1,
            trigger=trigger,
            decided_at=situation.at,
            configuration_version=situation.site.configuration.version,
            strategy=situation.site.configuration.strategy,
            outcome=plan.outcome,
            degraded=plan.degraded,
            totals=plan.totals,
            nodes=plan.nodes,
            setpoints=plan.setpoints,
            unheard_since=unheard_since(situation),
        )

    def _is_in_force(self, offered: SiteConfiguration) -> bool:
        """Whether it says nothing that is not in force, be it under an older version."""
        if self.site is None or offered.version > self.site.configuration.version:
            return False
        return replace(offered, version=self.site.configuration.version) == self.site.configuration

    def _version_faults(self, version: int | None) -> tuple[Fault, ...]:
        if self.site is None or version is None or version > self.site.configuration.version:
            return ()
        newest = self.site.configuration.version
        return (Fault("version_not_newer", "/version", f"Version {newest} is in force, with other content."),)

    def _workspace_faults(self, offered: SiteConfiguration) -> tuple[Fault, ...]:
        if self.site is None or offered.workspace_id == self.site.configuration.workspace_id:
            return ()
        return (Fault("workspace_changed", "/workspace_id", "The workspace of a microgrid cannot change."),)

    def _refuse(self, refusal: Refusal, faults: tuple[Fault, ...], at: datetime, request_id: str | None) -> Change:
        if refusal in self.state.refusals:
            return Change(self)
        event_seq = self.state.event_seq + 1
        refusals = (*self.state.refusals, refusal)[-REMEMBERED_REFUSALS:]
        state = replace(self.state, event_seq=event_seq, refusals=refusals)
        event = ConfigurationRejected(
            microgrid_id=self.microgrid_id,
            event_seq=event_seq,
            version=refusal.version,
            request_id=request_id,
            rejected_at=at,
            faults=faults,
        )
        return Change(replace(self, state=state), (event,))

    def _is_news(self, cycle: PublishedCycle, plan: Plan, refresh_interval: timedelta) -> bool:
        """Whether a cycle differs from the last published one, or it is time to renew what was sent."""
        last = self.state.published
        if last is None or cycle.decided_at - last.decided_at >= refresh_interval:
            return True
        if replace(cycle, decided_at=last.decided_at) != last:
            return True
        return any(
            setpoint.limit_w is not None and setpoint.limit_w != setpoint.previous_limit_w
            for setpoint in plan.setpoints
        )


def _provisioned(configuration: SiteConfiguration, event_seq: int, at: datetime) -> MicrogridProvisioned:
    return MicrogridProvisioned(
        microgrid_id=configuration.microgrid_id,
        event_seq=event_seq,
        name=configuration.name,
        workspace_id=configuration.workspace_id,
        grid_connections=configuration.grid_connections,
        provisioned_at=at,
    )


def _applied(site: Site, event_seq: int, at: datetime, request_id: str | None) -> ConfigurationApplied:
    return ConfigurationApplied(
        microgrid_id=site.configuration.microgrid_id,
        event_seq=event_seq,
        version=site.configuration.version,
        request_id=request_id,
        applied_at=at,
        configuration=site.configuration,
        nodes=_tree_nodes(site.tree),
        warnings=validation.warnings(site.configuration, site.tree),
    )


def _tree_nodes(tree: PowerTree) -> tuple[TreeNode, ...]:
    return tuple([TreeNode(node.node_id, node.node_type, node.parent_id, node.name) for node in tree.nodes])


def _published_cycle(situation: Situation, plan: Plan, over: tuple[OverLimit, ...]) -> PublishedCycle:
    return PublishedCycle(
        decided_at=situation.at,
        configuration_version=situation.site.configuration.version,
        outcome=plan.outcome,
        safe=tuple([node.node_id for node in plan.nodes if node.mode is Mode.SAFE]),
        reserved=tuple(
            [
                line.connector.node_id
                for line, setpoint in zip(situation.lines, plan.setpoints, strict=True)
                if setpoint.reason is Reason.RESERVED
            ]
        ),
        over_limit=tuple([each.node_id for each in over]),
    )
