"""The aggregate: one depot's electrical system, its configuration in force and what it remembers."""

import hashlib
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime
from typing import TypeAlias

from domain.breaches import breach, ending, observation, over_limit
from domain.breaches.breach import NO_BREACHES, BreachMemory
from domain.breaches.constraint import ConstraintBreached
from domain.breaches.over_limit import OverLimit
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    MicrogridRetired,
    Trigger,
)
from domain.knowledge.controlled import controlled
from domain.knowledge.memory import NO_MEMORY, Memory
from domain.knowledge.readings import Readings
from domain.knowledge.silence import unheard_since
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.published import PublishedCycle
from domain.sharing import rebalance
from domain.sharing.plan import Plan
from domain.sharing.rotation import NO_ROTATION, Rotation
from domain.site import validation
from domain.site.configuration import Fault, SiteConfiguration
from domain.site.site import Site
from domain.values import value

Decide: TypeAlias = Callable[[Situation, Rotation, Plan | None], Plan]
"""Makes a plan; what ranks depend on goes in, and comes back in the plan. So does the plan before, to spare work."""

REMEMBERED_REFUSALS = 32
REMEMBERED_RETIREMENTS = 32

UNKNOWN_MICROGRID, ALREADY_RETIRED = "unknown_microgrid", "already_retired"
NOT_IN_USE = frozenset({UNKNOWN_MICROGRID, ALREADY_RETIRED})
"""The codes by which a retirement is refused."""


@value
class Refusal:
    """What was refused, so that the same is answered once. `digest` stands for its content."""

    version: int | None
    digest: str


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
    retired_at: datetime | None = None
    retirements: tuple[str, ...] = ()
    """Ids of the newest messages that retired it: one that comes again must not retire what is in use again."""


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

    `site` is None while nothing but refusals is known of it. `seen` and `planned`: what its newest cycle saw and came
    to, which is never stored and only spares the next one work.
    """

    microgrid_id: str
    site: Site | None = None
    state: MicrogridState = field(default_factory=MicrogridState)
    version: int = 0
    seen: Situation | None = field(default=None, compare=False, repr=False)
    planned: Plan | None = field(default=None, compare=False, repr=False)

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

    @property
    def decided_site(self) -> Site | None:
        """What cycles are run for: None while it has no configuration, and once it is retired."""
        return self.site if self.state.retired_at is None else None

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
            events.append(MicrogridProvisioned.of(offered, self.state.event_seq + 1, at))
        event_seq = self.state.event_seq + len(events) + 1
        events.append(ConfigurationApplied.of(site, event_seq, at, request_id))
        memory = self.state.memory if self.site is None else self.state.memory.reconfigured(self.site, site)
        state = replace(self.state, event_seq=event_seq, memory=memory, retired_at=None)
        return Change(replace(self, site=site, state=state), tuple(events))

    def retire(self, at: datetime, request_id: str | None = None) -> Change:
        """Close it, until a configuration of a higher version: no more cycles, and its open breaches end.

        What chargers were told is remembered: it may be in force where the microgrid is soon in use again. A message
        that was answered before changes nothing.
        """
        if request_id is not None and request_id in self.state.retirements:
            return Change(self)
        if self.decided_site is None:
            return self._refuse(Refusal(None, f"retirement {request_id}"), (self._not_in_use(),), at, request_id)
        before = self.state
        cleared = ending.ended(before.breaches.exceedances.values(), at, before.cycle_seq, before.event_seq)
        event = MicrogridRetired(
            microgrid_id=self.microgrid_id,
            event_seq=before.event_seq + len(cleared) + 1,
            version=self.decided_site.configuration.version,
            request_id=request_id,
            retired_at=at,
        )
        answered = (*before.retirements, *(() if request_id is None else (request_id,)))
        state = replace(
            before,
            event_seq=event.event_seq,
            breaches=NO_BREACHES,
            retired_at=at,
            retirements=answered[-REMEMBERED_RETIREMENTS:],
        )
        return Change(replace(self, state=state, seen=None, planned=None), (*cleared, event))

    def refuse_malformed(
        self, refusal: Refusal, faults: tuple[Fault, ...], at: datetime, request_id: str | None = None
    ) -> Change:
        """Answer a configuration whose shape is wrong."""
        return self._refuse(refusal, (*self._version_faults(refusal.version), *faults), at, request_id)

    def run_cycle(
        self, readings: Readings, trigger: Trigger, now: datetime, decide: Decide = rebalance.decide
    ) -> Change:
        """Decide, and announce the decision where it says anything new. Of one that is not in use nothing happens."""
        site = self.decided_site
        if site is None:
            return Change(self)
        before = self.state
        situation = assess(Snapshot(site, readings, now, before.memory, before=self.seen))
        is_same_site = self.seen is not None and self.seen.site is site
        plan = decide(situation, before.rotation, self.planned if is_same_site else None)
        observed = observation.observe(situation)
        over = over_limit.over_limit(observed)
        watched = breach.watch(observed, before.breaches, before.cycle_seq + 1, before.event_seq + 1)
        cycle = PublishedCycle.of(situation, plan, over)
        is_published = (
            trigger is Trigger.MANUAL
            or bool(watched.events)
            or cycle.is_news(plan, before.published, site.windows.refresh_interval)
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
            events = (self._completed(situation, trigger, plan, readings), *watched.events)
            state = replace(
                state, event_seq=before.event_seq + len(events), cycle_seq=before.cycle_seq + 1, published=cycle
            )
        return Change(replace(self, state=state, seen=situation, planned=plan), events, over, plan.fault)

    def wakes_at(self, after: datetime) -> datetime | None:
        """When after an instant the next fallback has to be made room for: a cycle is due then in any case (R19)."""
        site = self.decided_site
        if site is None:
            return None
        entries = self.state.memory.ledger.values()
        lapses = {
            each.lapses_at for entry in entries for each in (entry.received, entry.overtaken_by) if each is not None
        }
        wakes = [lapses_at - site.windows.grace for lapses_at in lapses]
        return min([each for each in wakes if each > after], default=None)

    def _completed(self, situation: Situation, trigger: Trigger, plan: Plan, readings: Readings) -> CycleCompleted:
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
            controls=controlled(situation.site, readings),
        )

    def _is_in_force(self, offered: SiteConfiguration) -> bool:
        """Whether it says nothing that is not in force, be it under an older version."""
        site = self.decided_site
        if site is None or offered.version > site.configuration.version:
            return False
        return replace(offered, version=site.configuration.version) == site.configuration

    def _not_in_use(self) -> Fault:
        """Why it cannot be retired."""
        if self.site is None:
            return Fault(UNKNOWN_MICROGRID, "/microgrid_id", "No configuration of this microgrid was ever in force.")
        return Fault(ALREADY_RETIRED, "/microgrid_id", "This microgrid is retired already.")

    def _version_faults(self, version: int | None) -> tuple[Fault, ...]:
        if self.site is None or version is None or version > self.site.configuration.version:
            return ()
        newest = self.site.configuration.version
        said = f"Version {newest} is in force, with other content."
        if self.decided_site is None:
            said = f"The microgrid is retired; a version above {newest} takes it into use again."
        return (Fault("version_not_newer", "/version", said),)

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
