"""Who leaves when: a plan in CSV, joined to the sessions of the vehicles that are there (CLI-30)."""

import asyncio
import csv
import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from adapters.messages.parsing import faults
from adapters.messages.scalars import Instant, Integer, Limit

LOOKS_EVERY_S: Final = 1.0

COLUMNS: Final = ("connector", "departs_at", "energy_needed_wh", "priority")

LONGEST_NUMBER: Final = 100
"""In characters. Python refuses to read thousands of digits."""

_logger = logging.getLogger(__name__)


IdTagOf: TypeAlias = Callable[[str, int], str | None]
"""The id tag with which a vehicle charges at a connector of a charge point, where that is known."""


def no_id_tag(charge_point_id: str, connector_id: int) -> None:
    """Nobody knows of id tags."""


class UnusablePlan(Exception):
    """A plan that cannot be read; the message names the line."""


class _Row(TypedDict):
    departs_at: Instant | None
    energy_needed_wh: Limit | None
    priority: Integer | None


_ROW: Final = TypeAdapter(_Row)


@dataclass(frozen=True, slots=True)
class Departure:
    """What is planned for the vehicle at a connector, or for the one that charges with an id tag. Null is not known."""

    departs_at: str | None
    energy_needed_wh: int | None
    priority: int | None


class Plan:
    """Departures by `CHARGE_POINT/CONNECTOR` or by id tag."""

    def __init__(self, departures: Mapping[str, Departure]) -> None:
        self._departures = departures

    @classmethod
    def read(cls, text: str) -> "Plan":
        """A plan in CSV with the columns `connector`, `departs_at`, `energy_needed_wh` and `priority`.

        An empty cell says nothing. Raises UnusablePlan.
        """
        rows = csv.DictReader(io.StringIO(text))
        departures = {}
        try:
            missing = set(COLUMNS[:1]) - set(rows.fieldnames or ())
            if missing:
                raise UnusablePlan(f"line 1: there is no column {', '.join(missing)}")
            for row in rows:
                departures[(row["connector"] or "").strip()] = _departure(row, rows.line_num)
        except csv.Error as error:
            raise UnusablePlan(f"line {max(1, rows.line_num)}: {error}") from None
        return cls(departures)

    def of(self, *keys: str | None) -> Departure | None:
        """What is planned under the first of these keys that the plan has."""
        return next((self._departures[key] for key in keys if key is not None and key in self._departures), None)

    def joined(self, payload: dict[str, Any], id_tag_of: IdTagOf = no_id_tag) -> dict[str, Any]:
        """Telemetry of a charge point with what is planned put into its sessions, where they do not say it."""
        charge_point_id = payload.get("charge_point_id", "")
        for connector in payload.get("connectors", ()):
            session, number = connector.get("session"), connector["connector_id"]
            departure = self.of(f"{charge_point_id}/{number}", id_tag_of(charge_point_id, number))
            if session is not None and departure is not None:
                planned = {key: value for key, value in asdict(departure).items() if value is not None}
                stated = {key: value for key, value in session.items() if value is not None}
                connector["session"] = session | planned | stated
        return payload


def _departure(row: Mapping[str, str | None], line: int) -> Departure:
    cells = {key: (row.get(key) or "").strip() or None for key in COLUMNS[1:]}
    whole = {key: _whole(cells[key]) for key in ("energy_needed_wh", "priority")}
    try:
        _ROW.validate_python(cells | whole)
    except ValidationError as error:
        first = faults(error)[0]
        raise UnusablePlan(f"line {line}: {(first.path or '').strip('/')}: {first.message}") from None
    return Departure(cells["departs_at"], *whole.values())


def _whole(cell: str | None) -> Any:
    """An integer where the cell is one that may be stated, else the cell, which is then refused."""
    is_whole = cell is not None and len(cell) <= LONGEST_NUMBER and cell.removeprefix("-").isdecimal()
    return int(cell) if cell is not None and is_whole else cell


class PlanFile:
    """A plan in a file, read again when the file is saved; without a file nothing is planned."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._read_at: float | None = None
        self._plan = Plan({})

    def joined(self, payload: dict[str, Any], id_tag_of: IdTagOf = no_id_tag) -> dict[str, Any]:
        """Telemetry of a charge point with what is planned now put into its sessions."""
        return self._plan.joined(payload, id_tag_of)

    def read(self) -> None:
        """Raises UnusablePlan and OSError."""
        if self._file is None:
            return
        saved_at = self._file.stat().st_mtime
        if saved_at != self._read_at:
            self._read_at = saved_at
            self._plan = Plan.read(self._file.read_text("utf-8"))

    async def keep_reading(self) -> None:
        """Look at the file for ever. One that cannot be read is logged; the last good plan stays."""
        while self._file is not None:
            await asyncio.sleep(LOOKS_EVERY_S)
            try:
                await asyncio.to_thread(self.read)
            except (UnusablePlan, OSError, UnicodeDecodeError) as error:
                _logger.warning("The plan %s is not taken: %s", self._file, error)
