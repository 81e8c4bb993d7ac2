"""Times as the contract writes them."""

from datetime import datetime


def rfc3339(instant: datetime) -> str:
    """An instant in UTC, like `2026-11-22T08:00:00Z`."""
    return instant.isoformat().replace("+00:00", "Z")
