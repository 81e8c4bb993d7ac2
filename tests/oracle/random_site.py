"""Random valid site configurations, their capacities related to what hangs below."""

from random import Random

from tests.oracle.depot import Json
from tests.oracle.mood import Mood

MICROGRID = "depot"


def random_configuration(rng: Random, mood: Mood, most: int) -> Json:
    circuits = _circuits(rng, mood)
    charge_points = _charge_points(rng, mood, circuits, most)
    _size(rng, mood, circuits, charge_points)
    feeding = sum(each["default_capacity_w"] for each in circuits if each["parent_id"] is None)
    settings: dict[str, int] = {}
    if rng.random() < mood.odd_settings:
        settings = {
            "meter_stale_after_s": rng.choice((10, 30, 45)),
            "connector_stale_after_s": rng.choice((20, 90, 300)),
            "setpoint_valid_for_s": rng.choice((60, 120, 200)),
            "apply_grace_s": rng.choice((5, 20)),
        }
    return {
        "microgrid_id": MICROGRID,
        "workspace_id": rng.choice((None, "w-1")),
        "name": "A depot",
        "version": rng.randint(1, 99),
        "max_import_w": part(rng, feeding, 0.3, 1.2) if rng.random() < mood.import_limit else None,
        "strategy": {"unit": mood.unit, "order": mood.order},
        "settings": settings,
        "circuits": circuits,
        "charge_points": charge_points,
    }


def _circuits(rng: Random, mood: Mood) -> list[Json]:
    connections = rng.choice((1, 1, 1, 2, 3))
    others = rng.choice((0, 1, 2, 4, 7))
    chain = rng.random() < 0.05
    numbers = rng.sample(range(1, 120), connections + others)
    made: list[Json] = []
    for index, number in enumerate(numbers):
        parent = None if index < connections else (made[-1] if chain else rng.choice(made))["circuit_id"]
        metered = rng.random() < mood.meters
        made.append(
            {
                "circuit_id": rng.choice(("f-{}", "SC{}", "f.{}:a") if parent else ("gc-{}",)).format(number),
                "parent_id": parent,
                "name": f"Circuit {number}",
                "default_capacity_w": None,
                "safe_operating_capacity_w": None,
                "metered": metered,
            }
        )
    rng.shuffle(made)
    return made


def _charge_points(rng: Random, mood: Mood, circuits: list[Json], most: int) -> list[Json]:
    wanted = 0 if rng.random() < 0.01 else rng.randint(1, rng.choice((min(4, most), min(10, most), most)))
    hosts = rng.sample(circuits, rng.randint(1, len(circuits)))
    numbers = iter(rng.sample(range(1, 200), wanted))
    pattern = rng.choice(("cp-{}", "cp-{}", "{}", "x_{:03d}.a", "gc-{}-cp", "cp{}"))
    same_rating = _rating(rng, mood) if rng.random() < 0.4 else None
    made: list[Json] = []
    while wanted > 0:
        size = min(wanted, rng.choice((2, 2, 3, 4)) if rng.random() < mood.multiple else 1)
        wanted -= size
        connectors = [_connector(rng, mood, number, same_rating) for number in rng.sample(range(1, 12), size)]
        total = sum(each["max_power_w"] for each in connectors)
        largest = max(each["max_power_w"] for each in connectors)
        rating = 0 if rng.random() < mood.zeros else rng.choice((total, largest, part(rng, total, 0.4, 1.3)))
        fallback = None
        if mood.reports and rng.random() < 0.7:
            fallback = rng.choice((0, part(rng, rating, 0, 0.5), part(rng, rating, 0.2, 1)))
            if rng.random() < 0.03:
                fallback = rating + mood.scale * rng.randint(1, 20)
        made.append(
            {
                "charge_point_id": pattern.format(next(numbers)),
                "circuit_id": rng.choice(hosts)["circuit_id"],
                "max_power_w": rating,
                "fallback_power_w": fallback,
                "connectors": connectors,
            }
        )
    return made


def _connector(rng: Random, mood: Mood, number: int, same_rating: int | None) -> Json:
    rating = 0 if rng.random() < mood.zeros else _rating(rng, mood) if same_rating is None else same_rating
    minimum = idle = 0
    if rng.random() < mood.minimums:
        minimum = rng.choice((part(rng, rating, 0, 0.5), part(rng, rating, 0.2, 1), rating))
    if rng.random() < mood.idle:
        idle = part(rng, rating, 0, 0.3)
    return {"connector_id": number, "max_power_w": rating, "min_power_w": minimum, "idle_power_w": idle}


def _rating(rng: Random, mood: Mood) -> int:
    if mood.scale == 1:
        return rng.randint(1, 30)
    if mood.scale == 7:
        return rng.randint(1000, 350_000)
    return rng.choice((11_000, 22_000, 50_000, 80_000, 150_000, 180_000, 350_000))


def _size(rng: Random, mood: Mood, circuits: list[Json], charge_points: list[Json]) -> None:
    """Capacities that bite: related to what hangs below, often enough exactly."""
    by_id = {each["circuit_id"]: each for each in circuits}
    ratings = dict.fromkeys(by_id, 0)
    minimums = dict.fromkeys(by_id, 0)
    for charge_point in charge_points:
        circuit_id = charge_point["circuit_id"]
        while circuit_id is not None:
            ratings[circuit_id] += sum(each["max_power_w"] for each in charge_point["connectors"])
            minimums[circuit_id] += sum(each["min_power_w"] for each in charge_point["connectors"])
            circuit_id = by_id[circuit_id]["parent_id"]
    common = part(rng, max(ratings.values()), 0.2, 1)
    for circuit in circuits:
        below = ratings[circuit["circuit_id"]] or 20 * mood.scale
        capacity: int | None = part(rng, below, 0.4 * mood.tightness, 1.4 * mood.tightness)
        if rng.random() < 0.3:
            exact = (below, common, below // 2, below // 3)
            capacity = rng.choice((*exact, minimums[circuit["circuit_id"]] or below))
        if rng.random() < mood.zeros:
            capacity = 0
        if circuit["parent_id"] is not None and rng.random() < mood.nulls:
            capacity = None
        circuit["default_capacity_w"] = capacity
        if rng.random() < (0.7 if circuit["metered"] else 0.3) * min(1, mood.safe * 2):
            stated = below if capacity is None else capacity
            circuit["safe_operating_capacity_w"] = part(rng, stated, 0.3, 1.15)


def sparse(rng: Random, configuration: Json) -> Json:
    """Some optional keys left out that say no more than their absence, and every list in any order."""

    def thinned(entry: Json) -> Json:
        absent = ("parent_id", "default_capacity_w", "safe_operating_capacity_w", "fallback_power_w")
        thin = dict(entry)
        for key in absent:
            if key in thin and thin[key] is None and rng.random() < 0.3:
                del thin[key]
        for key in ("min_power_w", "idle_power_w", "metered"):
            if key in thin and not thin[key] and rng.random() < 0.3:
                del thin[key]
        return thin

    circuits = [thinned(each) for each in configuration["circuits"]]
    charge_points = [
        thinned({**each, "connectors": [thinned(below) for below in each["connectors"]]})
        for each in configuration["charge_points"]
    ]
    rng.shuffle(circuits)
    rng.shuffle(charge_points)
    thin = {**configuration, "circuits": circuits, "charge_points": charge_points}
    for key, default in (("workspace_id", None), ("max_import_w", None), ("settings", {})):
        if thin[key] == default and rng.random() < 0.3:
            del thin[key]
    if thin["strategy"]["order"] == "equal_share" and rng.random() < 0.2:
        thin["strategy"] = {"unit": thin["strategy"]["unit"]}
    return thin


def part(rng: Random, whole: int, least: float, most: float) -> int:
    """Some part of it: sometimes any whole number of watts, sometimes a round one."""
    part = int(whole * rng.uniform(least, most))
    step = rng.choice((1, 1, 1000 if whole > 20_000 else 1))
    return part - part % step
