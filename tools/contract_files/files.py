"""What belongs under `contracts`."""

import json
from pathlib import Path
from typing import Any

from tools.contract_files.asyncapi import asyncapi
from tools.contract_files.examples import examples
from tools.contract_files.schemas import Schema, schemas

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


async def contract_files() -> dict[str, str]:
    """Path below `contracts` -> text. The same every time."""
    data, said = schemas(), await examples()
    return {
        **{f"schemas/{name}.json": _text(schema) for name, schema in data.items()},
        **{f"examples/{example.file}": _text(message) for example, message in said.items()},
        "asyncapi.yaml": asyncapi(data, said),
    }


def committed_schemas(contracts: Path = CONTRACTS) -> dict[str, Schema]:
    """CloudEvents type -> the schema that others were given."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(contracts.glob("schemas/*.json"))}


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
