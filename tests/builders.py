"""Small values for tests: a site, its microgrid, the events of its cycles."""

from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.messages.events import write_cycle_completed
from application.ports.ownership import Epoch
from application.queries.rows import CycleRow
from domain.events import CycleCompleted, Trigger
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.limits import LimitKind, Mode
from domain.knowledge.memory import DepartedConnector, FormerRating, Memory
from domain.knowledge.sendings import Sending, SentSetpoint
from domain.microgrid import Microgrid, MicrogridState, Refusal
from domain.published import PublishedCycle
from domain.sharing.plan import NodeFigures, Outcome, Quality, Reason, Setpoint, Totals
from domain.site.configuration import ChargePoint, Circuit, Connector, SiteConfiguration, Strategy
from domain.site.site import Site

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
EPOCH = Epoch(0, 1)
"""That of whoever claims the first partition of a new database."""


def a_configuration(
    microgrid_id: str = "depot", version: int = 1, chargers: int = 2, connectors: int = 2, **changes: Any
) -> SiteConfiguration:
    """A metered grid connection and one feeder with `chargers` times `connectors` outlets of 150 kW."""
    values: dict[str, Any] = {
        "name": "Malaga depot",
        "circuits": (
            Circuit("gc-1", None, "Grid connection 1", 4_000_000, 3_200_000, metered=True),
            Circuit("f-1", "gc-1", "Feeder 1", 1_200_000),
        ),
        "charge_points": tuple(
            ChargePoint(
                f"cp-{charger}",
                "f-1",
                180_000,
                tuple(Connector(connector, 150_000) for connector in range(1, connectors + 1)),
            )
            for charger in range(1, chargers + 1)
        ),
    }
    return SiteConfiguration(microgrid_id, version=version, **(values | changes))


def a_site(
    microgrid_id: str = "depot", version: int = 1, chargers: int = 2, connectors: int = 2, **changes: Any
) -> Site:
    """The same with its tree."""
    return Site.of(a_configuration(microgrid_id, version, chargers, connectors, **changes))


def a_state(site: Site, event_seq: int = 0, cycle_seq: int = 0) -> MicrogridState:
    """A memory with something in every field and two standing setpoints for every connector."""
    first = Sending.of(1, EIGHT, site.windows)
    last = Sending.of(4, EIGHT + timedelta(seconds=40, microseconds=250_000), site.windows)
    entry = LedgerEntry(
        setpoints=(
            SentSetpoint(60_000, 1, first.at, raised=True, last_sent=first),
            SentSetpoint(50_000, 4, last.at, raised=False),
        ),
        confirmed_w=60_000,
        confirmed_at=first.at,
        received=first,
    )
    return MicrogridState(
        event_seq=event_seq,
        cycle_seq=cycle_seq,
        refusals=(Refusal(8, "5f2c"), Refusal(None, "77aa")),
        published=PublishedCycle(last.at, site.configuration.version, Outcome.CURTAILED, ("gc-1",), ("cp-1/1",), ()),
        memory=Memory(
            ledger={connector.node_id: entry for connector in site.tree.connectors},
            sendings=(last,),
            departed=(DepartedConnector("cp-9/1", ("gc-1",), 40_000, last.gone_at, entry),),
            former=(FormerRating("cp-1/1", 150_000, 40_000, last.gone_at),),
        ),
    )


def a_microgrid(
    microgrid_id: str = "depot", version: int = 0, site: Site | None = None, state: MicrogridState | None = None
) -> Microgrid:
    """A microgrid with a site and a memory, never stored where `version` is not given."""
    site = site or a_site(microgrid_id)
    return Microgrid(microgrid_id, site, state or a_state(site), version)


def a_cycle_row(cycle: CycleCompleted) -> CycleRow:
    """A cycle with what announces it."""
    return CycleRow(cycle, write_cycle_completed(cycle).decode())


def a_cycle_completed(
    microgrid_id: str = "depot", event_seq: int = 1, cycle_seq: int = 1, site: Site | None = None
) -> CycleCompleted:
    """A cycle in which every connector of the site got 60 kW of the 150 kW that it asked for."""
    site = site or a_site(microgrid_id)
    tree, configuration = site.tree, site.configuration
    granted = 60_000
    below = len(tree.connectors) * granted
    return CycleCompleted(
        microgrid_id=microgrid_id,
        event_seq=event_seq,
        cycle_seq=cycle_seq,
        trigger=Trigger.TELEMETRY,
        decided_at=EIGHT + timedelta(seconds=cycle_seq),
        configuration_version=configuration.version,
        strategy=Strategy(),
        outcome=Outcome.CURTAILED,
        degraded=False,
        totals=Totals(len(tree.connectors) * 150_000, below, 0, 0, 0),
        nodes=tuple(
            NodeFigures(
                node_id=node.node_id,
                node_type=node.node_type,
                parent_id=node.parent_id,
                mode=Mode.NORMAL,
                limit_w=node.default_capacity_w,
                limit_kind=None if node.default_capacity_w is None else LimitKind.DEFAULT_CAPACITY,
                measured_w=0,
                background_w=0,
                reserved_w=0,
                allocated_w=below,
                headroom_w=None if node.default_capacity_w is None else node.default_capacity_w - below,
                constrained=False,
                quality=Quality.OK,
            )
            for node in tree.nodes
        ),
        setpoints=tuple(
            Setpoint(
                charge_point_id=connector.charge_point_id,
                connector_id=connector.connector_id,
                limit_w=granted,
                target_w=granted,
                previous_limit_w=None,
                requested_w=150_000,
                measured_w=61_200,
                reserved_w=0,
                status="Charging",
                reason=Reason.LIMITED,
                binding_node_id="gc-1",
                valid_for_s=configuration.settings.setpoint_valid_for_s,
                factor=1000,
                session=None,
            )
            for connector in tree.connectors
        ),
    )
