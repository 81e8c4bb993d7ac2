"""JSON as this service reads it, and what is wrong with a shape, as faults that point at their place."""

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from domain.site.configuration import Fault

BRANCH_MARK: Final = "."
"""Stands in the tag of every branch of a union, and in no key: pydantic puts the tag into the location."""


class NotJson(Exception):
    """Bytes that are no JSON text, or one over the limits of the parser."""


def parse(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8 without a mark. Of a name that occurs twice in one object the last counts.

    A number with zero fraction becomes an integer, any other a float (`1e400` an infinite one). Raises NotJson,
    also for nesting about 1,000 deep, and nothing else.
    """
    return _parse(raw, _DECODER)


def faults(error: ValidationError) -> tuple[Fault, ...]:
    """What pydantic found, as `malformed` faults with JSON pointers. Nothing of the input is repeated."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(Fault("malformed", _pointer(detail["loc"]), detail["msg"]) for detail in details)


def summary(found: Sequence[Fault]) -> str:
    """The first fault in a sentence, and how many more there are."""
    first, *others = found
    more = f" ({len(others)} more)" if others else ""
    return f"{first.path or 'The whole'}: {first.message}{more}."


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location if BRANCH_MARK not in str(part))


def _parse(raw: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise NotJson(f"The text is not UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        where = f"in line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"at character {error.pos}"
        raise NotJson(f"{error.msg} {where}.") from error
    except RecursionError as error:
        raise NotJson("The values are nested too deep.") from error
    except ValueError:
        # int() refuses thousands of digits. They are JSON all the same: whoever asks for the number refuses it.
        return _parse(raw, _DECODER_OF_HUGE_NUMBERS)


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _constant(text: str) -> float:
    raise NotJson(f"{text} is no JSON number.")


_DECODER: Final = json.JSONDecoder(parse_float=_number, parse_constant=_constant)
_DECODER_OF_HUGE_NUMBERS: Final = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_constant)
