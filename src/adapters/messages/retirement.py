"""`microgrid.retirement.v1` on the wire (SITE-9)."""

from typing import Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.messages.scalars import Id
from application.ports.bus import Retirement

MICROGRID_RETIREMENT: Final = "microgrid.retirement.v1"


class MicrogridRetirementV1(TypedDict):
    """A depot that closed."""

    microgrid_id: Id
    """The microgrid, one depot's electrical system; the key of the message."""


_RETIREMENT: Final = TypeAdapter(MicrogridRetirementV1)


def read_retirement(data: object) -> Retirement:
    """Parsed JSON as a retirement. Raises pydantic's ValidationError."""
    return Retirement(_RETIREMENT.validate_python(data)["microgrid_id"])
