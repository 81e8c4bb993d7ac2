"""Data held against a JSON Schema, formats included."""

from datetime import datetime
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_an_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def complaints(data: object, schema: dict[str, Any]) -> list[str]:
    """What is wrong, and where."""
    found = Draft7Validator(schema, format_checker=FORMATS).iter_errors(data)
    return [f"{error.json_path}: {error.message}" for error in found]
