"""The buses of a depot: who plugs in and leaves in which second, and how they fared."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from adapters.simulation.ideal import IdealDepot
from adapters.simulation.sockets import Socket
from adapters.simulation.vehicle import Vehicle, Visit


class Fleet:
    """Plays streams of visits, one per socket and in the same order, at the sockets and at their ideal twins."""

    def __init__(self, sockets: Sequence[Socket], streams: Sequence[Iterator[Visit]], ideal: IdealDepot) -> None:
        self.departed = 0
        self._departed_ready = 0
        self._ideal = ideal
        self._bays = [_Bay(socket, stream) for socket, stream in zip(sockets, streams, strict=True)]

    @property
    def ready(self) -> int:
        """Vehicles that have taken in the energy they need so far, departed or still there."""
        present = (bay.socket.vehicle for bay in self._bays)
        return self._departed_ready + sum(vehicle.ready for vehicle in present if vehicle is not None)

    def tick(self, now: datetime) -> None:
        """Let leave and arrive whoever is due."""
        for bay in self._bays:
            vehicle = bay.socket.vehicle
            if vehicle is not None and now >= vehicle.visit.departs_at:
                self.departed += 1
                self._departed_ready += vehicle.ready
                bay.socket.unplug()
                self._ideal.unplug(bay.socket.outlet)
            if bay.expected is not None and now >= bay.expected.arrives_at:
                bay.socket.plug_in(Vehicle(bay.expected))
                self._ideal.plug_in(bay.socket.outlet, bay.expected)
                bay.expected = next(bay.stream, None)


class _Bay:
    """A socket and who comes to it next."""

    __slots__ = ("expected", "socket", "stream")

    def __init__(self, socket: Socket, stream: Iterator[Visit]) -> None:
        self.socket = socket
        self.stream = stream
        self.expected = next(stream, None)
