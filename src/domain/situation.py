"""What is known of a microgrid at one instant, before anything is shared out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain import background, demand, exposure, limits
from domain.allocation import NO_LIMIT
from domain.demand import Demands
from domain.exposure import Holdings, LedgerEntry
from domain.limits import Limit
from domain.power import Watts
from domain.power_tree import PowerTree, Site
from domain.site import SiteConfiguration
from domain.telemetry import MeterReading, Readings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a decision depends on. Keys of `ledger` are connector node ids; it is empty in a first cycle."""

    site: Site
    readings: Readings
    ledger: Mapping[str, LedgerEntry]
    at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """A snapshot interpreted; lists in tree order.

    `entries` are the ledger's lines brought up to the readings, `meters` the fresh ones, `background_w` cumulative.
    """

    configuration: SiteConfiguration
    tree: PowerTree
    at: datetime
    entries: Sequence[LedgerEntry]
    demands: Demands
    holdings: Holdings
    meters: list[MeterReading | None]
    limits: list[Limit]
    background_w: list[Watts]

    def gross_capacities(self) -> list[Watts]:
        """Per node, limit in force − background: may be negative; NO_LIMIT for none."""
        return [
            NO_LIMIT if limit.limit_w is None else limit.limit_w - known
            for limit, known in zip(self.limits, self.background_w, strict=True)
        ]

    def net_capacities(self) -> list[Watts]:
        """Per node, what is left to share out: limit in force − background − reserved, never under 0."""
        return [
            gross if gross >= NO_LIMIT else max(0, gross - reserved)
            for gross, reserved in zip(self.gross_capacities(), self.holdings.reserved_below_w, strict=True)
        ]

    def free_room(self) -> list[Watts]:
        """Per node, what the exposures leave: limit in force − background − held; may be negative."""
        return [
            gross if gross >= NO_LIMIT else gross - held
            for gross, held in zip(self.gross_capacities(), self.holdings.held_below_w, strict=True)
        ]

    def overfull(self) -> list[bool]:
        """Per node, whether background and reserved alone exceed the limit in force."""
        return [
            limit.limit_w is not None and known + reserved > limit.limit_w
            for limit, known, reserved in zip(
                self.limits, self.background_w, self.holdings.reserved_below_w, strict=True
            )
        ]


def assess(snapshot: Snapshot) -> Situation:
    """Limits in force, demand, what is held and what is background, from one snapshot."""
    configuration, tree = snapshot.site.configuration, snapshot.site.tree
    settings = configuration.settings
    meters = limits.fresh_meters(tree, snapshot.readings, snapshot.at, settings.meter_stale_after_s)
    in_force = limits.in_force(tree, meters)
    demands = demand.assess(tree, snapshot.readings, snapshot.at, settings.connector_stale_after_s)
    entries = exposure.heard(tree, snapshot.ledger, demands, snapshot.readings, settings)
    holdings = exposure.hold(tree, demands, entries, snapshot.at, settings)
    return Situation(
        configuration,
        tree,
        snapshot.at,
        entries,
        demands,
        holdings,
        meters,
        in_force,
        background.estimate(tree, in_force, meters, holdings.drawn_w),
    )
