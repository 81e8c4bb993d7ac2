"""One link to a station: its frames in, our calls out, over one websocket.

Whatever a station sends, it ends neither the process nor, within bounds, its own link. A frame is routed to a method of
this class by its action; calls wait for their answer outside of that, one at a time.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, Final, Protocol, TypeVar

from ocpp.exceptions import FormationViolationError
from ocpp.v16 import ChargePoint as OcppChargePoint
from ocpp.v16 import call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus, DataTransferStatus, RegistrationStatus
from pydantic import TypeAdapter, ValidationError
from websockets.exceptions import ConnectionClosed

from adapters.ocpp.station import Station
from application.ports.clock import Clock

ANSWERED_S: Final = 10.0
"""How long a station may take to answer a call: half of what it is granted to apply a setpoint."""

HEARTBEAT_S: Final = 60
"""How often a station asks for the time, and sets its clock by it."""

ADMITTED: Final = IdTagInfo(status=AuthorizationStatus.accepted)
"""To everyone who shows a tag: this is no system for billing."""

BURST: Final = 100
A_SECOND: Final = 20
"""Frames that are taken at once, and by the second after that; a station that sends more has to wait."""

NONSENSE: Final = 200
"""Frames in a row of which nothing can be made before a link is given up."""

_frames = logging.getLogger("adapters.ocpp.frames")
_frames.setLevel(logging.CRITICAL)
"""What the package logs: every frame, and a traceback for each that is wrong."""

_logger = logging.getLogger(__name__)

T = TypeVar("T")

_CONNECTOR: Final = TypeAdapter(int)
_TEXT: Final = TypeAdapter(str)


class Socket(Protocol):
    """A websocket, as far as a link needs one."""

    async def recv(self) -> str | bytes: ...

    async def send(self, message: str) -> None: ...

    async def close(self, code: int = 1000, reason: str = "") -> None: ...


class Refused(Exception):
    """The station answered a call with an error, or with something that is no answer to it."""


class Unanswered(Refused):
    """The station did not answer a call, and said other things meanwhile: its link is up."""


class Link(OcppChargePoint):
    """The central system's side. `first_frame` is set once the station says anything, `signs` counts what it says."""

    def __init__(self, station: Station, socket: Socket, clock: Clock) -> None:
        charge_point_id = station.charge_point.charge_point_id
        super().__init__(charge_point_id, socket, ANSWERED_S, _frames)  # type: ignore[no-untyped-call]
        self.station = station
        self.first_frame = asyncio.Event()
        self.signs = 0
        self._socket = socket
        self._clock = clock
        self._calls = 0
        self._awaited: str | None = None
        self._nonsense = 0
        self.route_map = {
            action: {"_on_action": answer, "_skip_schema_validation": True}
            for action, answer in {
                "Authorize": self._authorize,
                "BootNotification": self._boot,
                "DataTransfer": self._transfer,
                "DiagnosticsStatusNotification": self._diagnostics,
                "FirmwareStatusNotification": self._firmware,
                "Heartbeat": self._heartbeat,
                "MeterValues": self._meter_values,
                "StartTransaction": self._start,
                "StatusNotification": self._status,
                "StopTransaction": self._stop,
            }.items()
        }

    async def listen(self) -> None:
        """Take frames until the socket closes, which is raised, or the station sends nothing but nonsense."""
        allowance, counted_at = float(BURST), self._clock.steady()
        while self._nonsense < NONSENSE:
            frame = await self._socket.recv()
            now = self._clock.steady()
            allowance = min(BURST, allowance + (now - counted_at).total_seconds() * A_SECOND) - 1
            counted_at = now
            self.first_frame.set()
            self.signs += 1
            self._nonsense += 1
            try:
                await self.route_message(frame)
            except ConnectionClosed:
                raise
            except Exception as error:
                # The package does not foresee every frame: an action that is a list, a list too deep.
                _logger.info("%s sent a frame of which nothing can be made: %s", self.id, type(error).__name__)
            if self._nonsense == 0:
                self.station.alive()
            if allowance < 0:
                await self._clock.sleep_until(self._clock.now() + timedelta(seconds=1 / A_SECOND))
        _logger.warning("The link of %s is given up: %d frames in a row made no sense", self.id, NONSENSE)
        await self._socket.close(1008, "frames that make no sense")

    async def route_message(self, raw_msg: str | bytes) -> None:
        """Let only the answer that is waited for through to who waits: others would queue up."""
        if isinstance(raw_msg, bytes):
            return
        head = raw_msg[:100].replace(" ", "")
        if head.startswith(("[3", "[4")):
            if self._awaited is None or f'"{self._awaited}"' not in head:
                return
            self._awaited = None
            self._nonsense = 0
        await super().route_message(raw_msg)  # type: ignore[no-untyped-call]

    async def ask(self, request: object) -> Any:
        """Call the station; returns its answer. Raises Refused and what the socket raises, TimeoutError where nothing
        comes from the station at all.
        """
        self._calls, signs = self._calls + 1, self.signs
        self._awaited = f"{self._calls}-{int(self._clock.now().timestamp())}"
        try:
            return await self.call(  # type: ignore[no-untyped-call]
                request, suppress=False, unique_id=self._awaited, skip_schema_validation=True
            )
        except TimeoutError:
            if self.signs > signs:
                raise Unanswered(f"no answer within {ANSWERED_S:.0f} s") from None
            raise
        except ConnectionClosed:
            raise
        except Exception as error:
            raise Refused(f"{type(error).__name__}: {error}"[:200]) from None
        finally:
            self._awaited = None

    async def close(self, reason: str) -> None:
        """End the link."""
        await self._socket.close(1000, reason)

    # --- what stations call; the keywords are the payload's, in snake case ---------------------------------------

    def _authorize(self, **_: object) -> call_result.Authorize:
        self._makes_sense()
        return call_result.Authorize(id_tag_info=ADMITTED)

    def _boot(self, **_: object) -> call_result.BootNotification:
        self._makes_sense()
        self.station.booted()
        return call_result.BootNotification(
            current_time=self._time(), interval=HEARTBEAT_S, status=RegistrationStatus.accepted
        )

    def _heartbeat(self, **_: object) -> call_result.Heartbeat:
        self._makes_sense()
        return call_result.Heartbeat(current_time=self._time())

    def _status(self, **payload: object) -> call_result.StatusNotification:
        number, status = _read(_CONNECTOR, payload, "connector_id"), _read(_TEXT, payload, "status")
        self._makes_sense()
        self.station.status_said(number, status[:64], payload.get("timestamp"))
        return call_result.StatusNotification()

    def _meter_values(self, **payload: object) -> call_result.MeterValues:
        number = _read(_CONNECTOR, payload, "connector_id")
        self._makes_sense()
        self.station.measured(number, payload.get("meter_value"), payload.get("transaction_id"))
        return call_result.MeterValues()

    def _start(self, **payload: object) -> call_result.StartTransaction:
        number, tag = _read(_CONNECTOR, payload, "connector_id"), payload.get("id_tag")
        self._makes_sense()
        transaction_id = self.station.transaction_began(
            number, str(tag)[:64] if tag is not None else None, payload.get("timestamp"), payload.get("meter_start")
        )
        return call_result.StartTransaction(transaction_id=transaction_id, id_tag_info=ADMITTED)

    def _stop(self, **payload: object) -> call_result.StopTransaction:
        self._makes_sense()
        self.station.transaction_ended(payload.get("transaction_id"))
        return call_result.StopTransaction()

    def _transfer(self, **_: object) -> call_result.DataTransfer:
        self._makes_sense()
        return call_result.DataTransfer(status=DataTransferStatus.unknown_vendor_id)

    def _diagnostics(self, **_: object) -> call_result.DiagnosticsStatusNotification:
        self._makes_sense()
        return call_result.DiagnosticsStatusNotification()

    def _firmware(self, **_: object) -> call_result.FirmwareStatusNotification:
        self._makes_sense()
        return call_result.FirmwareStatusNotification()

    def _makes_sense(self) -> None:
        self._nonsense = 0

    def _time(self) -> str:
        return self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(kind: TypeAdapter[T], payload: Mapping[str, object], name: str) -> T:
    try:
        return kind.validate_python(payload.get(name), strict=True)
    except ValidationError:
        raise FormationViolationError(details={"cause": f"{name} is missing or of another type"}) from None
