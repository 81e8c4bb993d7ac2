"""What every node measures, how good that is, and the session of every connector (EVT-10, EVT-11)."""

from tests.oracle.depot import Connector, Depot, Json, Node, Reading, instant, watts


def total_w(connectors: list[Connector]) -> int | None:
    """What the fresh ones of these connectors measure together; null where none of them is fresh."""
    fresh = [each.reading.power_w for each in connectors if each.fresh and each.reading is not None]
    known = [watts for watts in fresh if watts is not None]
    return sum(known) if known else None


def measured_w(depot: Depot, node_id: Node) -> int | None:
    """The meter, or what the children measure; null where nothing below is measured."""
    node = depot.nodes[node_id]
    if node.meter_w is not None:
        return node.meter_w
    parts = [measured_w(depot, child) for child in node.children] + [total_w(_own(depot, node_id))]
    known = [each for each in parts if each is not None]
    return sum(known) if known else None


def quality(depot: Depot, node_id: Node) -> str:
    """The first that fits of `missing`, `estimated`, `ok`; `bad` takes more than one cycle."""
    node = depot.nodes[node_id]
    if measured_w(depot, node_id) is None:
        return "missing"
    if node.meter_w is not None:
        return "ok"
    children = [quality(depot, child) for child in node.children]
    is_whole = all(each == "ok" for each in children) and all(each.fresh for each in _own(depot, node_id))
    return "ok" if is_whole and not node.silent else "estimated"


def session(reading: Reading | None) -> Json | None:
    """The session of a connector's latest reading. Nothing is served in a first cycle."""
    if reading is None or not reading.session:
        return None
    said, priority = reading.session, reading.session.get("priority")
    return {
        "session_id": str(said["session_id"]),
        "started_at": _time(said.get("started_at")),
        "departs_at": _time(said.get("departs_at")),
        "energy_needed_wh": watts(said.get("energy_needed_wh")),
        "priority": 100 if priority is None else int(priority),
        "served_wh": 0,
    }


def _own(depot: Depot, node_id: Node) -> list[Connector]:
    return [each for each in depot.connectors if each.charge_point_id == node_id]


def _time(text: str | None) -> str | None:
    return None if text is None else instant(text).isoformat().replace("+00:00", "Z")
