"""Brings the newest setpoints down one link: one call at a time, the newest goes first, nothing queues.

After every step it is looked anew what is due: fallbacks before anything else, then setpoints, then what stands is read
back and what lapsed is looked at; last what can wait (`commissioning.chores`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeAlias

from ocpp.v16 import call

from adapters.ocpp.abilities import Unit
from adapters.ocpp.commissioning import (
    APART_W,
    ask_for_sample,
    chores,
    composite_w,
    fallback_w,
    learned,
    settle,
)
from adapters.ocpp.findings import REFUSES, UNANSWERED
from adapters.ocpp.link import Link, Refused, Unanswered
from adapters.ocpp.outlets import Outlet, tolerance_w
from adapters.ocpp.profiles import Purpose, limit_of, profile_id, setpoint_profile
from adapters.ocpp.setpoints import Setpoint, Standing
from application.ports.clock import Clock

FIRST_FRAME_S: Final = 3.0
"""How long a station may speak first, as it should, before it is called."""

REFUSED_FOR: Final = timedelta(seconds=30)
"""After which a value that was refused, and not replaced since, is tried again."""

READS_AGAIN: Final = timedelta(seconds=5)
"""How long after a contradiction it is asked again what stands: chargers apply with a lag."""

LAPSED: Final = timedelta(seconds=2)
"""How long after its end a setpoint has surely lapsed, in whole seconds of another clock."""

PROBING: Final = timedelta(seconds=8)

ASKS: Final = timedelta(seconds=15)
"""How long a connector may owe a sample before it is asked for one, and how often it is asked."""

GIVES_UP_AFTER: Final = 3
"""Calls in a row without an answer before a link is given up, so that the station makes a new one."""

Step: TypeAlias = Callable[[], Awaitable[None]]

_logger = logging.getLogger(__name__)


class Conductor:
    """Of one link. `wanted` tells the newest setpoint of a connector."""

    def __init__(self, link: Link, wanted: Callable[[int], Setpoint | None], clock: Clock) -> None:
        self._link = link
        self._station = link.station
        self._wanted = wanted
        self._clock = clock
        self._changed = asyncio.Event()
        self._settled: dict[int, int] = {}
        self._read_at: dict[int, datetime] = {}
        self._probed_until: dict[int, datetime] = {}
        self._asked_at: datetime | None = None
        self._chores = list(chores(link, clock, self._is_probed))

    async def run(self) -> None:
        """Until cancelled; returns where the station does not answer any more. Raises what the socket raises."""
        self._station.changed = self._changed.set
        try:
            await asyncio.wait_for(self._link.first_frame.wait(), FIRST_FRAME_S)
        except TimeoutError:
            _logger.debug("%s says nothing by itself", self._link.id)
        unanswered = 0
        while unanswered < GIVES_UP_AFTER:
            self._changed.clear()
            step = self._next()
            try:
                await (self._wait() if step is None else step())
                unanswered = unanswered if step is None else 0
            except TimeoutError:
                unanswered += 1
                _logger.info("%s did not answer a call", self._link.id)
        _logger.warning("The link of %s is given up: it does not answer", self._link.id)
        await self._link.close("no answer")

    async def _wait(self) -> None:
        """Until something changed, or a second has passed: nothing is due at a finer time."""
        waiting = [
            asyncio.ensure_future(self._changed.wait()),
            asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + timedelta(seconds=1))),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    # --- what is due -------------------------------------------------------------------------------------------

    def _next(self) -> Step | None:
        now = self._clock.now()
        for due in (self._fallback_of, self._setpoint_of, self._look_at, self._question_to):
            for outlet in self._station.outlets.values():
                if (step := due(outlet, now)) is not None:
                    return step
        return self._chores.pop(0) if self._chores else None

    def _fallback_of(self, outlet: Outlet, now: datetime) -> Step | None:
        """Tried once, and again whenever what the station was told became doubtful."""
        wanted_w = fallback_w(self._station.charge_point, outlet)
        if self._station.kept.fallbacks.get(outlet.number) == wanted_w:
            return None
        if self._settled.get(outlet.number) == outlet.doubts:
            return None
        return partial(self._settle, outlet)

    def _setpoint_of(self, outlet: Outlet, now: datetime) -> Step | None:
        """A value that is new, or whose validity in the station is behind by half an interval or reaches too far."""
        wanted = self._wanted(outlet.number)
        if wanted is None or now >= wanted.lapses_at:
            return None
        if outlet.status == "Available" and now < self._probed_until.get(outlet.number, now):
            return None
        if (refused := outlet.refused) is not None and refused.limit_w == wanted.limit_w:
            again = wanted.lapses_at - refused.lapses_at >= REFUSED_FOR
            return partial(self._send, outlet, wanted) if again else None
        if outlet.unanswered_at is not None and now - outlet.unanswered_at < REFUSED_FOR:
            return None
        standing = outlet.standing
        renewed = timedelta(seconds=self._station.settings.refresh_interval_s / 2)
        if (
            not outlet.again
            and standing is not None
            and standing.setpoint.limit_w == wanted.limit_w
            and timedelta() <= wanted.lapses_at - standing.setpoint.lapses_at < renewed
        ):
            return None
        return partial(self._send, outlet, wanted)

    def _look_at(self, outlet: Outlet, now: datetime) -> Step | None:
        if (at := self._read_at.get(outlet.number)) is not None and at <= now:
            return partial(self._read_back, outlet)
        standing = outlet.standing
        waits = timedelta() if self._station.kept.abilities.lapses is False else LAPSED
        if standing is not None and now >= standing.setpoint.lapses_at + waits:
            return partial(self._lapse, outlet, standing)
        return None

    def _question_to(self, outlet: Outlet, now: datetime) -> Step | None:
        """A vehicle is there and no sample comes; or the station's clock may be wrong, which a fresh sample shows."""
        if self._asked_at is not None and now - self._asked_at < ASKS:
            return None
        is_late = outlet.sampled_at is None or now - outlet.sampled_at >= ASKS
        if outlet.transaction is None or not (is_late or self._station.suspects_clock):
            return None
        self._asked_at = now
        return partial(ask_for_sample, self._link, self._clock, outlet)

    # --- steps -------------------------------------------------------------------------------------------------

    async def _settle(self, outlet: Outlet) -> None:
        doubts = outlet.doubts
        await settle(self._link, outlet)
        self._settled[outlet.number] = doubts

    async def _send(self, outlet: Outlet, wanted: Setpoint) -> None:
        abilities, theirs = self._station.kept.abilities, self._station.station_clock.theirs
        limit = limit_of(wanted.limit_w, abilities.unit or Unit.WATTS, abilities.phases)
        status: str | None = None
        outlet.again = False
        for transaction_id in self._transactions_of(outlet):
            profile = setpoint_profile(
                outlet.number,
                limit,
                now=theirs(self._clock.now()),
                lapses_at=theirs(wanted.lapses_at),
                transaction_id=transaction_id,
            )
            status = await self._set(outlet, dict(profile))
        now, accepted = self._clock.now(), status == "Accepted"
        # What was not answered may be in force all the same: that is no refusal.
        outlet.refused = None if accepted or status is None else wanted
        outlet.unanswered_at = now if status is None else None
        self._is(UNANSWERED if status is None else None if accepted else REFUSES)
        if accepted:
            outlet.tell(Standing.after(outlet.standing, wanted, limit.watts, now))
        else:
            said = "no answer" if status is None else status
            _logger.warning("%s/%d does not take %d W: %s", self._link.id, outlet.number, wanted.limit_w, said)
        if accepted and abilities.reads_back is not False:
            self._read_at[outlet.number] = now
        else:
            self._station.news(outlet)

    def _transactions_of(self, outlet: Outlet) -> tuple[int | None, ...]:
        """The transaction that needs a profile of its own, and None for the one that holds for all.

        A station that cannot be read back gets both: whether it needs both would not show.
        """
        running, abilities = outlet.transaction, self._station.kept.abilities
        needs = abilities.needs_transaction_profile or abilities.reads_back is False
        return (running.transaction_id, None) if running is not None and needs else (None,)

    async def _set(self, outlet: Outlet, profile: dict[str, Any]) -> str | None:
        """What the station says to a profile; None where it does not answer."""
        try:
            answer = await self._link.ask(
                call.SetChargingProfile(connector_id=outlet.number, cs_charging_profiles=profile)
            )
        except Unanswered:
            return None
        except Refused as refusal:
            return str(refusal)
        return str(answer.status)

    def _is(self, why: str | None) -> None:
        """The station takes profiles, or why it does not."""
        kept = self._station.kept
        if why is not None or kept.why in (REFUSES, UNANSWERED):
            kept.why = why
            self._station.keep()

    async def _read_back(self, outlet: Outlet) -> None:
        abilities, settings = self._station.kept.abilities, self._station.settings
        read_w = await composite_w(self._link, outlet, abilities)
        self._read_at.pop(outlet.number, None)
        now, standing = self._clock.now(), outlet.standing
        outlet.read_back = (now, read_w)
        if read_w is not None or abilities.reads_back is None:
            learned(self._station, reads_back=read_w is not None)
        if standing is not None and read_w is not None:
            allowed_w = standing.told_w + tolerance_w(standing.told_w, settings.apply_tolerance_w)
            if read_w > allowed_w and outlet.transaction is not None and not abilities.needs_transaction_profile:
                learned(self._station, needs_transaction_profile=True)
                outlet.again = True
            elif read_w > allowed_w:
                self._read_at[outlet.number] = now + READS_AGAIN
            self._station.limit_seen(outlet, now, read_w)
        self._station.news(outlet)

    async def _lapse(self, outlet: Outlet, standing: Standing) -> None:
        """A setpoint has lapsed and no newer one came: see whether the station knows, and else make it forget."""
        read_w = await composite_w(self._link, outlet, self._station.kept.abilities)
        share_w = self._station.kept.fallbacks.get(outlet.number)
        if read_w is not None and share_w is not None and abs(share_w - standing.told_w) > APART_W:
            learned(self._station, lapses=abs(read_w - standing.told_w) > abs(read_w - share_w))
        if self._station.kept.abilities.lapses is not True:
            for purpose in (Purpose.SETPOINT, Purpose.IN_TRANSACTION):
                try:
                    await self._link.ask(call.ClearChargingProfile(id=profile_id(outlet.number, purpose)))
                except Refused:
                    _logger.debug("%s/%d keeps what has lapsed", self._link.id, outlet.number)
        if outlet.standing is standing:
            outlet.standing = None
            outlet.read_back = (self._clock.now(), read_w)
            self._station.news(outlet)

    def _is_probed(self, outlet: Outlet) -> None:
        self._probed_until[outlet.number] = self._clock.now() + PROBING
