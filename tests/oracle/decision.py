"""The oracle: one snapshot in, the whole answer of `busbar rebalance` out (CLI-17, EVT-8)."""

from dataclasses import dataclass
from datetime import datetime
from math import floor

from tests.oracle.breaches import breaches
from tests.oracle.depot import Connector, Depot, Json, Node, read
from tests.oracle.figures import Figures, figure
from tests.oracle.fill import Leaf, Share, admit, fill
from tests.oracle.measured import measured_w, quality, session, total_w
from tests.oracle.orders import tier, weight


@dataclass
class Target:
    """What the policy wants for a connector with demand, what stops it, and whether it is held off."""

    target_w: int
    binding: Node | None
    held_off: bool = False


def decide(snapshot: Json) -> Json:
    """The answer to one parsed, valid line `{"configuration", "at", "telemetry"}`: a first cycle."""
    depot = read(snapshot)
    figures = figure(depot)
    demands_w = {each.node_id: each.demand_w for each in depot.connectors if each.wants}
    targets = demanded(depot, figures, demands_w)
    wanted_w = {each.node_id: _wanted_w(each, targets) for each in depot.connectors}
    last_w = {each.node_id: None if each.reading is None else each.reading.applied_w for each in depot.connectors}
    limits_w = sent(depot, figures, wanted_w, last_w)
    nodes = [_node(depot, figures, targets, node_id) for node_id in depot.nodes]
    root = nodes[0]
    return {
        "microgrid_id": depot.configuration["microgrid_id"],
        "event_seq": 1,
        "cycle_seq": 1,
        "trigger": "manual",
        "decided_at": _written(depot.at),
        "configuration_version": int(depot.configuration["version"]),
        "strategy": {"unit": depot.unit, "order": depot.order},
        "outcome": _outcome(depot, figures, targets),
        "degraded": any(each.silent for each in depot.nodes.values())
        or any(not each.fresh for each in depot.connectors),
        "totals": {
            "requested_w": sum(each.demand_w for each in depot.connectors if each.fresh),
            "allocated_w": root["allocated_w"],
            "measured_w": total_w(depot.connectors),
            "reserved_w": root["reserved_w"],
            "background_w": root["background_w"],
        },
        "nodes": nodes,
        "setpoints": [
            _setpoint(depot, figures, each, targets.get(each.node_id), limits_w[each.node_id])
            for each in depot.connectors
        ],
        "breaches": breaches(depot, figures),
    }


# --- targets -----------------------------------------------------------------------------------------------


def demanded(depot: Depot, figures: Figures, demands_w: dict[Node, int]) -> dict[Node, Target]:
    """The first fill: a target for every connector that wants power; 0 for one that demands none for now (R33)."""
    room = net_w(figures)
    targets = {key: Target(0, None) for key, demand_w in demands_w.items() if demand_w == 0}
    wanting = [each for each in depot.connectors if each.node_id in demands_w and each.node_id not in targets]
    targets |= {
        each.node_id: Target(0, each.node_id, held_off=True)
        for each in wanting
        if demands_w[each.node_id] < each.minimum_w
    }
    leaves = [
        Leaf(
            each.node_id,
            each.path,
            each.minimum_w,
            demands_w[each.node_id],
            weight(depot, each),
            tier(depot, each),
            each.natural_rank,
        )
        for each in wanting
        if each.node_id not in targets
    ]
    admitted, held_off = admit(leaves, room)
    shares = fill(admitted, room) if depot.unit == "connector" else _fill_chargers(depot, admitted, room)
    targets |= {key: Target(0, node_id, held_off=True) for key, node_id in held_off.items()}
    targets |= {key: Target(floor(share.amount), share.binding) for key, share in shares.items()}
    return targets


def net_w(figures: Figures) -> dict[Node, int]:
    """What background and reserved leave of every limit."""
    return {
        node_id: max(0, limit.limit_w - figures.background_w[node_id] - figures.reserved_w[node_id])
        for node_id, limit in figures.limits.items()
        if limit.limit_w is not None
    }


def spare(depot: Depot, figures: Figures, targets: dict[Node, Target], fulls_w: dict[Node, int]) -> dict[Node, int]:
    """R33a: what the targets leave, a leaf for every connector that could take more and was not held off."""
    got = {key: target.target_w for key, target in targets.items()}
    left = {
        node_id: room - sum(got[each.node_id] for each in depot.below(node_id) if each.node_id in got)
        for node_id, room in net_w(figures).items()
    }
    leaves = [
        Leaf(
            each.node_id,
            each.path,
            each.minimum_w if got[each.node_id] == 0 else 0,
            fulls_w[each.node_id] - got[each.node_id],
            weight(depot, each),
            tier(depot, each),
            each.natural_rank,
        )
        for each in depot.connectors
        if each.node_id in fulls_w and fulls_w[each.node_id] > got[each.node_id] and not targets[each.node_id].held_off
    ]
    admitted, _ = admit(leaves, left)
    return {key: floor(share.amount) for key, share in fill(admitted, left).items()}


def _fill_chargers(depot: Depot, admitted: list[Leaf], room: dict[Node, int]) -> dict[Node, Share]:
    """Unit charger: charge points share as one leaf each, then each share is filled over its own connectors.

    The charge point stays a node above its own leaf: that cuts the leaf at the net rating, and a tie with a
    node further up is settled as under unit connector.
    """
    inside: dict[Node, list[Leaf]] = {}
    for leaf in admitted:
        inside.setdefault(leaf.path[-1], []).append(leaf)
    chargers = []
    for charge_point_id, leaves in inside.items():
        best = min(leaves, key=lambda each: (each.tier, each.rank))
        ratings = sum(each.rating_w for each in depot.below(charge_point_id))
        chargers.append(
            Leaf(
                charge_point_id,
                best.path,
                sum(each.low for each in leaves),
                sum(each.high for each in leaves),
                ratings if depot.order == "proportional" else 1,
                best.tier,
                best.rank,
            )
        )
    shares: dict[Node, Share] = {}
    for charge_point_id, share in fill(chargers, room).items():
        stopped_by = share.binding
        inner = fill(inside[charge_point_id], {charge_point_id: share.amount})
        for key, part in inner.items():
            shares[key] = Share(part.amount, None if part.binding is None else stopped_by)
    return shares


# --- what is sent ------------------------------------------------------------------------------------------


def sent(
    depot: Depot, figures: Figures, wanted: dict[Node, int | None], last_w: dict[Node, int | None]
) -> dict[Node, int | None]:
    """Lower before raise: what every connector may be sent now; None for a reserved one.

    `last_w`: what each was told last, in a first cycle the limit it reported.
    """
    left = {
        node_id: limit.limit_w - figures.background_w[node_id] - figures.held_w[node_id]
        for node_id, limit in figures.limits.items()
        if limit.limit_w is not None
    }
    raises = []
    limits_w: dict[Node, int | None] = {}
    for connector in depot.connectors:
        target, exposure = wanted[connector.node_id], figures.exposure_w[connector.node_id]
        minimum = 0 if connector.idle else connector.minimum_w
        exhausted = any(left.get(node_id, 1) <= 0 for node_id in connector.path)
        if target is None:
            limits_w[connector.node_id] = None
        elif target > exposure and exposure < minimum:
            limits_w[connector.node_id] = 0
        elif exhausted:
            last = last_w[connector.node_id]
            at_most = min(target, exposure if last is None else last)
            limits_w[connector.node_id] = at_most if at_most >= minimum else 0
        else:
            limits_w[connector.node_id] = min(target, exposure)
        if target is not None and target > exposure and not exhausted:
            raises.append(
                Leaf(
                    connector.node_id,
                    connector.path,
                    max(exposure, minimum),
                    target,
                    weight(depot, connector) or 1,
                    tier(depot, connector),
                    connector.natural_rank,
                    held=exposure,
                )
            )
    admitted, _ = admit(raises, left)
    limits_w |= {key: floor(share.amount) for key, share in fill(admitted, left).items()}
    return limits_w


def _wanted_w(connector: Connector, targets: dict[Node, Target]) -> int | None:
    if connector.wants:
        return targets[connector.node_id].target_w
    return connector.idle_power_w if connector.idle else None


# --- the answer --------------------------------------------------------------------------------------------


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _outcome(depot: Depot, figures: Figures, targets: dict[Node, Target]) -> str:
    over = [
        node_id
        for node_id, limit in figures.limits.items()
        if limit.limit_w is not None and figures.background_w[node_id] + figures.reserved_w[node_id] > limit.limit_w
    ]
    over += [each.node_id for each in depot.connectors if figures.kept_w[each.node_id] > each.rating_w]
    if over:
        return "infeasible"
    cut = [
        each
        for each in depot.connectors
        if each.wants
        and targets[each.node_id].target_w < each.demand_w
        and targets[each.node_id].binding != each.node_id
    ]
    return "curtailed" if cut else "balanced"


def _node(depot: Depot, figures: Figures, targets: dict[Node, Target], node_id: Node) -> Json:
    node, limit = depot.nodes[node_id], figures.limits[node_id]
    wanting = [each for each in depot.below(node_id) if each.wants]
    allocated = sum(targets[each.node_id].target_w for each in wanting)
    background, reserved = figures.background_w[node_id], figures.reserved_w[node_id]
    return {
        "node_id": node_id,
        "node_type": node.node_type,
        "parent_id": node.parent_id,
        "mode": limit.mode,
        "limit_w": limit.limit_w,
        "limit_kind": limit.kind,
        "measured_w": measured_w(depot, node_id),
        "background_w": background,
        "reserved_w": reserved,
        "allocated_w": allocated,
        "headroom_w": None if limit.limit_w is None else limit.limit_w - background - reserved - allocated,
        "constrained": any(
            targets[each.node_id].binding == node_id and targets[each.node_id].target_w < each.demand_w
            for each in wanting
        ),
        "quality": quality(depot, node_id),
    }


def _setpoint(depot: Depot, figures: Figures, connector: Connector, target: Target | None, limit_w: int | None) -> Json:
    reading = connector.reading
    return {
        "charge_point_id": connector.charge_point_id,
        "connector_id": connector.number,
        "limit_w": limit_w,
        "target_w": target.target_w if target else connector.idle_power_w if connector.idle else None,
        "previous_limit_w": None if reading is None else reading.applied_w,
        "requested_w": None if reading is None else reading.requested_w,
        "measured_w": None if reading is None else reading.power_w,
        "reserved_w": figures.kept_w[connector.node_id],
        "status": None if reading is None else reading.status,
        "reason": _reason(connector, target, limit_w),
        "binding_node_id": None if target is None else target.binding,
        "valid_for_s": depot.settings["setpoint_valid_for_s"],
        "factor": 1000,
        "session": session(reading),
    }


def _reason(connector: Connector, target: Target | None, limit_w: int | None) -> str:
    if target is None:
        return "idle" if connector.idle else "reserved"
    if target.held_off:
        return "below_minimum"
    if limit_w is not None and limit_w < target.target_w:
        return "awaiting_decrease"
    return "granted" if target.target_w == connector.demand_w else "limited"
