"""Units: power is whole watts, import positive; energy is whole watt-hours."""

from typing import TypeAlias

Watts: TypeAlias = int
WattHours: TypeAlias = int

MAX_MAGNITUDE = 10**12
"""The largest accepted magnitude of a `_w` or `_wh` figure (CONV-5)."""

NO_LIMIT: Watts = 1 << 62
"""The capacity of a node that limits nothing; above any sum of accepted figures."""
