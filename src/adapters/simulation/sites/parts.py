"""What the configurations of the shipped depots are put together from."""

from collections.abc import Iterable

from adapters.simulation.layout import Configuration, Payload


def circuit(
    circuit_id: str, parent_id: str | None, name: str, capacity_w: int, safe_capacity_w: int | None = None
) -> Payload:
    """A circuit; one with a safe operating capacity has a meter."""
    return {
        "circuit_id": circuit_id,
        "parent_id": parent_id,
        "name": name,
        "default_capacity_w": capacity_w,
        "safe_operating_capacity_w": safe_capacity_w,
        "metered": safe_capacity_w is not None,
    }


def charge_point(
    charge_point_id: str,
    circuit_id: str,
    max_power_w: int,
    connectors: int = 1,
    connector_w: int | None = None,
    min_power_w: int = 10_000,
) -> Payload:
    """A charge point that falls back to what the minimums of its connectors need. They have its rating if not told."""
    return {
        "charge_point_id": charge_point_id,
        "circuit_id": circuit_id,
        "max_power_w": max_power_w,
        "fallback_power_w": connectors * min_power_w,
        "connectors": [
            {
                "connector_id": number,
                "max_power_w": connector_w or max_power_w,
                "min_power_w": min_power_w,
                "idle_power_w": 0,
            }
            for number in range(1, connectors + 1)
        ],
    }


def site(
    microgrid_id: str,
    name: str,
    circuits: Iterable[Payload],
    charge_points: Iterable[Payload],
    unit: str = "connector",
) -> Configuration:
    """Version 1 of a site whose connectors, or chargers, share equally."""
    return {
        "microgrid_id": microgrid_id,
        "workspace_id": None,
        "name": name,
        "version": 1,
        "max_import_w": None,
        "strategy": {"unit": unit, "order": "equal_share"},
        "circuits": [*circuits],
        "charge_points": [*charge_points],
    }
