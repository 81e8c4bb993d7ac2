"""Memories written by the versions before, brought to what this one reads: one step a schema number."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from domain.site.configuration import Settings

Upcast: TypeAlias = Callable[[dict[str, Any], Settings], dict[str, Any]]
"""Takes a memory of one schema and makes one of the next. Raises what a wrong shape raises where it is not one."""


def _with_bounds_to_come(data: dict[str, Any], _: Settings) -> dict[str, Any]:
    """From schema 1: the background was one figure, not bounds; it is estimated anew, as in a first cycle."""
    return data | {"memory": data["memory"] | {"background": {}}}


def _with_sendings_once(data: dict[str, Any], _: Settings) -> dict[str, Any]:
    """From schema 2: when a cycle was sent stood in the newest setpoint of every connector, ranks in the memory."""
    memory = dict(data["memory"])
    memory["ledger"] = {
        node_id: entry | {"setpoints": _sent(entry["standing"])} for node_id, entry in memory["ledger"].items()
    }
    return data | {"rotation": memory.pop("rotation"), "memory": memory}


def _sent(standing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The setpoints of a connector: only those that were overtaken say when they were sent last."""
    setpoints = [{name: value for name, value in sent.items() if name != "last_cycle_seq"} for sent in standing]
    return [*setpoints[:-1], *[newest | {"last_sent_at": None} for newest in setpoints[-1:]]]


def _with_rules_over_time(data: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """From schema 3: sendings say how long they last, lines what was last known of a connector and how it obeys.

    What was not stored is taken for the worst: powers are not known, nobody has come through since it fell back, no
    factor is learned.
    """
    memory, published = dict(data["memory"]), data["published"]
    idle, by_instant = set(memory.pop("idle")), {each["at"]: each["cycle_seq"] for each in memory["sendings"]}

    def sending(at: str) -> dict[str, Any]:
        return _sending(by_instant.get(at, 0), at, settings)

    memory["sendings"] = [sending(each["at"]) for each in memory["sendings"]]
    memory["ledger"] = {
        node_id: _line(entry, sending) | {"idle": node_id in idle, "heard_at": published and published["decided_at"]}
        for node_id, entry in memory["ledger"].items()
    }
    nobody = _line({"setpoints": [], "received_at": None, "fell_back_at": None} | _NOTHING, sending)
    memory["departed"] = [
        gone | {"connector_id": "", "entry": nobody | {"idle": False, "heard_at": None}} for gone in memory["departed"]
    ]
    memory["meters"] = {
        circuit_id: meter
        | {"read_at": _read_at(memory, circuit_id, published), "too_low_since": None, "is_bad": False, "still": None}
        for circuit_id, meter in memory["meters"].items()
    }
    memory["usage"] = {node_id: _usage(used) for node_id, used in memory["usage"].items()}
    return data | {
        "memory": memory | {"former": [], "readmitted_at": None},
        "rotation": _rotation(data["rotation"]),
        "breaches": _breaches(data["breaches"]),
    }


LONG_AGO: Final = "1970-01-01T00:00:00Z"

_NOT_ASKED: Final = {"too_low_since": None, "is_bad": False, "still": None}

_NOTHING: Final = {"confirmed_w": None, "confirmed_at": None, "names": False, "unresponsive": False}


def _sending(cycle_seq: int, at: str, settings: Settings) -> dict[str, Any]:
    lapses_at = datetime.fromisoformat(at) + timedelta(seconds=settings.setpoint_valid_for_s)
    gone_at = lapses_at + timedelta(seconds=settings.apply_grace_s)
    return {
        "cycle_seq": cycle_seq,
        "at": at,
        "lapses_at": lapses_at.isoformat(),
        "gone_at": gone_at.isoformat(),
    }


def _line(entry: dict[str, Any], sending: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """A line of the ledger but for what says whether and when the connector was heard."""
    kept = {name: entry[name] for name in ("confirmed_w", "confirmed_at", "names", "fell_back_at", "unresponsive")}
    setpoints = [
        {name: value for name, value in sent.items() if name != "last_sent_at"}
        | {"last_sent": sent["last_sent_at"] and sending(sent["last_sent_at"])}
        for sent in entry["setpoints"]
    ]
    unknown = dict.fromkeys(("back_at", "read_at", "sequence", "power_w", "explained_at", "over_since", "within_since"))
    return (
        kept
        | unknown
        | {
            "setpoints": setpoints,
            "received": entry["received_at"] and sending(entry["received_at"]),
            "refused": [],
            "away": entry["fell_back_at"] is not None,
            "factor": 1000,
            "taught": False,
        }
    )


def _read_at(memory: dict[str, Any], circuit_id: str, published: dict[str, Any] | None) -> str:
    """When a meter was read last, as well as that is known."""
    known = memory["background"].get(circuit_id)
    return str(
        known["measured_at"] if known is not None else published["decided_at"] if published else "1970-01-01T00:00:00Z"
    )


def _rotation(rotation: dict[str, Any]) -> dict[str, Any]:
    """What a session took was counted in watt-seconds, from cycle to cycle."""
    records = {
        node_id: {
            "session_id": record["session_id"],
            "served_w_us": record["served_ws"] * 1_000_000,
            "on_since": record["on_since"],
            "read_at": None,
            "power_w": 0,
        }
        for node_id, record in rotation["records"].items()
    }
    return {"records": records, "kept": rotation["kept"]}


def _breaches(breaches: dict[str, Any]) -> dict[str, Any]:
    """What was announced did not say when that was decided, nor what contributors might draw."""
    exceedances = {
        node_id: each | {"announced": each["announced"] and _announced(each["announced"])}
        for node_id, each in breaches["exceedances"].items()
    }
    return breaches | {"exceedances": exceedances}


def _announced(breach: dict[str, Any]) -> dict[str, Any]:
    contributors = [each | {"exposure_w": None} for each in breach["contributors"]]
    return breach | {"decided_at": breach["observed_at"], "contributors": contributors}


def _usage(used: dict[str, Any]) -> dict[str, Any]:
    below = {"since": used["below_since"], "half_since": used["half_since"], "peaks_w": used["peaks_w"]}
    return {
        "session_id": used["session_id"],
        "counted_at": used["counted_at"],
        "below": below,
        "settled": None,
        "follows": False,
        "in_vain_at": None,
    }


def _with_validities_shortened(data: dict[str, Any], _: Settings) -> dict[str, Any]:
    """From schema 4: nothing was known of a validity that was shortened."""
    memory = dict(data["memory"])
    memory["ledger"] = {node_id: entry | {"overtaken_by": None} for node_id, entry in memory["ledger"].items()}
    memory["departed"] = [gone | {"entry": gone["entry"] | {"overtaken_by": None}} for gone in memory["departed"]]
    return data | {"memory": memory}


def _with_retirement_and_lively_meters(data: dict[str, Any], _: Settings) -> dict[str, Any]:
    """From schema 5: no microgrid could be retired, and nobody counted what a meter did not repeat; what this version
    writes for the one before says that beside it.
    """
    memory = dict(data["memory"])
    memory["meters"] = {
        circuit_id: meter | {"still": meter["still"] and {"unrepeated": 0} | meter["still"]}
        for circuit_id, meter in memory["meters"].items()
    }
    return data | {"memory": memory, "retired_at": None, "retirements": []}


UPCASTS: Final[dict[int, Upcast]] = {
    1: _with_bounds_to_come,
    2: _with_sendings_once,
    3: _with_rules_over_time,
    4: _with_validities_shortened,
    5: _with_retirement_and_lively_meters,
}
"""By the schema number that each begins with."""
