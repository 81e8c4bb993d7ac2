"""A station over all its links: takes in what it says, and says upward what is known of it and nothing else."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from adapters.ocpp.clocks import StationClock
from adapters.ocpp.findings import judged, limit_seen, power_seen, said
from adapters.ocpp.kept import Kept, Transaction
from adapters.ocpp.measurands import Sample, instant, samples
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.outlets import Outlet
from adapters.ocpp.registers import Slope
from adapters.ocpp.uplink import Uplink
from application.ports.chargers import Finding
from application.ports.clock import Time
from domain.site.configuration import ChargePoint, Settings

BEAT: Final = timedelta(seconds=5)
"""How often a sign of life is passed on at most."""

OWED: Final = timedelta(seconds=30)
"""How often at least a reading is owed of a connector with demand."""

FRESH: Final = timedelta(seconds=60)
"""A sample that seems older than this was kept by the station, or its clock is wrong."""

LIMITED: Final = {"Charging", "SuspendedEVSE"}
"""What a limit itself makes a station change between: no reason to doubt that limit."""

_logger = logging.getLogger(__name__)


class Station:
    """Of one charge point. `changed` is called whenever something has to be looked at that goes down."""

    def __init__(
        self,
        charge_point: ChargePoint,
        settings: Settings,
        kept: Kept,
        *,
        memory: LinkMemory,
        uplink: Uplink,
        clock: Time,
    ) -> None:
        self.charge_point = charge_point
        self.settings = settings
        self.kept = kept
        self.station_clock = StationClock()
        self.outlets = {each.connector_id: Outlet(each, kept) for each in charge_point.connectors}
        self.is_linked = False
        self.asked_at: datetime | None = None
        """When it was last asked for a reading that it takes there and then."""
        self.suspects_clock = False
        self.changed: Callable[[], None] = lambda: None
        self._memory = memory
        self._uplink = uplink
        self._clock = clock
        self._beat_at: datetime | None = None

    @property
    def finding(self) -> Finding:
        """What it was found to do."""
        return judged(self.charge_point, self.kept, is_linked=self.is_linked)

    def reconfigured(self, charge_point: ChargePoint, settings: Settings) -> None:
        """A newer configuration is in force. Connectors that are still there keep what is known of them."""
        self.charge_point, self.settings = charge_point, settings
        before = self.outlets
        self.outlets = {}
        for connector in charge_point.connectors:
            outlet = before.get(connector.connector_id) or Outlet(connector, self.kept)
            outlet.connector = connector
            self.outlets[connector.connector_id] = outlet
        self.changed()

    def keep(self) -> None:
        """Write down what may not be forgotten."""
        self._memory.keep(self.charge_point.charge_point_id, self.kept)

    # --- what it says ------------------------------------------------------------------------------------------

    def alive(self) -> None:
        """It showed a sign of life that says nothing else: a message without readings goes up, now and then."""
        now = self._clock.now()
        if self._beat_at is None or now - self._beat_at >= BEAT:
            self._say(now, [])
        for outlet in self.outlets.values():
            owes = outlet.has_demand and (outlet.measured_at is None or now - outlet.measured_at >= OWED)
            if owes or (outlet.has_news and not outlet.is_sampled(now)):
                self.tell(outlet, now, None)

    def booted(self) -> None:
        """It begins anew: the clock that it is told is its own, and whatever it had been told may be gone."""
        self.station_clock.was_set()
        for outlet in self.outlets.values():
            self._doubt(outlet)

    def status_said(self, connector_id: int, status: str, stamp: object) -> None:
        """A StatusNotification. A repetition is a sign of life; connector 0 is the station."""
        outlet, before = self.outlets.get(connector_id), self.kept.statuses.get(connector_id)
        self._learn_clock(instant(stamp))
        if outlet is None or before == status:
            return
        self.kept.statuses[connector_id] = status
        if status == "Available" and connector_id in self.kept.transactions:
            # What ends it may still come, and finds it by its number then.
            outlet.slope = Slope()
        if {before, status} != LIMITED:
            self._doubt(outlet)
        self.keep()
        self.tell(outlet, self._clock.now(), None)

    def measured(self, connector_id: int, meter_values: object, transaction_id: object) -> None:
        """MeterValues. A transaction that was begun before the gateway's memory is taken over by its number."""
        outlet = self.outlets.get(connector_id)
        if outlet is None:
            return
        if isinstance(transaction_id, int) and transaction_id > 0 and outlet.transaction is None:
            self.kept.transactions[connector_id] = Transaction(transaction_id, None, None)
            self.keep()
        for sample in samples(meter_values):
            self._take(outlet, sample)

    def transaction_began(self, connector_id: int, id_tag: str | None, stamp: object, meter_start: object) -> int:
        """A StartTransaction; returns its id, the same one where the station says it again."""
        begun = instant(stamp)
        started_at = None if begun is None else self.station_clock.ours(begun, self._clock.now())
        meter = meter_start if isinstance(meter_start, int) else None
        running = self.kept.transactions.get(connector_id)
        if running is not None and (running.id_tag, running.meter_start) == (id_tag, meter) and meter is not None:
            return running.transaction_id
        new = Transaction(self._memory.new_transaction_id(), id_tag, started_at, meter)
        if (outlet := self.outlets.get(connector_id)) is not None:
            self.kept.transactions[connector_id] = new
            self._doubt(outlet)
            if outlet.status is not None:
                self.tell(outlet, self._clock.now(), None)
        return new.transaction_id

    def transaction_ended(self, transaction_id: object) -> None:
        """A StopTransaction: many stations drop the limit with it."""
        for number, running in list(self.kept.transactions.items()):
            if running.transaction_id == transaction_id:
                del self.kept.transactions[number]
                self.keep()
                if (outlet := self.outlets.get(number)) is not None:
                    self._doubt(outlet)
                    if outlet.status is not None:
                        self.tell(outlet, self._clock.now(), None)

    def limit_seen(self, outlet: Outlet, at: datetime, read_w: int) -> None:
        """A limit was read back."""
        self._judge(outlet, partial(limit_seen, outlet, at, read_w, self.settings))

    # --- what is said of it ------------------------------------------------------------------------------------

    def news(self, outlet: Outlet) -> None:
        """A limit was read back, accepted or refused: goes up with the next sample, at once where none is near."""
        outlet.has_news = True
        now = self._clock.now()
        if not outlet.is_sampled(now) and outlet.status is not None:
            self.tell(outlet, now, None)

    def tell(self, outlet: Outlet, at: datetime, power_w: float | None) -> None:
        """Say what is known of a connector, its power at that instant or that this is not known."""
        reading = outlet.reading(at, power_w, self._clock.now(), self.settings)
        if reading["status"] is not None:
            self._say(at, [reading])

    def _say(self, at: datetime, connectors: Sequence[Mapping[str, Any]]) -> None:
        self._beat_at = self._clock.now()
        self._uplink.put(self.charge_point.charge_point_id, at, connectors, said(self.charge_point, self.kept))

    def _take(self, outlet: Outlet, sample: Sample) -> None:
        now = self._clock.now()
        self._learn_clock(sample.stamped, just_taken=sample.triggered)
        at = self.station_clock.ours(sample.stamped, now)
        self.suspects_clock = now - at > FRESH
        power_w = sample.power_w
        if power_w is None and sample.register is not None:
            power_w = outlet.slope.power_w(at, sample.register)
        power_w = outlet.plausible(power_w)
        if power_w is None or (outlet.measured_at is not None and at <= outlet.measured_at):
            return
        outlet.sampled_at = now
        outlet.drawn.append((at, power_w))
        self._judge(outlet, partial(power_seen, outlet, at, power_w, self.settings))
        self.tell(outlet, at, power_w)

    def _judge(self, outlet: Outlet, look: Callable[[], None]) -> None:
        """See whether it obeys; one that does not may take its limits for the next transaction alone."""
        was = self.kept.why
        look()
        if self.kept.why == was:
            return
        _logger.warning("%s: %s", self.charge_point.charge_point_id, self.finding.sentence)
        abilities = self.kept.abilities
        if self.kept.why is not None and outlet.transaction is not None and not abilities.needs_transaction_profile:
            self.kept.abilities = replace(abilities, needs_transaction_profile=True)
            outlet.again = True
        self.keep()
        self.changed()

    def _learn_clock(self, stamped: datetime | None, *, just_taken: bool = False) -> None:
        if stamped is not None:
            now = self._clock.now()
            asked = self.asked_at is not None and now - self.asked_at <= BEAT
            self.station_clock.learn(stamped, now, just_taken=just_taken or asked)

    def _doubt(self, outlet: Outlet) -> None:
        """Whatever the connector was told may not hold any more, its fallback included: it is told again."""
        outlet.standing = outlet.over_since = None
        outlet.doubts += 1
        self.kept.fallbacks.pop(outlet.number, None)
        self.keep()
        self.changed()
