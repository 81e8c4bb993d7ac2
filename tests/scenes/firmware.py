"""What a charger makes of the limits that it is told. Power is watts, times are seconds of the run."""

from dataclasses import dataclass

AMPERE_W = 3 * 230
"""What a charge point calls an ampere: one on each of three phases of 230 V."""


class Firmware:
    """What is in force at a connector, by what it was told: exactly that."""

    def told(self, limit_w: int, second: int) -> None:
        """A setpoint arrives; it is obeyed after the charger's lag."""

    def plugged_in(self) -> None:
        """A session begins."""

    def in_force_w(self, limit_w: int, second: int) -> int:
        """What is in force where this is what would be obeyed now."""
        return limit_w


@dataclass
class RoundsDown(Firmware):
    """Takes limits in steps."""

    step_w: int = AMPERE_W

    def in_force_w(self, limit_w: int, second: int) -> int:
        return limit_w // self.step_w * self.step_w


@dataclass
class IgnoresFrom(Firmware):
    """Ignores every limit from some second on."""

    since: int
    rating_w: int

    def in_force_w(self, limit_w: int, second: int) -> int:
        return self.rating_w if second >= self.since else limit_w


@dataclass
class ForgetsAfterZero(Firmware):
    """Takes the first limit after a 0 for none, and the next one as it is."""

    lag_s: int
    rating_w: int
    _last_w: int | None = None
    _forgot: bool = False
    _remembers_at: int | None = None

    def told(self, limit_w: int, second: int) -> None:
        if limit_w > 0 and self._last_w == 0:
            self._forgot = True
        elif limit_w > 0 and self._forgot:
            self._remembers_at = second + self.lag_s
        self._last_w = limit_w

    def in_force_w(self, limit_w: int, second: int) -> int:
        if self._remembers_at is not None and second >= self._remembers_at:
            self._forgot, self._remembers_at = False, None
        return self.rating_w if self._forgot and limit_w > 0 else limit_w


@dataclass
class ResetsWithSessions(Firmware):
    """Loses its limit when a session begins, until it is told again."""

    lag_s: int
    rating_w: int
    _lost: bool = False
    _back_at: int | None = None

    def plugged_in(self) -> None:
        self._lost, self._back_at = True, None

    def told(self, limit_w: int, second: int) -> None:
        if self._lost and self._back_at is None:
            self._back_at = second + self.lag_s

    def in_force_w(self, limit_w: int, second: int) -> int:
        if self._back_at is not None and second >= self._back_at:
            self._lost, self._back_at = False, None
        return self.rating_w if self._lost else limit_w


@dataclass
class Spikes(Firmware):
    """Lets a vehicle have `spike_w` for six seconds after each new limit above 0."""

    spike_w: int
    _last_w: int | None = None
    _until: int = 0

    def in_force_w(self, limit_w: int, second: int) -> int:
        if limit_w != self._last_w and limit_w > 0:
            self._until = second + 6
        self._last_w = limit_w
        return max(limit_w, self.spike_w) if limit_w > 0 and second < self._until else limit_w
