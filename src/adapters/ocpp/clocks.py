"""The clock of a station, seen from ours: minutes to an hour off, or local time with a Z behind it."""

from datetime import datetime, timedelta

TOLERATED = timedelta(seconds=5)
"""What a message may have been on its way, and what clocks differ by that were set."""


class StationClock:
    """How far a station's clock is ahead. A time from it tells that only where it was surely just taken.

    A time after its receipt shows a clock that is ahead. One before it may be a reading that the station kept over an
    outage, unless the gateway had just asked for it.
    """

    def __init__(self) -> None:
        self.ahead = timedelta()

    def learn(self, stamped: datetime, received: datetime, *, just_taken: bool) -> None:
        """Look at a time that the station wrote."""
        ahead = stamped - received
        if ahead > self.ahead + TOLERATED or (just_taken and abs(ahead - self.ahead) > TOLERATED):
            self.ahead = timedelta() if abs(ahead) <= TOLERATED else ahead

    def was_set(self) -> None:
        """The station was told the time: until it shows otherwise its clock is right."""
        self.ahead = timedelta()

    def ours(self, stamped: datetime | None, received: datetime) -> datetime:
        """When something was measured, by our clock; at its receipt where the station does not say, at the latest."""
        return received if stamped is None else min(stamped - self.ahead, received)

    def theirs(self, instant: datetime) -> datetime:
        """One of our instants by the station's clock."""
        return instant + self.ahead
