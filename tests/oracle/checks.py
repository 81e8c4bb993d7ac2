"""What must hold of any answer, computed from the snapshot and the answer's own targets and limits.

F, B, M, A and E are those of FILL-15. Each check returns sentences, none where it holds.
"""

from dataclasses import dataclass
from itertools import combinations

from tests.oracle.depot import Connector, Depot, Json, Node, Rank, read
from tests.oracle.figures import Figures, charge_point_holds_w, figure
from tests.oracle.orders import tier, weight

MOST_FOR_SUBSETS = 8


@dataclass
class Claim:
    """A connector with demand (or under unit charger a charge point with all of its that are on)."""

    key: Node
    path: tuple[Node, ...]
    low: int
    high: int
    weight: int
    tier: Rank
    rank: Rank
    target_w: int
    binding: Node | None
    connectors: int = 1

    @property
    def on(self) -> bool:
        return self.low == 0 or self.target_w > 0

    @property
    def before(self) -> tuple[Rank, Rank]:
        return self.tier, self.rank


@dataclass
class Case:
    """A snapshot beside an answer: what the checks look at."""

    depot: Depot
    figures: Figures
    claims: list[Claim]
    setpoints: dict[Node, Json]

    @classmethod
    def of(cls, snapshot: Json, answer: Json) -> "Case":
        depot = read(snapshot)
        setpoints = {f"{each['charge_point_id']}/{each['connector_id']}": each for each in answer["setpoints"]}
        claims = [_claim(depot, each, setpoints[each.node_id]) for each in depot.connectors if each.wants]
        return cls(depot, figure(depot), claims, setpoints)

    def taken_w(self, node_id: Node) -> int:
        """Background and reserved at a node."""
        return self.figures.background_w[node_id] + self.figures.reserved_w[node_id]

    def net_w(self, node_id: Node) -> int | None:
        limit = self.figures.limits[node_id].limit_w
        return None if limit is None else max(0, limit - self.taken_w(node_id))


def violations(snapshot: Json, answer: Json) -> list[str]:
    """Every sentence of the certificate (FILL-15) that the answer breaks."""
    case = Case.of(snapshot, answer)
    return feasible(case) + bounded(case) + maximal(case) + admitted_by_rank(case) + explained(case)


def feasible(case: Case) -> list[str]:
    """F: targets, background and reserved fit every limit; where the latter alone do not, targets are 0."""
    broken = []
    for node_id, limit in case.figures.limits.items():
        targets = sum(each.target_w for each in case.claims if node_id in each.path)
        net = case.net_w(node_id)
        if net is not None and targets > net:
            broken.append(f"F: {targets} W of targets below {node_id}, limit {limit.limit_w} W leaves {net} W")
    return broken


def bounded(case: Case) -> list[str]:
    """B: a target is 0 or within minimum and demand; idle connectors get theirs, reserved ones none."""
    broken = [
        f"B: {each.key} gets {each.target_w} W of [{each.low}, {each.high}]"
        for each in case.claims
        if each.target_w != 0 and not each.low <= each.target_w <= each.high
    ]
    for connector in case.depot.connectors:
        target = case.setpoints[connector.node_id]["target_w"]
        if not connector.wants and target != (connector.idle_power_w if connector.idle else None):
            broken.append(f"B: {connector.node_id} wants nothing and gets {target} W")
    return broken


def maximal(case: Case) -> list[str]:
    """M: who is on and below its maximum is stopped by a full node, and nobody there is better off."""
    on = [each for each in case.claims if each.on]
    if case.depot.unit == "connector":
        return [sentence for each in on for sentence in _stopped(case, each, on)]
    chargers = [_charger(case, charge_point_id, on) for charge_point_id in sorted({each.path[-1] for each in on})]
    broken = [sentence for each in chargers for sentence in _stopped(case, each, chargers)]
    for charger in chargers:
        inside = [each for each in on if each.path[-1] == charger.key]
        for claim in inside:
            if claim.target_w < claim.high:
                broken += _fair_inside(claim, inside, charger)
    return broken


def admitted_by_rank(case: Case) -> list[str]:
    """A: who is held off at a node does not fit there after those before it, but does further up."""
    broken = []
    on = [each for each in case.claims if each.on]
    for claim in (each for each in case.claims if not each.on):
        if claim.high < claim.low:
            if claim.binding != claim.key:
                broken.append(f"A: {claim.key} asks for less than its minimum, yet {claim.binding} binds it")
            continue
        full = []
        for node_id in claim.path:
            net = case.net_w(node_id)
            before = sum(each.low for each in on if each.before < claim.before and node_id in each.path)
            if net is not None and before + claim.low > net:
                full.append(node_id)
        if not full or claim.binding != full[0]:
            broken.append(f"A: {claim.key} is held off by {claim.binding}, its minimum fails at {full}")
    return broken


def explained(case: Case) -> list[str]:
    """E: without a binding node means at the maximum, and the other way round."""
    broken = [
        f"E: {each.key} gets {each.target_w} W of {each.high} W, bound by {each.binding}"
        for each in case.claims
        if (each.binding is None) != (each.target_w == each.high and each.on)
    ]
    return broken + [
        f"E: {each.node_id} wants nothing and is bound"
        for each in case.depot.connectors
        if not each.wants and case.setpoints[each.node_id]["binding_node_id"] is not None
    ]


def every_subset_fits(snapshot: Json, answer: Json) -> bool:
    """Whether any subset of the setpoints can be delivered, the other connectors still at their exposure.

    No node may come above its limit, or further above it than the exposures were. At most 8 connectors.
    """
    case = Case.of(snapshot, answer)
    depot, exposure = case.depot, case.figures.exposure_w
    if len(depot.connectors) > MOST_FOR_SUBSETS:
        raise ValueError(f"more than {MOST_FOR_SUBSETS} connectors")
    emitted = {
        key: each["limit_w"]
        for key, each in case.setpoints.items()
        if each["limit_w"] is not None and each["limit_w"] != exposure[key]
    }
    before = _loads_w(case, exposure)
    for size in range(1, len(emitted) + 1):
        for delivered in combinations(emitted, size):
            after = _loads_w(case, exposure | {key: emitted[key] for key in delivered})
            for node_id in depot.nodes:
                limit = case.figures.limits[node_id].limit_w
                if limit is not None and after[node_id] > max(limit, before[node_id]):
                    return False
    return True


def _loads_w(case: Case, held: dict[Node, int]) -> dict[Node, int]:
    """Background and what every node below holds."""
    loads = dict(case.figures.background_w)
    for node_id, node in case.depot.nodes.items():
        if node.node_type == "charge_point":
            holds = charge_point_holds_w(case.depot, node_id, held)
            above: Node | None = node_id
            while above is not None:
                loads[above] += holds
                above = case.depot.nodes[above].parent_id
    return loads


def _claim(depot: Depot, connector: Connector, setpoint: Json) -> Claim:
    return Claim(
        connector.node_id,
        connector.path,
        connector.minimum_w,
        connector.demand_w,
        weight(depot, connector),
        tier(depot, connector),
        connector.natural_rank,
        setpoint["target_w"],
        setpoint["binding_node_id"],
    )


def _charger(case: Case, charge_point_id: Node, on: list[Claim]) -> Claim:
    inside = [each for each in on if each.path[-1] == charge_point_id]
    best = min(inside, key=lambda each: each.before)
    stops = [each.binding for each in inside if each.target_w < each.high]
    ratings = sum(each.rating_w for each in case.depot.below(charge_point_id))
    return Claim(
        charge_point_id,
        best.path,
        sum(each.low for each in inside),
        sum(each.high for each in inside),
        ratings if case.depot.order == "proportional" else 1,
        best.tier,
        best.rank,
        sum(each.target_w for each in inside),
        stops[0] if stops else None,
        len(inside),
    )


def _stopped(case: Case, claim: Claim, on: list[Claim]) -> list[str]:
    """The binding node is above, full to a watt a connector, and nobody of the tier is better off."""
    if claim.target_w >= claim.high:
        return []
    node_id = claim.binding
    net = case.net_w(node_id) if node_id in claim.path else None
    if net is None:
        return [f"M: {claim.key} is below its maximum, but {node_id} cannot stop it"]
    broken = []
    here = [each for each in on if node_id in each.path]
    served = [each for each in here if each.tier <= claim.tier]
    load = sum(each.target_w for each in served) + sum(each.low for each in here if each not in served)
    if net - load >= sum(each.connectors for each in served):
        broken.append(f"M: {node_id} binds {claim.key} with {net - load} W to spare")
    return broken + [
        f"M: {each.key} is better off than {claim.key} at {node_id}"
        for each in here
        if each.tier == claim.tier
        and each.target_w > each.low
        and each.target_w * claim.weight >= (claim.target_w + claim.connectors) * each.weight
        and each.key != claim.key
    ]


def _fair_inside(claim: Claim, inside: list[Claim], charger: Claim) -> list[str]:
    """Inside a charge point: one stop for all, later tiers at their minimum, the tier itself fair."""
    broken = []
    if claim.binding != charger.binding:
        broken.append(f"M: {claim.key} is bound by {claim.binding}, its charge point by {charger.binding}")
    for each in inside:
        if each.tier > claim.tier and each.target_w > each.low:
            broken.append(f"M: {each.key} is served before {claim.key}")
        if (
            each.tier == claim.tier
            and each.key != claim.key
            and each.target_w > each.low
            and each.target_w * claim.weight >= (claim.target_w + 1) * each.weight
        ):
            broken.append(f"M: {each.key} is better off than {claim.key}")
    return broken
