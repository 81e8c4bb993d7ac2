"""Faults planted in copies of the domain: each a text of a file of `src/domain` and what stands there instead."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One change to one file; `what` says in words what it gets wrong."""

    file: str
    what: str
    old: str
    new: str

    def plant(self, src: Path) -> None:
        """Change a copy of src. The old text has to occur there exactly once."""
        path = src / "domain" / self.file
        source = path.read_text("utf-8")
        assert source.count(self.old) == 1, f"{self.file} has {source.count(self.old)} times: {self.old}"
        path.write_text(source.replace(self.old, self.new), "utf-8")

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def _mutants(file: str, *changes: tuple[str, str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(file, *change) for change in changes)


UNTOUCHED = Mutant("certificate.py", "nothing", "def check_fill(", "def check_fill(")

ALLOCATION = _mutants(
    "allocation.py",
    ("tiers are ignored", "key=claims.tiers.__getitem__):", "key=lambda _: 0):"),
    ("who is held off loses what it holds", "minimum if is_admitted else held", "minimum if is_admitted else 0"),
    (
        "min = max is held off",
        "list(map(le, minimums, maximums))",
        "[low < top for low, top in zip(minimums, maximums)]",
    ),
    (
        "all come on that the root bears",
        "if not any(map(gt, needed, room)):",
        "if needed[0] <= room[0]:",
    ),
    ("those admitted before are forgotten", "                room[node] -= cost", "                pass"),
    (
        "a minimum has to fit its own node only",
        "for node in path if room[node] < cost]",
        "for node in path[:1] if room[node] < cost]",
    ),
    (
        "a minimum that fits exactly is refused",
        "for node in path if room[node] < cost]",
        "for node in path if room[node] <= cost]",
    ),
    ("held off by the last node instead of the first", "refused_at[-1]", "refused_at[0]"),
    ("of equal rooms the upper binds", "if room[node] < least:", "if room[node] <= least:"),
    (
        "a single leaf takes its room from its own node only",
        "            room[node] -= least\n            node = parents[node]",
        "            room[node] -= least\n            node = -1",
    ),
    (
        "who just reaches its maximum is bound",
        "if share >= maximum * denominator:",
        "if share > maximum * denominator:",
    ),
    ("shares are rounded up", "= divmod(share, denominator)", "= -(-share // denominator), share % denominator"),
    ("what a node cuts is not cut above it", "tops[parent] += top if top < left else left", "tops[parent] += top"),
    ("breakpoints stay unsorted", "        points.sort()\n", ""),
    (
        "levels are always compared as floats",
        "truediv if total_weight * sum(claims.maximums_w) < 1 << 52 else",
        "truediv if total_weight else",
    ),
    ("minimums bend the wrong way", "-minimum, -weight))", "minimum, weight))"),
    (
        "nodes further up do not bind",
        "level = levels[cuts[parents[node]] if parents[node] >= 0 else NOTHING]",
        "level = levels[NOTHING]",
    ),
    (
        "of equal levels the lower node binds",
        "if numerator * level[1] < level[0] * denominator:",
        "if numerator * level[1] <= level[0] * denominator:",
    ),
    ("the next tier gets a full node again", "            loads[node] = room[node]\n", "            pass\n"),
)

TARGETS = _mutants(
    "targets.py",
    (
        "everybody asks for its rating",
        "maximums_w=list(compress(demands.demands_w, wants)),",
        "maximums_w=[each.max_power_w for each in connectors],",
    ),
    (
        "everybody ranks by its id",
        "order=renumbered(ranking.order, wants),",
        "order=list(range(len(connectors))),",
    ),
    (
        "minimums of charge points are forgotten",
        "minimums_w=[_total(claims.minimums_w, members[node]) for",
        "minimums_w=[0 for",
    ),
    ("charge points weigh the same", "if ranking.by_rating else 1", "if not ranking else 1"),
    (
        "idle connectors' ratings do not weigh",
        "sum(ranking.weights[index] for index in tree.connectors_of[node])",
        "_total(claims.weights, members[node])",
    ),
    (
        "a charge point has the tier of its last connector",
        "claims.tiers[members[node][0]]",
        "claims.tiers[members[node][-1]]",
    ),
    (
        "charge points rank by their ids",
        "order=[place[node] for node in members],",
        "order=list(range(len(charge_points))),",
    ),
    (
        "shares are floored before they are shared inside",
        "shares.exact.get(position, (watts, 1))",
        "(watts, 1)",
    ),
    (
        "a charge point binds its own connectors",
        "bindings[leaf] = shares.bindings[position]",
        "bindings[leaf] = charge_points[position]",
    ),
    (
        "inside a charge point tiers are ignored",
        "tiers=[claims.tiers[leaf] for leaf in leaves],",
        "tiers=[0] * len(leaves),",
    ),
    (
        "inside a charge point all weigh the same",
        "weights=[claims.weights[leaf] for leaf in leaves],",
        "weights=[1] * len(leaves),",
    ),
)

TRANSITION = _mutants(
    "transition.py",
    ("a node that is just full admits raises", "room_w[node] <= 0", "room_w[node] < 0"),
    ("a full node stops only what hangs on it", "(parent >= 0 and full[parent])", "False"),
    ("below a full node everybody is sent its exposure", "exposure if last is None else last)", "exposure)"),
    (
        "below a full node everybody is sent its target",
        "_never_between(min(wanted, exposure if last is None else last),",
        "_never_between(wanted,",
    ),
    ("every raise is sent at once", "elif wanted > exposure:", "elif wanted < 0:"),
    ("raises share unlimited room", "[max(0, room) for room in room_w]", "[1 << 62 for _ in room_w]"),
    (
        "a raise starts at the minimum, not at the exposure",
        "minimums_w=list(map(max, exposures, minimums)),",
        "minimums_w=minimums,",
    ),
    (
        "a raise needs no room for its minimum",
        "minimums_w=list(map(max, exposures, minimums)),",
        "minimums_w=exposures,",
    ),
    ("what is held is paid for again", "held_w=exposures,", "held_w=[0] * len(raised),"),
    (
        "raises reach beyond the target",
        "maximums_w=list(compress(wanted_w, is_raised)),",
        "maximums_w=[wanted_w[index] + 1 for index in raised],",
    ),
    (
        "all raises weigh the same",
        "weights=list(compress(ranking.weights, is_raised)),",
        "weights=[1] * len(raised),",
    ),
    ("raises have no tiers", "tiers=list(compress(ranking.tiers, is_raised)),", "tiers=[0] * len(raised),"),
    (
        "raises rank by their ids",
        "order=renumbered(ranking.order, is_raised),",
        "order=list(range(len(raised))),",
    ),
    (
        "a refused raise stays between 0 and its minimum",
        "limits[index] = _never_between(allocated, minimum)",
        "limits[index] = allocated",
    ),
    (
        "idle connectors have a minimum too",
        "connector.min_power_w if standing is wanting else 0",
        "connector.min_power_w if standing else 0",
    ),
    ("exactly the minimum is switched off", "return limit if limit >= minimum", "return limit if limit > minimum"),
)

STRATEGY = _mutants(
    "strategy.py",
    ("without a priority one goes first", "        return DEFAULT_PRIORITY\n", "        return 0\n"),
    (
        "who has no key goes first",
        "return (key is None, 0 if key is None else key)",
        "return (key is not None, 0 if key is None else key)",
    ),
    (
        "proportional weighs all the same",
        "Ranking([0] * count, list(ratings_w), ",
        "Ranking([0] * count, [1] * count, ",
    ),
    ("who came last goes first", "else session.started_at.timestamp()", "else -session.started_at.timestamp()"),
    ("the departure alone makes the laxity", "(session.energy_needed_wh * 3_600_000_000 << 96) // power", "0"),
    (
        "laxity forgets what was requested",
        "power = rating if reading.requested_w is None else min(rating, reading.requested_w)",
        "power = rating",
    ),
    ("the energy alone makes the laxity", "return (left_us << 96) - (", "return -("),
)

BACKGROUND = _mutants(
    "background.py",
    (
        "the chargers are background too",
        "Shown(max(0, meter.power_w - most_drawn[index]),",
        "Shown(max(0, meter.power_w),",
    ),
    ("background below does not count above", "            measured[parent] += measured[index]\n", ""),
    (
        "withheld room passes a fresh meter",
        "if meter is not None or index in last_known or limit.mode is Mode.SAFE:",
        "if limit.mode is Mode.SAFE:",
    ),
    (
        "withheld room passes a node in safe mode",
        "if meter is not None or index in last_known or limit.mode is Mode.SAFE:",
        "if meter is not None:",
    ),
    (
        "withheld room stops at the parent",
        "withheld[index] if limit.mode is Mode.NORMAL else",
        "0 if limit.mode is Mode.NORMAL else",
    ),
    ("nothing is withheld", "else default - limit.limit_w", "else 0"),
)

EXPOSURE = _mutants(
    "exposure.py",
    ("the draw is no exposure", "exposures[index] = max(told, power)", "exposures[index] = told"),
    ("a reported limit never lapses", "entry.confirmed_at < lapsed_before", "at < lapsed_before"),
    (
        "a reported limit lapses at its last instant",
        "entry.confirmed_at < lapsed_before",
        "entry.confirmed_at <= lapsed_before",
    ),
    ("after a lapse the last reading is forgotten", "return max(fallback_w, power_w), ", "return fallback_w, "),
    ("a stale connector measures its last reading", "least = min(power, told)", "least = power"),
    ("fallbacks are not shared", "min(parts, max(fallbacks_w[node], self._powers[node]))", "parts"),
    (
        "an idle connector reserves its draw only",
        "reserved[index] = max(connector.idle_power_w, power)",
        "reserved[index] = power",
    ),
    ("a charge point's rating clamps nothing", "held_at[node] = min(held_at[node], bearable)", "pass"),
    (
        "a fallback may exceed the connector's rating",
        "min(tree.fallbacks_w[node], connector.max_power_w)",
        "tree.fallbacks_w[node]",
    ),
)

REST = (
    *_mutants(
        "limits.py",
        ("a meter is stale at its age limit", "reading.measured_at >= oldest", "reading.measured_at > oldest"),
        ("a meter alone makes the default capacity safe", "(safe is None and not node.metered)", "safe is None"),
        ("safe mode forgets the default capacity", "safe if default is None else min(default, safe)", "safe"),
        (
            "a silent meter without a safe capacity allows nothing",
            "        safe = fallbacks_below\n",
            "        safe = 0\n",
        ),
    ),
    *_mutants(
        "demand.py",
        ("a suspended vehicle wants nothing", '"SuspendedEV", ', ""),
        (
            "an idle socket needs its own reading",
            "readings.heard_at[connector.charge_point_id] >= oldest",
            "known.measured_at >= oldest",
        ),
        (
            "a live charge point makes all its demands fresh",
            "elif known.measured_at >= oldest:",
            "elif readings.heard_at[connector.charge_point_id] >= oldest:",
        ),
        ("one may ask for more than the rating", "else min(reading.requested_w, rating)", "else reading.requested_w"),
    ),
    *_mutants(
        "over_limit.py",
        ("exactly at the limit is over it", "observed_w > limit.limit_w:", "observed_w >= limit.limit_w:"),
        ("the lower capacity makes it critical", "observed_w <= max(capacities)", "observed_w <= min(capacities)"),
    ),
    *_mutants(
        "figures.py",
        ("a minimum of one's own curtails", "binding not in (NOTHING, ITSELF)", "binding != NOTHING"),
        (
            "exposures alone are infeasible at the limit",
            "reserved > connector.max_power_w",
            "reserved >= connector.max_power_w",
        ),
        ("a silent meter degrades nothing", "degraded=situation.silent or any", "degraded=any"),
        (
            "headroom ignores what is reserved",
            "limit.limit_w - known - reserved - given,",
            "limit.limit_w - known - given,",
        ),
    ),
    *_mutants(
        "identifiers.py",
        ("ids are compared as text", '(0, int(run), "") if run[0]', "(1, 0, run) if run[0]"),
    ),
    *_mutants(
        "telemetry.py",
        (
            "a newer reading forgets the reported limit",
            "report = known.report if known is not None else None",
            "report = None",
        ),
        ("readings of the future are dropped", "received_at + FUTURE_TOLERANCE:", "received_at:"),
        (
            "the sequence breaks no tie",
            "(measured_at, telemetry.sequence) > (known.measured_at, known.sequence)",
            "measured_at > known.measured_at",
        ),
    ),
)

CERTIFICATE = _mutants(
    "certificate.py",
    ("F: a watt too much passes", "if load > capacities_w[node]:", "if load > capacities_w[node] + 1:"),
    ("F: only roots are looked at", "for node, load in enumerate(loads):", "for node, load in enumerate(loads[:1]):"),
    ("F: loads are not summed up", "loads[parents[node]] += loads[node]", "pass"),
    ("B: below the minimum passes", "if not minimum <= watts <= maximum:", "if not watts <= maximum:"),
    ("B: above the maximum passes", "if not minimum <= watts <= maximum:", "if not minimum <= watts:"),
    ("B: who is held off may draw", "elif watts != claims.held_w[leaf]:", "elif watts < 0:"),
    (
        "A: a minimum that fits exactly may be refused",
        "taken[binding] + cost <= capacities_w[binding]",
        "taken[binding] + cost < capacities_w[binding]",
    ),
    ("A: those admitted before are forgotten", "                taken[node] += cost", "                pass"),
    ("A: any node may hold off", "elif not _is_above(parents, binding, claims.nodes[leaf]):", "elif binding < 0:"),
    (
        "A: a leaf may hold itself off",
        "if claims.minimums_w[leaf] <= claims.maximums_w[leaf]:",
        "if claims.minimums_w[leaf] < 0:",
    ),
    ("M: any node may bind", "if not _is_above(parents, binding, nodes[leaf]):", "if binding < 0:"),
    (
        "M: two watts a leaf may stay free",
        "filled[binding] + leaves_below[binding] <",
        "filled[binding] + 2 * leaves_below[binding] <",
    ),
    ("M: no watt may stay free", "filled[binding] + leaves_below[binding] <", "filled[binding] + 1 <"),
    (
        "M: later tiers' minimums are forgotten",
        "[claims.minimums_w[leaf] - claims.held_w[leaf] for leaf in admitted],",
        "[0 for leaf in admitted],",
    ),
    ("M: peers may have a watt more than floored", "(watts + 1) * rate[1]", "(watts + 2) * rate[1]"),
    ("M: peers may have nothing more, not even floored", "(watts + 1) * rate[1]", "watts * rate[1]"),
    (
        "M: a peer at its minimum is envied",
        "            if watts == minimum:\n                continue\n",
        "",
    ),
    ("M: weights are ignored", "watts * rate[1] > rate[0] * weight", "watts > rate[0]"),
    ("M: all tiers are one", "groupby(admitted, key=claims.tiers.__getitem__)", "groupby(admitted, key=bool)"),
    ("C: whatever a node claims passes", "if claimed != dict(", "if None in dict("),
    (
        "C: leaves that are held off claim too",
        "        if fill.admitted[leaf]:\n            node =",
        "        if leaf >= 0:\n            node =",
    ),
    (
        "F: a share may be exceeded inside",
        "return check_feasible(roots, shares.allocated_w, positions, allocated) or ",
        "return ",
    ),
    (
        "M: inside a share any node may bind",
        "fill.bindings[leaf] != shares.bindings[position]",
        "fill.bindings[leaf] < 0",
    ),
    ("M: inside a share tiers are ignored", "[claims.tiers[leaf] for leaf in admitted],", "[0 for leaf in admitted],"),
    ("S: above the rating passes", "if limit > ratings_w[leaf]:", "if limit < 0:"),
    ("S: exactly the rating is refused", "if limit > ratings_w[leaf]:", "if limit >= ratings_w[leaf]:"),
    ("S: raises may use room that is missing", "if raised > max(0, room_w[node]):", "if raised > abs(room_w[node]):"),
    ("S: a node over its limit refuses decreases", "if raised > max(0, room_w[node]):", "if raised > room_w[node]:"),
    ("S: decreases make room at once", "max(0, limit - exposure)", "limit - exposure"),
    (
        "S: a raise above the target passes",
        "if limit > max(targets_w[leaf], exposures_w[leaf]):",
        "if limit > max(targets_w[leaf], exposures_w[leaf]) + 1:",
    ),
    (
        "S: a decrease may not wait where all room is taken",
        "if decreases and sent[node] > capacities_w[node]:",
        "if decreases and (room_w[node] <= 0 or sent[node] > capacities_w[node]):",
    ),
    (
        "S: decreases that wait may exceed a limit together",
        "if decreases and sent[node] > capacities_w[node]:",
        "if decreases and sent[node] < 0:",
    ),
    (
        "S: any overload is laid to decreases that wait",
        "if decreases and sent[node] > capacities_w[node]:",
        "if sent[node] > capacities_w[node]:",
    ),
    ("S: below the minimum passes", "if 0 < limit < minimums_w[leaf]:", "if limit < 0:"),
    ("S: exactly the minimum is refused", "if 0 < limit < minimums_w[leaf]:", "if 0 < limit <= minimums_w[leaf]:"),
    ("S: off is refused", "if 0 < limit < minimums_w[leaf]:", "if 0 <= limit < minimums_w[leaf]:"),
)
