"""A site in force: its configuration, with everything read from it that does not change from cycle to cycle."""

from datetime import timedelta

from domain.site.configuration import Order, Settings, SiteConfiguration, Unit
from domain.site.power import Watts
from domain.site.power_tree import PowerTree, derive
from domain.values import value


@value
class Windows:
    """The time constants of a site as durations, named like its settings, and by how much readings are told apart.

    `lapse` = validity + grace: so long after its last sending a setpoint may be in force, unless it is confirmed.
    """

    meter_stale_after: timedelta
    connector_stale_after: timedelta
    breach_hold: timedelta
    min_cycle_interval: timedelta
    telemetry_cycle_interval: timedelta
    refresh_interval: timedelta
    validity: timedelta
    grace: timedelta
    lapse: timedelta
    background_confirm: timedelta
    background_hold: timedelta
    usage: timedelta
    standby_retry: timedelta
    rotation_quantum: timedelta
    tolerance_w: Watts

    @classmethod
    def of(cls, settings: Settings) -> "Windows":
        validity, grace = timedelta(seconds=settings.setpoint_valid_for_s), timedelta(seconds=settings.apply_grace_s)
        return cls(
            meter_stale_after=timedelta(seconds=settings.meter_stale_after_s),
            connector_stale_after=timedelta(seconds=settings.connector_stale_after_s),
            breach_hold=timedelta(seconds=settings.breach_hold_s),
            min_cycle_interval=timedelta(seconds=settings.min_cycle_interval_s),
            telemetry_cycle_interval=timedelta(seconds=settings.telemetry_cycle_interval_s),
            refresh_interval=timedelta(seconds=settings.refresh_interval_s),
            validity=validity,
            grace=grace,
            lapse=validity + grace,
            background_confirm=timedelta(seconds=settings.background_confirm_s),
            background_hold=timedelta(seconds=settings.background_hold_s),
            usage=timedelta(seconds=settings.usage_window_s),
            standby_retry=timedelta(seconds=settings.standby_retry_s),
            rotation_quantum=timedelta(seconds=settings.rotation_quantum_s),
            tolerance_w=settings.apply_tolerance_w,
        )

    def tolerance_of(self, limit_w: Watts) -> Watts:
        """By how much a connector may be seen above this limit and still obeys it."""
        return max(self.tolerance_w, limit_w // 20)


@value
class Site:
    """A valid configuration in force, with the tree derived from it and what its strategy and settings mean."""

    configuration: SiteConfiguration
    tree: PowerTree
    unit: Unit
    order: Order
    windows: Windows

    @classmethod
    def of(cls, configuration: SiteConfiguration) -> "Site":
        """Parse a configuration that `validation.faults` finds no fault in."""
        strategy = configuration.strategy
        return cls(
            configuration=configuration,
            tree=derive(configuration),
            unit=Unit(strategy.unit),
            order=Order(strategy.order),
            windows=Windows.of(configuration.settings),
        )
