"""The scalar values of the wire (CONV-1 to CONV-6): what is accepted, and how far it may go.

`parsing.parse` has made integers of numbers with zero fraction before; nothing is coerced here.
"""

import math
import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.site.identifiers import ID_PATTERN
from domain.site.power import MAX_MAGNITUDE

_IS_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
).fullmatch
_DURATION_LIMIT: Final = 10**9
_FIRST_CLOCK_YEAR: Final = MINYEAR + 100
_LAST_CLOCK_YEAR: Final = MAXYEAR - 100


def instant(value: object) -> datetime:
    """A time of RFC 3339 in UTC. Raises PydanticCustomError, a ValueError, for anything else."""
    if isinstance(value, str) and _IS_RFC3339(value):
        try:
            parsed = datetime.fromisoformat(value.upper())
            return parsed if parsed.tzinfo is UTC else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise PydanticCustomError("instant", "Input should be a time of RFC 3339 with a zone")


def clock_reading(value: object) -> datetime:
    """The same, of a year that a clock can show."""
    parsed = instant(value)
    if not _FIRST_CLOCK_YEAR <= parsed.year <= _LAST_CLOCK_YEAR:
        raise PydanticCustomError("clock_reading", "Input should be a time that a clock can show")
    return parsed


def rounded(number: float) -> int:
    """The nearest whole number, halves up."""
    whole = math.floor(number)
    return whole + 1 if number - whole >= 0.5 else whole


def _rounded(value: object) -> object:
    """A number as a whole one; what is none is left to be refused."""
    return rounded(value) if isinstance(value, float) and math.isfinite(value) else value


def _session_id(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_SHORT_TEXT: Final = r"^[^\x00]{0,64}$"

# No control characters, line breaks or embeddings and overrides of direction: none makes one name look like another.
_PLAIN_TEXT: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"

_DATE_TIME: Final = WithJsonSchema({"type": "string", "format": "date-time"})

_NUMBER: Final = WithJsonSchema({"type": "number", "minimum": -MAX_MAGNITUDE, "maximum": MAX_MAGNITUDE})
_LIMIT_NUMBER: Final = WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_MAGNITUDE})

Id: TypeAlias = Annotated[str, Field(strict=True, pattern=ID_PATTERN)]

# PostgreSQL stores no NUL in text: refused here, it cannot stop a partition there.
Text: TypeAlias = Annotated[str, Field(strict=True, pattern=r"^[^\x00]*$")]

Name: TypeAlias = Annotated[str, Field(strict=True, max_length=200, pattern=_PLAIN_TEXT)]
"""Free text of one line, shown to people."""

# Every event repeats the status of every connector: its length is bounded so that events are.
Status: TypeAlias = Annotated[str, Field(strict=True, pattern=_SHORT_TEXT)]

# A pattern, as generators have no name for a type of two words that may be null.
RateUnit: TypeAlias = Annotated[str, Field(strict=True, pattern=r"^[WA]$")]

Flag: TypeAlias = Annotated[bool, Field(strict=True)]

Integer: TypeAlias = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
"""A sequence, a version, a priority: what a database keeps in eight bytes."""

ConnectorNumber: TypeAlias = Annotated[int, Field(strict=True, ge=1, lt=2**31)]

ReportedConnectorNumber: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
"""In telemetry 0 too: OCPP's number for the whole station."""

Figure: TypeAlias = Annotated[int, Field(strict=True, ge=-MAX_MAGNITUDE, le=MAX_MAGNITUDE)]
"""Watts or watt-hours, of either sign."""

Limit: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MAX_MAGNITUDE)]
"""Watts that a charger asks for or reports as its limit."""

MeasuredFigure: TypeAlias = Annotated[Figure, BeforeValidator(_rounded), _NUMBER]
"""Watts or watt-hours in telemetry: any number, rounded to the nearest whole, halves up."""

MeasuredLimit: TypeAlias = Annotated[Limit, BeforeValidator(_rounded), _LIMIT_NUMBER]
"""The same, not negative once it is rounded."""

SessionId: TypeAlias = Annotated[
    str,
    BeforeValidator(_session_id),
    Field(strict=True, pattern=_SHORT_TEXT),
    WithJsonSchema({"title": "SessionId", "anyOf": [{"type": "string", "pattern": _SHORT_TEXT}, {"type": "integer"}]}),
]
"""Text, or an integer, as which OCPP 1.6 has its transactions; that is kept as its decimal text."""

Seconds: TypeAlias = Annotated[int, Field(strict=True, ge=-_DURATION_LIMIT, le=_DURATION_LIMIT)]
"""A duration of at most some thirty years."""

Instant: TypeAlias = Annotated[datetime, PlainValidator(instant), _DATE_TIME]
"""Any instant, in UTC."""

ClockReading: TypeAlias = Annotated[datetime, PlainValidator(clock_reading), _DATE_TIME]
"""An instant a century or more from either end of the calendar: adding any `Seconds` to it cannot overflow."""
