"""What is kept of a station over its links and over the gateway's own life: a small SQLite file of its own.

It holds what a station cannot be asked for again: its running transactions, what it was found to do, the fallback that
lies in it. Setpoints are not kept: the newest cycle on the bus has them.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from adapters.ocpp.kept import Kept, UnusableMemory

SCHEMA: Final = 1
"""Rises when what is kept changes its shape; a file of another number is refused."""

FIRST_TRANSACTION: Final = 1
LAST_TRANSACTION: Final = 2**31 - 1
"""OCPP leaves it open; stations keep four bytes."""


_KEPT: Final = TypeAdapter(Kept)


class LinkMemory:
    """What is kept of the stations of one microgrid."""

    def __init__(self, path: Path | str, microgrid_id: str) -> None:
        """Opens the file, or makes it; `:memory:` keeps nothing beyond the process. Raises UnusableMemory."""
        self._microgrid_id = microgrid_id
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare()
        except sqlite3.Error as error:
            raise UnusableMemory(f"{path}: {error}") from error

    def load(self) -> Mapping[str, Kept]:
        """By charge point. Raises UnusableMemory."""
        rows = self._database.execute(
            "SELECT charge_point_id, kept FROM stations WHERE microgrid_id = ?", (self._microgrid_id,)
        )
        try:
            return {charge_point_id: _KEPT.validate_json(kept) for charge_point_id, kept in rows}
        except ValidationError as error:
            raise UnusableMemory(f"what is kept of a station has another shape: {error.title}") from None

    def keep(self, charge_point_id: str, kept: Kept) -> None:
        """Write down what is known now; it outlives the process once this returns."""
        self._database.execute(
            "INSERT INTO stations VALUES (?, ?, ?) "
            "ON CONFLICT (microgrid_id, charge_point_id) DO UPDATE SET kept = excluded.kept",
            (self._microgrid_id, charge_point_id, _KEPT.dump_json(kept).decode()),
        )

    def new_transaction_id(self) -> int:
        """One that no station of this microgrid was given before."""
        row = self._database.execute(
            "INSERT INTO transactions VALUES (?, ?) "
            "ON CONFLICT (microgrid_id) DO UPDATE SET last_id = last_id % ? + 1 RETURNING last_id",
            (self._microgrid_id, FIRST_TRANSACTION, LAST_TRANSACTION),
        ).fetchone()
        return int(row[0])

    def close(self) -> None:
        self._database.close()

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        (found,) = self._database.execute("PRAGMA user_version").fetchone()
        if found not in (0, SCHEMA):
            raise UnusableMemory(f"it has schema number {found}, and this release reads {SCHEMA}")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS stations (microgrid_id TEXT NOT NULL, charge_point_id TEXT NOT NULL, "
            "kept TEXT NOT NULL, PRIMARY KEY (microgrid_id, charge_point_id))"
        )
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS transactions (microgrid_id TEXT PRIMARY KEY, last_id INTEGER NOT NULL)"
        )
        self._database.execute(f"PRAGMA user_version = {SCHEMA}")
