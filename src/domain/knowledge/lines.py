"""One connector in one cycle: what it says, what it was told, and what it may draw."""

from datetime import datetime

from domain.knowledge import demand, ledger, usage
from domain.knowledge.demand import Standing
from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.memory import Memory
from domain.knowledge.readings import KeptReading, Readings
from domain.knowledge.sendings import Moment, SentSetpoint
from domain.knowledge.usage import UsageMemory
from domain.site.power import Watts
from domain.site.power_tree import PlacedConnector
from domain.site.site import Site, Windows
from domain.values import value


@value
class Line:
    """One connector in one cycle.

    `known`: its newest reading; `entry` and `usage`: its line of the ledger, and the memory of what it leaves unused.
    `told_w`: the most it may draw by what it was told; `exposure_w`: that, or what it draws if more. `own_w`: where the
    fallback of its charge point is part of that, the most without it; null where it is none. `reserved_w`: what is held
    for it, before sharing. `measured_w`: what it measures, at most its exposure where it is reserved; 0 where it was
    never heard.
    """

    connector: PlacedConnector
    known: KeptReading | None
    standing: Standing
    demand_w: Watts
    entry: LedgerEntry
    usage: UsageMemory | None
    told_w: Watts
    own_w: Watts | None
    exposure_w: Watts
    reserved_w: Watts
    measured_w: Watts

    @property
    def minimum_w(self) -> Watts:
        """Below this it is off; nothing where it wants nothing."""
        return self.connector.min_power_w if self.standing is Standing.WANTING else 0

    @property
    def power_w(self) -> Watts:
        """Its last reading, however old; 0 where it was never heard."""
        return 0 if self.known is None else self.known.reading.power_w

    @property
    def seen_w(self) -> Watts:
        """What it measures; 0 where it is reserved for want of telemetry."""
        return 0 if self.standing is Standing.RESERVED else self.measured_w

    def drawn_w(self, windows: Windows) -> tuple[Watts, Watts]:
        """The least and the most that it draws by now, as a meter above it may see it.

        That is what its reading says, but for a grace after a new setpoint: one that was lowered may draw no more than
        that, one that was raised up to its exposure, unless the reading shows that it has followed.
        """
        power_w, newest = self.measured_w, self.entry.newest
        if self.known is None:
            # One that we never heard although it was told something, by the worker before us, goes on drawing.
            unheard = self.standing is Standing.RESERVED and newest is not None
            return power_w, self.told_w if unheard else power_w
        if (
            newest is None
            or self.standing is Standing.RESERVED
            or self.known.measured_at >= newest.first_sent_at + windows.grace
        ):
            return power_w, power_w
        if not newest.raised:
            return min(power_w, newest.limit_w), power_w
        has_followed = power_w >= newest.limit_w - windows.tolerance_of(newest.limit_w)
        return power_w, power_w if has_followed else self.exposure_w


@value
class _Cycle:
    """What is the same for every connector. `oldest`: a reading taken before it is silent. `still_idle`: who is so
    long as it is not heard after a take-over.
    """

    site: Site
    readings: Readings
    memory: Memory
    moment: Moment
    oldest: datetime
    still_idle: frozenset[str]


def read(site: Site, readings: Readings, memory: Memory, at: datetime) -> list[Line]:
    """Every connector after the newest readings, in tree order."""
    oldest = at - site.windows.connector_stale_after
    taking_over = readings.listening_since is not None and readings.listening_since > oldest
    still_idle = frozenset(memory.idle) if taking_over else frozenset()
    moment = Moment(at, site.windows, memory.sendings)
    cycle = _Cycle(site=site, readings=readings, memory=memory, moment=moment, oldest=oldest, still_idle=still_idle)
    return [_line(cycle, connector) for connector in site.tree.connectors]


def _line(cycle: _Cycle, connector: PlacedConnector) -> Line:
    node_id, charge_point_id, fallback_w = connector.node_id, connector.charge_point_id, connector.fallback_w
    known = cycle.readings.connectors.get((charge_point_id, connector.connector_id))
    heard_at = cycle.readings.heard_at.get(charge_point_id)
    standing, demand_w = demand.assess(
        known, heard_at, connector.max_power_w, cycle.oldest, still_idle=node_id in cycle.still_idle
    )
    entry = ledger.heard(
        cycle.memory.ledger.get(node_id, NEVER_SENT),
        known,
        heard_at,
        standing=standing,
        fallback_w=fallback_w,
        moment=cycle.moment,
    )
    used = _used(cycle, node_id, known, entry.newest if standing is Standing.WANTING else None)
    if used is not None:
        used_w = used.used_w(cycle.site.configuration.settings.usage_margin_w, cycle.site.windows)
        if used_w is not None:
            demand_w = min(demand_w, max(connector.min_power_w, used_w))
    if standing is Standing.WANTING and entry.unresponsive:
        standing, demand_w = Standing.UNRESPONSIVE, 0
    power_w, seen = 0 if known is None else known.reading.power_w, standing is not Standing.RESERVED
    told_w, own_w = entry.told_w(fallback_w, power_w, cycle.moment, seen=seen)
    exposure_w = max(told_w, power_w) if seen else told_w
    return Line(
        connector=connector,
        known=known,
        standing=standing,
        demand_w=demand_w,
        entry=entry,
        usage=used,
        told_w=told_w,
        own_w=None if seen else own_w,
        exposure_w=exposure_w,
        reserved_w=_reserved_w(connector, standing, exposure_w, power_w),
        measured_w=power_w if seen else min(power_w, told_w),
    )


def _used(cycle: _Cycle, node_id: str, known: KeptReading | None, newest: SentSetpoint | None) -> UsageMemory | None:
    """What is remembered of the use it makes of its newest setpoint; null where it wants nothing, or was told nothing.

    One that is not heard yet after a take-over keeps its memory.
    """
    before = cycle.memory.usage.get(node_id)
    if known is None:
        return before
    return None if newest is None else usage.follow(before, known, newest, cycle.site.windows)


def _reserved_w(connector: PlacedConnector, standing: Standing, exposure_w: Watts, power_w: Watts) -> Watts:
    match standing:
        case Standing.WANTING:
            return 0
        case Standing.IDLE:
            return max(connector.idle_power_w, power_w)
        case Standing.RESERVED | Standing.UNRESPONSIVE:
            return exposure_w
