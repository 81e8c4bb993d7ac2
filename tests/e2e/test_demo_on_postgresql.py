"""`busbar` on PostgreSQL: the same depot, the same decisions, the same answers as on SQLite."""

from pathlib import Path

from tests.databases import sqlite_url
from tests.e2e.processes import run
from tests.services.processes import free_port

DEPOT = "joondalup-small"
EVENING = ("demo", "--headless", "--json", "--scenario", DEPOT, "--seed", "1", "--for", "2m")


def test_the_demo_decides_and_answers_alike_on_both_databases(home: Path, empty_postgresql_url: str) -> None:
    answers = []
    for url in (sqlite_url(home / "busbar.sqlite3"), empty_postgresql_url):
        variables = {"BUSBAR_DATABASE_URL": url}
        ended = [
            run(home, *arguments, variables=variables)
            for arguments in (("migrate",), EVENING, EVENING, ("status", DEPOT, "--json"), ("status", "--json"))
        ]
        assert [each.code for each in ended] == [0] * 5, [each.err for each in ended]
        answers.append([each.out for each in ended])

    assert answers[0] == answers[1]


def test_a_database_that_is_away_is_one_sentence_and_exit_2(home: Path) -> None:
    away = f"postgresql+asyncpg://busbar:secret@127.0.0.1:{free_port()}/busbar"
    for command in (("migrate",), EVENING, ("status",)):
        ended = run(home, *command, variables={"BUSBAR_DATABASE_URL": away})
        assert ended.code == 2
        (complaint,) = ended.complaints
        assert "BUSBAR_DATABASE_URL" in complaint
        assert "secret" not in complaint
