"""What is persisted of a site: its grid connections, circuits, charge points and connectors."""

from dataclasses import field
from enum import StrEnum

from domain.site.power import Watts
from domain.values import value


class Unit(StrEnum):
    """Who claims a share: every connector, or every charge point for its connectors together."""

    CONNECTOR = "connector"
    """Every connector claims a share of its own."""
    CHARGER = "charger"
    """Every charge point claims one share for its connectors together."""


class Order(StrEnum):
    """By what rule capacity is shared (FILL-9)."""

    EQUAL_SHARE = "equal_share"
    """The same share for all."""
    PROPORTIONAL = "proportional"
    """Shares in proportion to the ratings."""
    PRIORITY = "priority"
    """The session with the lowest `priority` first."""
    FIRST_COME = "first_come"
    """The session that began first goes first."""
    EARLIEST_DEPARTURE = "earliest_departure"
    """The session with the earliest `departs_at` first."""
    LEAST_LAXITY = "least_laxity"
    """The session with the least time to spare before `departs_at` first."""


@value
class Strategy:
    """A unit and an order, as text: a configuration may name one that does not exist and is then refused."""

    unit: str = Unit.CONNECTOR.value
    """What claims a share: `connector`, or `charger` (a charge point for its connectors together)."""
    order: str = Order.EQUAL_SHARE.value
    """By what rule capacity is shared: `equal_share`, `proportional` (to ratings), `priority`, `first_come`,
    `earliest_departure` or `least_laxity`.
    """


@value
class Settings:
    """Time constants (`_s`, seconds) and tolerances (`_w`, watts) of one microgrid."""

    meter_stale_after_s: int = 30
    """How long a meter's reading counts as fresh, in seconds."""
    connector_stale_after_s: int = 90
    """How long a reading of a connector with demand, or any sign of life of its charge point without, counts as fresh,
    in seconds.
    """
    breach_hold_s: int = 5
    """How long a load has to stay over its limit to open a breach, and at or under it to clear one, in seconds."""
    min_cycle_interval_s: int = 1
    """The least time between two cycles, in seconds."""
    telemetry_cycle_interval_s: int = 5
    """The least time between two cycles that nothing but new power readings asks for, in seconds."""
    refresh_interval_s: int = 40
    """At least this often a cycle is published, which renews all setpoints, in seconds; below `setpoint_valid_for_s`.
    """
    setpoint_valid_for_s: int = 120
    """How long a setpoint holds from the `decided_at` of the newest cycle that lists it, in seconds."""
    apply_grace_s: int = 20
    """Within what time a charger applies a setpoint that reached it, in seconds."""
    apply_tolerance_w: Watts = 500
    """By how much a charger may exceed what it was told and still count as keeping to it, in watts (or 5 % of it, if
    that is more).
    """
    background_confirm_s: int = 10
    """How long a load has to stay to count as background, in seconds."""
    background_hold_s: int = 60
    """How long background goes on being counted after it seems to have fallen, in seconds."""
    usage_window_s: int = 120
    """How long a vehicle has to draw less than its setpoint before the rest is given to others, in seconds."""
    usage_margin_w: Watts = 3000
    """How much is left to such a vehicle above what it draws, in watts."""
    standby_retry_s: int = 2700
    """After what time a vehicle that takes nothing is offered power again, in seconds."""
    rotation_quantum_s: int = 900
    """How long an order that serves one vehicle after another keeps its ranks, in seconds."""


@value
class Circuit:
    """A charger circuit. One without a parent is a grid connection.

    `generation`: power may flow back behind its meter.
    """

    circuit_id: str
    """The id of the circuit, unique among circuits, charge points and the microgrid."""
    parent_id: str | None
    """The circuit above; null: a grid connection."""
    name: str
    """The name of the circuit for people."""
    default_capacity_w: Watts | None = None
    """What may be drawn from the circuit in all while its true load is known, in watts; null: no limit, which a grid
    connection must have.
    """
    safe_operating_capacity_w: Watts | None = None
    """What may be drawn from the circuit while its true load is not known, in watts; null: of a metered circuit what
    its chargers fall back to, of another the same as ever.
    """
    metered: bool = False
    """True where a meter measures the circuit's whole load and reports it as `circuit.telemetry.v1`."""
    generation: bool = False
    """True where power may flow back behind the circuit's meter (solar, a battery)."""


@value
class Connector:
    """An outlet of a charge point, by its OCPP connector id (1 or higher)."""

    connector_id: int
    """The connector by its OCPP number, from 1."""
    max_power_w: Watts
    """The rating of the connector, in watts."""
    min_power_w: Watts = 0
    """The least that the connector charges with, in watts: it gets this or more, or 0."""
    idle_power_w: Watts = 0
    """What the connector is told while no vehicle wants power, in watts."""


@value
class ChargePoint:
    """A charger. `fallback_power_w`: what it draws at most in total without a valid setpoint; null = its rating.

    `name`: null = its id.
    """

    charge_point_id: str
    """The id of the charge point, unique among circuits, charge points and the microgrid."""
    circuit_id: str
    """The circuit that feeds the charge point."""
    max_power_w: Watts
    """The rating of the charge point, in watts."""
    connectors: tuple[Connector, ...]
    """The connectors of the charge point, at least one."""
    fallback_power_w: Watts | None = None
    """What the charge point draws at most, in total, without a valid setpoint, in watts; null: its rating."""
    name: str | None = None
    """The name of the charge point for people; null: its id."""

    @property
    def fallback_w(self) -> Watts:
        """The power it falls back to in total."""
        return self.max_power_w if self.fallback_power_w is None else self.fallback_power_w


@value
class GridConnection:
    """A persisted first-level node of a microgrid: a circuit fed by the grid itself."""

    node_id: str
    """The id of the circuit."""
    name: str
    """The name of the circuit for people."""
    default_capacity_w: Watts
    """What may be drawn from the grid connection in all while its true load is known, in watts."""
    safe_operating_capacity_w: Watts | None
    """What may be drawn from the grid connection while its true load is not known, in watts; null: not configured."""
    metered: bool
    """True where a meter measures the whole load of the grid connection."""


@value
class SiteConfiguration:
    """One version of a site, whole. The only source of ratings and of electrical relationships.

    `time_zone`: an IANA name, for display alone; null where what was offered is none.
    """

    microgrid_id: str
    """The microgrid, one depot's electrical system; the key of the message."""
    name: str
    """The name of the microgrid for people."""
    version: int
    """The version of the configuration. It rises: one that is not newer than the version in force changes nothing."""
    workspace_id: str | None = None
    """The tenant that the microgrid belongs to; it cannot change afterwards; null: none."""
    max_import_w: Watts | None = None
    """What the microgrid may draw from all its grid connections together, in watts; null: no such limit."""
    strategy: Strategy = field(default_factory=Strategy)
    """How capacity is shared."""
    settings: Settings = field(default_factory=Settings)
    """Time constants and tolerances."""
    circuits: tuple[Circuit, ...] = ()
    """The circuits of the microgrid, grid connections among them."""
    charge_points: tuple[ChargePoint, ...] = ()
    """The chargers of the microgrid; empty: nothing to balance yet."""
    time_zone: str | None = "UTC"
    """The IANA name of the time zone that instants are shown in to people; everything on the wire is in UTC. Null:
    what was offered is no such name, and is refused.
    """

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
    """What is wrong, as a word for programs: `malformed`, `duplicate_id`, `unknown_parent`, `circuit_cycle`,
    `too_deep`, `no_grid_connection`, `grid_connection_without_limit`, `unknown_circuit`, `negative_power`,
    `minimum_above_maximum`, `no_connectors`, `unknown_strategy`, `workspace_changed`, `version_not_newer` or
    `invalid_setting`.
    """
    path: str | None
    """A JSON pointer to the place in the configuration; null: no single place."""
    message: str
    """What is wrong, for people."""


@value
class SiteWarning:
    """What is accepted, but somebody ought to know. `node_id` names the node it concerns."""

    code: str
    """What ought to be looked at, as a word for programs: `safe_above_default`, `safe_capacity_missing`,
    `unlimited_circuit`, `minimum_above_charge_point`, `fallback_exceeds_limit`, `no_room_for_minimum` or
    `always_reserved`.
    """
    node_id: str
    """The node that it concerns."""
    message: str
    """What ought to be looked at, for people."""
