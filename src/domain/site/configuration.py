"""What is persisted of a site: its grid connections, circuits, charge points and connectors."""

from dataclasses import field
from enum import StrEnum

from domain.site.power import Watts
from domain.values import value


class Unit(StrEnum):
    """Who claims a share: every connector, or every charge point for its connectors together."""

    CONNECTOR = "connector"
    CHARGER = "charger"


class Order(StrEnum):
    """By what rule capacity is shared (FILL-9)."""

    EQUAL_SHARE = "equal_share"
    PROPORTIONAL = "proportional"
    PRIORITY = "priority"
    FIRST_COME = "first_come"
    EARLIEST_DEPARTURE = "earliest_departure"
    LEAST_LAXITY = "least_laxity"


@value
class Strategy:
    """A unit and an order, as text: a configuration may name one that does not exist and is then refused."""

    unit: str = Unit.CONNECTOR.value
    order: str = Order.EQUAL_SHARE.value


@value
class Settings:
    """Time constants (`_s`, seconds) and tolerances (`_w`, watts) of one microgrid."""

    meter_stale_after_s: int = 30
    connector_stale_after_s: int = 90
    breach_hold_s: int = 5
    min_cycle_interval_s: int = 1
    telemetry_cycle_interval_s: int = 5
    refresh_interval_s: int = 40
    setpoint_valid_for_s: int = 120
    apply_grace_s: int = 20
    apply_tolerance_w: Watts = 500
    background_confirm_s: int = 10
    background_hold_s: int = 60
    usage_window_s: int = 120
    usage_margin_w: Watts = 3000
    standby_retry_s: int = 2700
    rotation_quantum_s: int = 900


@value
class Circuit:
    """A charger circuit. One without a parent is a grid connection.

    `generation`: power may flow back behind its meter.
    """

    circuit_id: str
    parent_id: str | None
    name: str
    default_capacity_w: Watts | None = None
    safe_operating_capacity_w: Watts | None = None
    metered: bool = False
    generation: bool = False


@value
class Connector:
    """An outlet of a charge point, by its OCPP connector id (1 or higher)."""

    connector_id: int
    max_power_w: Watts
    min_power_w: Watts = 0
    idle_power_w: Watts = 0


@value
class ChargePoint:
    """A charger. `fallback_power_w`: what it draws at most in total without a valid setpoint; null = its rating.

    `name`: null = its id.
    """

    charge_point_id: str
    circuit_id: str
    max_power_w: Watts
    connectors: tuple[Connector, ...]
    fallback_power_w: Watts | None = None
    name: str | None = None

    @property
    def fallback_w(self) -> Watts:
        """The power it falls back to in total."""
        return self.max_power_w if self.fallback_power_w is None else self.fallback_power_w


@value
class GridConnection:
    """A persisted first-level node of a microgrid: a circuit fed by the grid itself."""

    node_id: str
    name: str
    default_capacity_w: Watts
    safe_operating_capacity_w: Watts | None
    metered: bool


@value
class SiteConfiguration:
    """One version of a site, whole. The only source of ratings and of electrical relationships.

    `time_zone`: an IANA name, for display alone; null where what was offered is none.
    """

    microgrid_id: str
    name: str
    version: int
    workspace_id: str | None = None
    max_import_w: Watts | None = None
    strategy: Strategy = field(default_factory=Strategy)
    settings: Settings = field(default_factory=Settings)
    circuits: tuple[Circuit, ...] = ()
    charge_points: tuple[ChargePoint, ...] = ()
    time_zone: str | None = "UTC"

    @property
    def grid_connections(self) -> tuple[GridConnection, ...]:
        """The GRID_CONNECTION nodes of a valid configuration, in its own order."""
        return tuple(
            GridConnection(
                node_id=circuit.circuit_id,
                name=circuit.name,
                default_capacity_w=circuit.default_capacity_w,
                safe_operating_capacity_w=circuit.safe_operating_capacity_w,
                metered=circuit.metered,
            )
            for circuit in self.circuits
            if circuit.parent_id is None and circuit.default_capacity_w is not None
        )


@value
class Fault:
    """Why a configuration is refused. `path` is a JSON pointer into it; null where there is no place to point at."""

    code: str
    path: str | None
    message: str


@value
class SiteWarning:
    """What is accepted, but somebody ought to know. `node_id` names the node it concerns."""

    code: str
    node_id: str
    message: str
