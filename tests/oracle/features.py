"""What a random case exercised, by name, so that a test can say how many cases had each."""

from tests.oracle.depot import Connector, Depot, Json, instant, read
from tests.oracle.figures import Figures, charge_point_holds_w, clamp_w, falls_back, figure, has_lapsed
from tests.oracle.mood import ORDERS, UNITS
from tests.oracle.orders import tier

OUTCOMES = ("balanced", "curtailed", "infeasible")
REASONS = ("granted", "limited", "below_minimum", "awaiting_decrease", "idle", "reserved")


def describe(snapshot: Json, answer: Json) -> set[str]:
    """The names of what this case exercised."""
    return {name for name, present in features(snapshot, answer).items() if present}


def features(snapshot: Json, answer: Json) -> dict[str, bool]:
    """Every name there is, and whether this case has it."""
    depot = read(snapshot)
    figures = figure(depot)
    return (
        {f"unit {unit}": depot.unit == unit for unit in UNITS}
        | {f"order {order}": depot.order == order for order in ORDERS}
        | {outcome: answer["outcome"] == outcome for outcome in OUTCOMES}
        | {
            reason.replace("_", " "): any(each["reason"] == reason for each in answer["setpoints"])
            for reason in REASONS
        }
        | _shape(depot, snapshot)
        | _limits(depot, figures, answer)
        | _messages(depot, snapshot)
        | _readings(depot, figures)
        | _targets(depot, answer)
        | _sent(depot, figures, answer)
        | _breaches(answer)
    )


def _shape(depot: Depot, snapshot: Json) -> dict[str, bool]:
    nodes = list(depot.nodes.values())
    mixed = [{depot.nodes[each].node_type for each in node.children} for node in nodes]
    charge_points = snapshot["configuration"]["charge_points"]
    return {
        "several grid connections": sum(each.node_type == "grid_connection" for each in nodes) > 1,
        "nested circuits": any(each.node_type == "circuit" for each in nodes),
        "depth of five or more": any(len(each.path) >= 6 for each in depot.connectors),
        "circuits beside charge points": any({"circuit", "charge_point"} <= each for each in mixed),
        "multi-connector charger": any(len(each["connectors"]) > 1 for each in charge_points),
        "more than 20 connectors": len(depot.connectors) > 20,
        "no connectors": not depot.connectors,
        "zero limit": any(each.default_w == 0 for each in nodes),
        "zero rating": any(each.rating_w == 0 for each in depot.connectors),
        "no limit": any(each.default_w is None for each in nodes if each.parent_id is not None),
        "microgrid limit": nodes[0].default_w is not None,
        "fallback above the rating": any(each.fallback_w > (each.default_w or 0) for each in nodes),
    }


def _limits(depot: Depot, figures: Figures, answer: Json) -> dict[str, bool]:
    nodes = list(depot.nodes.values())
    metered = [each.node_id for each in nodes if each.meter_w is not None]
    cumulative = figures.background_w
    return {
        "degraded": answer["degraded"],
        "safe mode": any(each.mode == "safe" for each in figures.limits.values()),
        "safe mode without a meter": any(each.safe_w is not None and not each.metered for each in nodes),
        "silent meter": any(each.silent for each in nodes),
        "silent meter without safe capacity": any(each.silent and each.safe_w is None for each in nodes),
        "safe above default": any(each.safe_w > each.default_w for each in nodes if each.safe_w and each.default_w),
        "withheld room": any(
            limit.withheld_w > 0 and figures.limits[depot.nodes[node_id].parent_id or ""].mode == "normal"
            for node_id, limit in figures.limits.items()
        ),
        "background": any(cumulative[each] > 0 for each in metered),
        "background above background": any(
            cumulative[upper] > cumulative[lower] > 0
            for upper in metered
            for lower in metered
            if depot.descends(lower, upper)
        ),
        "meter shows less than the chargers below": any(
            0 <= (each.meter_w or 0) < sum(_draw(below) for below in depot.below(each.node_id))
            for each in nodes
            if each.meter_w is not None
        ),
        "negative meter reading": any((each.meter_w or 0) < 0 for each in nodes),
    }


def _messages(depot: Depot, snapshot: Json) -> dict[str, bool]:
    microgrid_id = depot.configuration["microgrid_id"]
    ours = [each for each in snapshot["telemetry"] if each["microgrid_id"] == microgrid_id]
    by_device: dict[str, list[Json]] = {}
    for message in ours:
        by_device.setdefault(message.get("charge_point_id") or message["circuit_id"], []).append(message)
    ages = [((depot.at - instant(each["measured_at"])).total_seconds(), "circuit_id" in each) for each in ours]
    times = [[instant(each["measured_at"]) for each in sent] for sent in by_device.values()]
    lapse_s = depot.settings["setpoint_valid_for_s"] + depot.settings["apply_grace_s"]
    return {
        "meter exactly at its age limit": (depot.settings["meter_stale_after_s"], True) in ages,
        "connector exactly at its age limit": (depot.settings["connector_stale_after_s"], False) in ages,
        "limit exactly at its lapse": any(
            each.reading is not None
            and not each.fresh
            and each.reading.applied_at is not None
            and (depot.at - each.reading.applied_at).total_seconds() == lapse_s
            for each in depot.connectors
        ),
        "reading of the future": any(-60 <= age < 0 for age, _ in ages),
        "reading too far in the future": any(age < -60 for age, _ in ages),
        "message out of order": any(sent != sorted(sent) for sent in times),
        "same time, another sequence": any(
            len({each["sequence"] for each in sent if each["measured_at"] == sent[0]["measured_at"]}) > 1
            for sent in by_device.values()
        ),
        "repeated message": any(sent.count(each) > 1 for sent in by_device.values() for each in sent),
        "message of a stranger": len(ours) < len(snapshot["telemetry"]) or not set(by_device) <= set(depot.nodes),
    }


def _readings(depot: Depot, figures: Figures) -> dict[str, bool]:
    stale = [each for each in depot.connectors if not each.fresh]
    heard = [(each, each.reading) for each in depot.connectors if each.reading is not None]
    charge_points = {each.charge_point_id for each in depot.connectors}
    live = {each.charge_point_id for each in depot.connectors if each.fresh}
    return {
        "never heard connector": any(each.reading is None for each in stale),
        "never mentioned by a live charge point": any(
            each.reading is None and each.charge_point_id in live for each in stale
        ),
        "stale limit still in force": any(each.reading is not None and not falls_back(depot, each) for each in stale),
        "stale without a reported limit": any(
            each.reading is not None and each.reading.applied_w is None for each in stale
        ),
        "lapsed limit": any(has_lapsed(depot, each) for each in stale),
        "lapsed, last reading above the fallback": any(
            has_lapsed(depot, each) and figures.exposure_w[each.node_id] > depot.nodes[each.charge_point_id].fallback_w
            for each in stale
        ),
        "shared fallback": any(
            depot.nodes[charge_point_id].fallback_w
            < sum(figures.exposure_w[each.node_id] for each in stale if each.charge_point_id == charge_point_id)
            and sum(falls_back(depot, each) for each in stale if each.charge_point_id == charge_point_id) > 1
            for charge_point_id in charge_points
        ),
        "charge point clamp": any(
            charge_point_holds_w(depot, each, figures.exposure_w)
            == clamp_w(depot, each)
            < sum(figures.exposure_w[below.node_id] for below in depot.below(each))
            for each in charge_points
        ),
        "idle connector alive by its link alone": any(
            each.idle and depot.at - reading.taken_at > depot.seconds("connector_stale_after_s")
            for each, reading in heard
        ),
        "idle connector that draws": any(each.idle and _draw(each) > each.idle_power_w for each, reading in heard),
        "negative draw": any(_draw(each) < 0 for each, _ in heard),
        "draw above the reported limit": any(
            each.fresh and reading.applied_w is not None and _draw(each) > reading.applied_w for each, reading in heard
        ),
        "draw above the rating": any(_draw(each) > each.rating_w for each, _ in heard),
        "reported limit above the rating": any((reading.applied_w or 0) > each.rating_w for each, reading in heard),
        "report older than the reading": any(
            reading.applied_at not in {None, reading.taken_at} for _, reading in heard
        ),
    }


def _targets(depot: Depot, answer: Json) -> dict[str, bool]:
    setpoints = _by_connector(answer)
    wanting = [each for each in depot.connectors if each.wants]
    bindings = {setpoints[each.node_id]["binding_node_id"] for each in wanting} - {None}
    held_off = [each for each in wanting if setpoints[each.node_id]["binding_node_id"] and _is_off(each, setpoints)]
    ranked = sorted(wanting, key=lambda each: (tier(depot, each), each.natural_rank))
    first_off = next((ranked.index(each) for each in ranked if each in held_off), len(ranked))
    greedy_keys = [tier(depot, each)[0] for each in wanting if len(tier(depot, each)) == 2]
    return {
        "held-off leaf": any(setpoints[each.node_id]["binding_node_id"] != each.node_id for each in held_off),
        "minimum above what is asked": any(each.minimum_w > each.demand_w for each in wanting),
        "one on after one held off": any(
            not _is_off(each, setpoints) and each.minimum_w > 0 for each in ranked[first_off:]
        ),
        "rigid leaf": any(0 < each.minimum_w == each.demand_w for each in wanting),
        "bound by the microgrid": next(iter(depot.nodes)) in bindings,
        "bound by a charge point": any(
            depot.nodes[each].node_type == "charge_point" for each in bindings if each in depot.nodes
        ),
        "several binding nodes": len(bindings & set(depot.nodes)) > 1,
        "watts lost to flooring": any(
            each["constrained"] and 0 < (each["headroom_w"] or 0) < len(depot.below(each["node_id"]))
            for each in answer["nodes"]
        ),
        "several priorities": depot.order == "priority" and len({tier(depot, each) for each in wanting}) > 1,
        "tie in a greedy order": len(set(greedy_keys)) < len(greedy_keys),
        "weights that differ": depot.order == "proportional" and len({each.rating_w for each in wanting}) > 1,
    }


def _sent(depot: Depot, figures: Figures, answer: Json) -> dict[str, bool]:
    setpoints = _by_connector(answer)
    moves = [
        (each, figures.exposure_w[each.node_id], setpoint["target_w"], setpoint["limit_w"])
        for each in depot.connectors
        if (setpoint := setpoints[each.node_id])["target_w"] is not None
    ]
    wanted = [move for move in moves if move[0].wants]
    return {
        "decrease": any(limit == target < exposure for _, exposure, target, limit in wanted),
        "raise at once": any(exposure < target == limit for _, exposure, target, limit in wanted),
        "part of a raise": any(exposure < limit < target for _, exposure, target, limit in wanted),
        "raise that waits whole": any(exposure == limit < target for _, exposure, target, limit in wanted),
        "switched off until its minimum fits": any(
            0 == limit < exposure < each.minimum_w <= target for each, exposure, target, limit in wanted
        ),
        "kept at the reported limit below its exposure": any(
            0 < limit < min(exposure, target) for _, exposure, target, limit in wanted
        ),
        "idle raise": any(each.idle and exposure < target == limit for each, exposure, target, limit in moves),
        "idle raise that waits": any(each.idle and limit < target for each, _, target, limit in moves),
        "granted target that waits": any(each.demand_w == target > limit for each, _, target, limit in wanted),
    }


def _breaches(answer: Json) -> dict[str, bool]:
    breaches = answer["breaches"]
    return {
        "several breaches": len(breaches) > 1,
        "major breach": any(each["severity"] == "major" for each in breaches),
        "critical breach of a circuit": any(
            each["severity"] == "critical" and each["node_type"] in {"circuit", "grid_connection"} for each in breaches
        ),
        "breach of a connector": any(each["node_type"] == "connector" for each in breaches),
    }


def _by_connector(answer: Json) -> dict[str, Json]:
    return {f"{each['charge_point_id']}/{each['connector_id']}": each for each in answer["setpoints"]}


def _is_off(connector: Connector, setpoints: dict[str, Json]) -> bool:
    return connector.minimum_w > 0 and setpoints[connector.node_id]["target_w"] == 0


def _draw(connector: Connector) -> int:
    return 0 if connector.reading is None else connector.reading.power_w or 0
