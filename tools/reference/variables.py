"""The environment variables of a process, by the model that reads them."""

import json
from collections.abc import Mapping
from typing import Any, Final

from entrypoints.settings import Settings
from tools.reference.tables import table

PREFIX: Final = "BUSBAR_"

HEAD: Final = """# Settings of a process

The environment variables that a process reads, and their defaults. A file `.env` in the folder that the process is
started in is read too; a variable goes before the file. What each means is
[ENV-2](specification/settings.md#env-2-variables).
"""


def variables() -> str:
    """The page of the variables."""
    fields = Settings.model_json_schema()["properties"]
    rows = ([f"`{PREFIX}{name.upper()}`", _values(field), _default(field)] for name, field in fields.items())
    return f"{HEAD}\n{table(('variable', 'values', 'default'), rows)}"


def _values(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_values(each) for each in field["anyOf"] if each["type"] != "null")
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    match field["type"]:
        case "boolean":
            return "`true`, `false`"
        case "integer":
            return f"{field['minimum']} to {field['maximum']}"
        case "array":
            return "words, separated by commas"
    return "a file" if field.get("format") == "file-path" else "text"


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if default in (None, []):
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
