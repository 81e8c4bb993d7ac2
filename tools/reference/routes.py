"""The routes of the API, by its description."""

import json
from pathlib import Path
from typing import Final

from tools.reference.tables import table

DESCRIPTION: Final = Path(__file__).resolve().parents[2] / "contracts" / "openapi.json"

HEAD: Final = """# HTTP routes

What `busbar api`, a live demo and `busbar run` serve. `contracts/openapi.json` describes every answer to the last
field, and is served at `/openapi.json`. The rules are in the [specification](specification/http.md).
"""


def routes() -> str:
    """The page of the routes."""
    described = json.loads(DESCRIPTION.read_text("utf-8"))
    rows = (
        [f"`{method.upper()} {path}`", operation.get("summary", ""), _first_paragraph(operation)]
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    )
    return f"{HEAD}\n{table(('route', 'does', 'answers'), rows)}"


def _first_paragraph(operation: dict[str, str]) -> str:
    return operation.get("description", "").split("\n\n")[0]
