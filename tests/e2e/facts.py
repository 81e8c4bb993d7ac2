"""What is so of a simulated depot in each second of a run, by its plant and by the messages that arrived."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.simulation.depot import Depot
from adapters.simulation.layout import Payload, connector_id

CHARGER_SILENT_S: Final = 90
METER_SILENT_S: Final = 30
NOTHING_HEARD_S: Final = 2 * CHARGER_SILENT_S
"""The settings' defaults, which every scenario has."""

REPORTS_EVERY_S: Final = 10
"""At least."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was so in a second. Watts by node or connector id; `limits_w` are those of the configuration.

    `silent`: the charge points that were not heard for as long as makes them so; `unknown`: those that said nothing of
    their connectors since another worker took over. `mute`: the circuits whose meter was not heard; `back`: those whose
    meter was mute and is not back for as long yet (R24). `shown_w`: what meters said last. `heard_at`: when the last
    message arrived. `waiting`: the connectors with a vehicle that wants power and draws none or was told 0.
    `over_told_w`: how much more a connector draws than it was told last.
    """

    silent: frozenset[str]
    unknown: frozenset[str]
    mute: frozenset[str]
    back: frozenset[str]
    shown_w: Mapping[str, int]
    heard_at: datetime | None
    loads_w: Mapping[str, int]
    limits_w: Mapping[str, int]
    waiting: frozenset[str]
    over_told_w: Mapping[str, int]


class Observer:
    """Watches a run. `limits_w` are those of the configuration in force, `changed_at` when each came to be."""

    def __init__(self) -> None:
        self.second = -1
        self.took_over_s = 0
        self.heard_at: datetime | None = None
        self.limits_w: Mapping[str, int] = {}
        self.changed_at: dict[str, datetime] = {}
        self._heard_s: dict[str, int] = {}
        self._spoke_s: dict[str, int] = {}
        self._mute_s: dict[str, int] = {}
        """When the meters were mute last, by circuit."""
        self._shown_w: dict[str, int] = {}

    def see(self, depot: Depot, arrived: Sequence[Payload], told_w: Mapping[str, int]) -> Facts:
        """What is so at the end of a second, in which these messages arrived; `told_w` by connector."""
        self._hear(depot, arrived)
        plant = depot.plant
        mute = frozenset(self._unheard(plant.meters, METER_SILENT_S))
        self._mute_s |= dict.fromkeys(mute, self.second)
        back_s = METER_SILENT_S + REPORTS_EVERY_S
        configuration = depot.configuration
        limits_w = {
            each["circuit_id"]: int(each["default_capacity_w"])
            for each in configuration["circuits"]
            if each.get("default_capacity_w") is not None
        } | {each["charge_point_id"]: int(each["max_power_w"]) for each in configuration["charge_points"]}
        self.changed_at |= {
            node_id: depot.now for node_id, limit_w in limits_w.items() if limit_w != self.limits_w.get(node_id)
        }
        self.limits_w = limits_w
        drawn_w = {connector_id(socket.outlet.key): socket.power_w for socket in plant.sockets}
        loads_w = [one + other for one, other in zip(plant.charging_w, plant.background_w, strict=True)]
        return Facts(
            silent=frozenset(self._unheard(plant.chargers, CHARGER_SILENT_S)),
            unknown=frozenset(each for each in plant.chargers if self.took_over_s > self._spoke_s.get(each, 0)),
            mute=mute,
            back=frozenset(each for each, mute_s in self._mute_s.items() if self.second - mute_s < back_s) - mute,
            shown_w=dict(self._shown_w),
            heard_at=self.heard_at,
            loads_w={node.node_id: load_w for node, load_w in zip(plant.layout.nodes, loads_w, strict=True)},
            limits_w=limits_w,
            waiting=frozenset(
                connector_id(each.outlet.key)
                for each in plant.sockets
                if each.wanted_w and not (each.power_w and told_w.get(connector_id(each.outlet.key)))
            ),
            over_told_w={name: watts - told_w.get(name, watts) for name, watts in drawn_w.items()},
        )

    def _hear(self, depot: Depot, arrived: Sequence[Payload]) -> None:
        self.second += 1
        if depot.takes_over:
            self.took_over_s = self.second
        for payload in arrived:
            self._heard_s[payload.get("charge_point_id") or payload["circuit_id"]] = self.second
            self.heard_at = depot.now
            if payload.get("connectors"):
                self._spoke_s[payload["charge_point_id"]] = self.second
            if "circuit_id" in payload:
                self._shown_w[payload["circuit_id"]] = payload["power_w"]

    def _unheard(self, devices: Iterable[str], for_s: int) -> Iterator[str]:
        """Those that were not heard for longer, or never."""
        return (each for each in devices if self.second - self._heard_s.get(each, -for_s) > for_s)
