"""What a station says of its connectors over one link: states, transactions, samples."""

from collections.abc import Mapping
from typing import Any, Final

from ocpp.v16 import ChargePoint, call
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from adapters.simulation.pace import Pace
from adapters.simulation.stations.bay import Bay, Transaction
from adapters.simulation.stations.dialects import Meters
from adapters.simulation.stations.profiles import VOLTS

ID_TAG_LENGTH: Final = 20

MODEL: Final = "Simulated"

PERIODIC: Final = "Sample.Periodic"
TRIGGERED: Final = "Trigger"


class Sayings:
    """Over one link; each method returns once the gateway has answered, and raises what the package raises."""

    def __init__(self, link: ChargePoint, meters: Meters, pace: Pace) -> None:
        self._link = link
        self._meters = meters
        self._pace = pace

    async def boot(self) -> int:
        """Say that the station begins; returns every how many seconds the gateway wants a heartbeat."""
        answer = await self._say(call.BootNotification(charge_point_model=MODEL, charge_point_vendor="Busbar"))
        return int(answer.interval)

    async def beat(self) -> None:
        """Show a sign of life."""
        await self._say(call.Heartbeat())

    async def tell(self, bay: Bay, reading: Mapping[str, Any], at: str, context: str | None) -> None:
        """Say what is news of a connector, and what was measured at it where a `context` is given.

        `reading` is a connector of a telemetry message (TEL-1), taken at an instant.
        """
        session = reading["session"]
        session_id = None if session is None else session["session_id"]
        if bay.transaction is not None and bay.transaction.session_id != session_id:
            await self._stop(bay, session_id, at)
        if bay.said != reading["status"]:
            await self.status(bay, reading["status"], at)
        if session_id is not None and bay.transaction is None:
            await self._start(bay, session_id, session["started_at"])
        if context is not None:
            await self.sample(bay, reading, at, context)

    async def status(self, bay: Bay, status: str, at: str) -> None:
        """Say what state a connector is in."""
        await self._say(
            call.StatusNotification(
                connector_id=bay.number,
                error_code=ChargePointErrorCode.no_error,
                status=ChargePointStatus(status),
                timestamp=at,
            )
        )
        bay.said = status

    async def _start(self, bay: Bay, session_id: str, started_at: str) -> None:
        answer = await self._say(
            call.StartTransaction(
                connector_id=bay.number,
                id_tag=session_id[-ID_TAG_LENGTH:],
                meter_start=round(self._pace.metered_wh(bay.began_ws)),
                timestamp=started_at,
            )
        )
        bay.transaction = Transaction(session_id, int(answer.transaction_id))

    async def _stop(self, bay: Bay, next_session_id: str | None, at: str) -> None:
        assert bay.transaction is not None
        ended_ws = bay.register_ws if next_session_id is None else bay.began_ws
        await self._say(
            call.StopTransaction(
                meter_stop=round(self._pace.metered_wh(ended_ws)),
                timestamp=at,
                transaction_id=bay.transaction.transaction_id,
            )
        )
        bay.transaction = None

    async def sample(self, bay: Bay, reading: Mapping[str, Any], at: str, context: str = PERIODIC) -> None:
        """Say what was measured at a connector in its transaction, where anything was."""
        power_w = reading["power_w"]
        if power_w is None or bay.transaction is None:
            return
        sampled = [{**each, "context": context, "location": "Outlet"} for each in self._sampled(bay, power_w)]
        await self._say(
            call.MeterValues(
                connector_id=bay.number,
                transaction_id=bay.transaction_id,
                meter_value=[{"timestamp": at, "sampledValue": sampled}],
            )
        )

    def _sampled(self, bay: Bay, power_w: int) -> list[dict[str, str]]:
        register = {
            "value": f"{self._pace.metered_wh(bay.register_ws):.1f}",
            "unit": "Wh",
            "measurand": "Energy.Active.Import.Register",
        }
        vehicle = bay.socket.vehicle
        match self._meters:
            case Meters.REGISTER:
                return [register]
            case Meters.CURRENTS:
                phases = 3 if vehicle is None else vehicle.visit.phases
                ampere = f"{power_w / VOLTS / phases:.2f}"
                current = {"value": ampere, "unit": "A", "measurand": "Current.Import"}
                return [register, *({**current, "phase": f"L{phase}"} for phase in range(1, phases + 1))]
            case Meters.POWER:
                return [{"value": f"{power_w / 1000:.3f}", "unit": "kW", "measurand": "Power.Active.Import"}, register]

    async def _say(self, request: object) -> Any:
        return await self._link.call(request, suppress=False, skip_schema_validation=True)
