"""What is kept of stations in a file of its own, and how passwords are kept in theirs."""

import sqlite3
from pathlib import Path

import pytest

from adapters.ocpp.abilities import Abilities, Unit
from adapters.ocpp.kept import Kept, Transaction, UnusableMemory
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.passwords import Passwords, UnusablePasswords, hashed
from tests.builders import EIGHT


def test_what_is_kept_outlives_the_process_and_belongs_to_one_microgrid(tmp_path: Path) -> None:
    kept = Kept(Abilities(Unit.AMPERES, 1, True, False), {1: "Charging"}, {1: Transaction(4, "TAG", EIGHT)}, {1: 4200})
    LinkMemory(tmp_path / "links.db", "depot").keep("cp-1", kept)
    assert LinkMemory(tmp_path / "links.db", "depot").load() == {"cp-1": kept}
    assert LinkMemory(tmp_path / "links.db", "other").load() == {}


def test_transaction_ids_go_on_over_restarts(tmp_path: Path) -> None:
    before = [LinkMemory(tmp_path / "links.db", "depot").new_transaction_id() for _ in range(3)]
    assert before == [1, 2, 3]


def test_a_file_of_another_schema_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "links.db"
    LinkMemory(path, "depot").close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(UnusableMemory, match="schema number 99"):
        LinkMemory(path, "depot")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "links.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UnusableMemory):
        LinkMemory(tmp_path / "links.db", "depot")


def test_a_password_is_kept_as_its_hash_and_admits_its_station_alone(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text(f"# chargers\n\n{hashed('cp:1', 'secret')}\n{hashed('cp-2', 'other')}\n")
    passwords = Passwords.read(path)
    assert "secret" not in path.read_text()
    assert passwords.admits("cp:1", "secret")
    assert not passwords.admits("cp:1", "other")
    assert not passwords.admits("cp-9", "secret")


@pytest.mark.parametrize(
    "line", ["cp-1 secret", "cp-1", "cp-1 scrypt$short$x", "cp-1 scrypt$AAAAAAAAA$AAAAAAAAAAAAAAAAAAAAA"]
)
def test_a_file_with_a_line_that_is_no_hash_is_refused_without_repeating_it(tmp_path: Path, line: str) -> None:
    (tmp_path / "passwords").write_text(line)
    with pytest.raises(UnusablePasswords, match="line 1") as refused:
        Passwords.read(tmp_path / "passwords")
    assert "secret" not in str(refused.value)
