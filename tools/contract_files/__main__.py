"""Writes the files under `contracts`, unless that would break what others were given. Run it with `make contracts`."""

import asyncio
import sys
from pathlib import Path

from tools.contract_files.compatibility import AGREED, breaks
from tools.contract_files.files import CONTRACTS, committed_schemas, contract_files
from tools.contract_files.schemas import schemas


def main(contracts: Path = CONTRACTS) -> int:
    """1 where a schema would take something back: that is a new version of its type, beside the old one."""
    broken = [each for each in breaks(committed_schemas(contracts), schemas()) if each not in AGREED]
    if broken:
        print("Nothing was written. Within a version of a type these changes break its users:", *broken, sep="\n  ")
        return 1
    for path, text in asyncio.run(contract_files()).items():
        (contracts / path).parent.mkdir(parents=True, exist_ok=True)
        (contracts / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
