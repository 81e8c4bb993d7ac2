"""What gateways found the chargers of a microgrid to do (DEPOT-4)."""

from domain.knowledge.readings import Control, Readings
from domain.site.site import Site
from domain.values import value


@value
class ControlledCharger:
    """A charger of which a gateway said what it does."""

    charge_point_id: str
    """The charge point, by its id in the configuration."""
    control: Control
    """What the gateway found the charger to do."""


def controlled(site: Site, readings: Readings) -> tuple[ControlledCharger, ...]:
    """The chargers of which that is known, in the order of the configuration."""
    return tuple(
        [
            ControlledCharger(each.charge_point_id, said)
            for each in site.configuration.charge_points
            if (said := readings.controls.get(each.charge_point_id)) is not None
        ]
    )
