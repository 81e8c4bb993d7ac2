"""The names of the IANA time zone database, in the edition that is installed with this service."""

from functools import cache
from importlib.resources import files


@cache
def time_zones() -> frozenset[str]:
    """The names of all zones, as `Australia/Perth`."""
    return frozenset((files("tzdata") / "zones").read_text("utf-8").split())
