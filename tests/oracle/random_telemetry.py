"""Random messages of the chargers and meters of a site: on time, late, repeated, or not at all."""

from datetime import datetime, timedelta
from random import Random

from tests.oracle.depot import Json
from tests.oracle.mood import Mood
from tests.oracle.random_site import MICROGRID, part

DEMANDING = ("Charging", "Charging", "Charging", "Preparing", "SuspendedEV", "SuspendedEVSE", "Occupied", "EVConnected")
OTHER = ("Available", "Finishing", "Reserved", "Unavailable", "Faulted", "Idle", "Unheard-of")


def charger_messages(rng: Random, mood: Mood, configuration: Json, settings: Json, at: datetime) -> list[Json]:
    messages: list[Json] = []
    limit = settings["connector_stale_after_s"]
    lapse = settings.get("setpoint_valid_for_s", 120) + settings.get("apply_grace_s", 20)
    crowded = rng.uniform(0.2, 1.2)
    for charge_point in configuration["charge_points"]:
        if rng.random() < mood.unheard / 2:
            continue
        sequence = rng.randint(100, 10**6)
        age = rng.choice((0, 1, 5, 5, 5, min(limit, 60)))
        if rng.random() < mood.stale:
            age = rng.choice((limit, limit, limit + 1, lapse, lapse, lapse + 1, limit + 20, 400, 4000))
        elif rng.random() < mood.noise / 3:
            age = rng.choice((-1, -30, -60, -61))
        mentioned = [each for each in charge_point["connectors"] if rng.random() >= mood.unheard / 2]
        message = {
            "microgrid_id": MICROGRID,
            "charge_point_id": charge_point["charge_point_id"],
            "sequence": sequence,
            "measured_at": rfc3339(at - timedelta(seconds=age)),
            "connectors": [_entry(rng, mood, each, crowded, at) for each in mentioned],
        }
        messages.append(message)
        if rng.random() < max(mood.noise, mood.stale) / 2:
            earlier = age + rng.choice((0, 1, 40, lapse - age if lapse > age else 60, 200))
            mentioned = [each for each in charge_point["connectors"] if rng.random() >= mood.unheard / 2]
            messages.append(
                {
                    **message,
                    "sequence": sequence - rng.randint(1, 3),
                    "measured_at": rfc3339(at - timedelta(seconds=earlier)),
                    "connectors": [_entry(rng, mood, each, crowded, at) for each in mentioned],
                }
            )
        if rng.random() < max(mood.noise, mood.stale) / 2:
            alive = rng.choice((0, 10, limit, limit, limit + 1))
            messages.append(
                {
                    **message,
                    "sequence": sequence + rng.choice((-9, 1)),
                    "measured_at": rfc3339(at - timedelta(seconds=alive)),
                    "connectors": [],
                }
            )
    return messages


def _entry(rng: Random, mood: Mood, connector: Json, crowded: float, at: datetime) -> Json:
    rating = connector["max_power_w"]
    applied = None
    if rng.random() < mood.reports:
        applied = rng.choice((part(rng, rating, 0, crowded), part(rng, rating, 0, 0.6 * crowded), rating))
        if rng.random() < 0.15:
            applied = rng.choice((0, 0, connector["min_power_w"] // 2, rating + mood.scale))
        if rng.random() < mood.overdraw / 8:
            applied = 10**9
    power = part(rng, rating if applied is None else min(applied, rating), 0.5, 1)
    status = rng.choice(OTHER if rng.random() < mood.idle else DEMANDING)
    if rng.random() < (0.7 if status in OTHER else 0.2):
        power = 0
    if rng.random() < mood.overdraw:
        power = rng.choice((part(rng, rating, 0, 1.3), -part(rng, rating, 0, 0.5), (applied or 0) % 10**8 + 1))
    entry: Json = {
        "connector_id": connector["connector_id"],
        "status": status,
        "power_w": power,
    }
    requested = None
    if rng.random() < 0.4:
        some = (part(rng, rating, 0, 1), part(rng, rating, 0, 1.4), rating)
        requested = rng.choice((*some, connector["min_power_w"] or rating))
        if rng.random() < mood.idle / 4:
            requested = 0
    if requested is not None or rng.random() < 0.7:
        entry["requested_w"] = float(requested) if requested is not None and rng.random() < 0.05 else requested
    if applied is not None or (mood.reports and rng.random() < 0.5):
        entry["applied_limit_w"] = applied
    if rng.random() < mood.sessions:
        entry["session"] = _session(rng, mood, at)
    return entry


def _session(rng: Random, mood: Mood, at: datetime) -> Json:
    """Few distinct values, so that ties are common."""
    session: Json = {"session_id": f"s-{rng.randint(1, 10**6)}"}
    if rng.random() < 0.7:
        session["started_at"] = rfc3339(at - timedelta(minutes=rng.randint(1, 6)))
    if rng.random() < 0.7:
        session["departs_at"] = rfc3339(at + timedelta(minutes=rng.choice((-10, 30, 30, 60, 90, 200))))
    if rng.random() < 0.7:
        session["energy_needed_wh"] = rng.choice((0, 1, 5, 7, 7, 50)) * mood.scale
    if rng.random() < 0.7:
        session["priority"] = rng.choice((0, 1, 1, 2, 99, 100, 100, 101, None))
    return session


def meter_messages(
    rng: Random, mood: Mood, configuration: Json, settings: Json, at: datetime, telemetry: list[Json]
) -> list[Json]:
    limit = settings["meter_stale_after_s"]
    drawn = {
        message["charge_point_id"]: sum(entry["power_w"] for entry in message["connectors"])
        for message in sorted(telemetry, key=lambda each: (len(each["connectors"]), each["sequence"]))
    }
    messages: list[Json] = []
    for circuit in configuration["circuits"]:
        if not circuit["metered"] or rng.random() < mood.silence / 3:
            continue
        age = rng.choice((0, 4, 4, limit))
        if rng.random() < mood.silence:
            age = rng.choice((limit, limit + 1, 60, 300))
        elif rng.random() < mood.noise / 3:
            age = rng.choice((-1, -60, -61))
        power = sum(
            drawn.get(each["charge_point_id"], 0)
            for each in configuration["charge_points"]
            if _hangs_below(configuration, each["circuit_id"], circuit["circuit_id"])
        )
        room = max(circuit["default_capacity_w"] or 0, 10 * mood.scale)
        power += rng.choice((0, part(rng, room, 0, 0.2), part(rng, room, 0, 0.4), -part(rng, room, 0, 0.2)))
        if rng.random() < 0.1:
            power = rng.choice((0, -part(rng, room, 0, 1), part(rng, room, 0.9, 1.4), room))
        message = {
            "microgrid_id": MICROGRID,
            "circuit_id": circuit["circuit_id"],
            "sequence": rng.randint(10, 10**6),
            "measured_at": rfc3339(at - timedelta(seconds=age)),
            "power_w": power,
        }
        messages.append(message)
        if rng.random() < mood.noise / 2:
            earlier = rfc3339(at - timedelta(seconds=age + rng.choice((0, 1, 50))))
            messages.append({**message, "sequence": rng.randint(1, 9), "measured_at": earlier, "power_w": power + 13})
    return messages


def _hangs_below(configuration: Json, circuit_id: str | None, ancestor: str) -> bool:
    parents = {each["circuit_id"]: each["parent_id"] for each in configuration["circuits"]}
    while circuit_id is not None and circuit_id != ancestor:
        circuit_id = parents[circuit_id]
    return circuit_id is not None


def twin(rng: Random, message: Json) -> Json:
    """The same message again, its keys in another order."""
    keys = list(message)
    rng.shuffle(keys)
    return {key: message[key] for key in keys}


def strangers(rng: Random, configuration: Json, at: datetime) -> list[Json]:
    """Messages that are read and count for nothing but the link of their charge point."""
    now = {"sequence": rng.randint(1, 99), "measured_at": rfc3339(at)}
    entry = {"connector_id": 77, "status": "Charging", "power_w": 5000, "applied_limit_w": 5000}
    whole_station = {**entry, "connector_id": 0}
    known = [each["charge_point_id"] for each in configuration["charge_points"]]
    messages: list[Json] = [
        {"microgrid_id": MICROGRID, "charge_point_id": "nobody", **now, "connectors": [entry]},
        {"microgrid_id": MICROGRID, "circuit_id": "nowhere", **now, "power_w": 10**6},
    ]
    messages += [
        {"microgrid_id": MICROGRID, "circuit_id": each["circuit_id"], **now, "power_w": 10**6}
        for each in configuration["circuits"]
        if not each["metered"]
    ]
    if known:
        here = {"charge_point_id": rng.choice(known), **now, "sequence": 10**7}
        messages.append({"microgrid_id": "elsewhere", **here, "connectors": [{**entry, "connector_id": 1}]})
        messages.append({"microgrid_id": MICROGRID, **here, "connectors": [entry, whole_station]})
    return rng.sample(messages, rng.randint(1, len(messages)))


def rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
