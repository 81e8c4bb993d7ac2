"""The other commands, help, and bad usage."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from entrypoints.cli.main import busbar
from tests.e2e.processes import PATIENCE_S, environment, run
from tests.services.processes import free_port

COMMANDS = [
    "configure",
    "demo",
    "events",
    "migrate",
    "project",
    "rebalance",
    "replay",
    "scenarios",
    "simulate",
    "worker",
]


def test_scenarios_are_listed_for_programs(home: Path) -> None:
    """Holds CLI-16."""
    ended = run(home, "scenarios", "--json")
    assert (ended.code, ended.complaints) == (0, [])
    (line,) = ended.lines
    listed = json.loads(line)

    assert list(listed) == ["scenarios", "faults"]
    assert {"malaga", "joondalup-small"} <= {each["name"] for each in listed["scenarios"]}
    for each in (*listed["scenarios"], *listed["faults"]):
        assert list(each) == ["name", "summary"]
        assert each["summary"].endswith(".")


def test_scenarios_are_listed_for_people_with_a_sentence_each(home: Path) -> None:
    people, programs = run(home, "scenarios"), run(home, "scenarios", "--json")
    assert people.code == 0
    for each in json.loads(programs.out)["scenarios"]:
        assert any(re.match(rf" *{each['name']} +{re.escape(each['summary'])}$", line) for line in people.lines)


def test_migrate_makes_the_tables_as_often_as_one_likes(home: Path) -> None:
    """Holds CLI-23."""
    file = home / "busbar.sqlite3"
    variables = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{file}"}

    def tables() -> list[tuple[str]]:
        with closing(sqlite3.connect(file)) as database:
            return database.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()

    assert run(home, "migrate", variables=variables).code == 0
    made = tables()
    assert made
    assert run(home, "migrate", variables=variables).code == 0
    assert tables() == made


def test_migrate_asks_which_database(home: Path) -> None:
    ended = run(home, "migrate")
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_DATABASE_URL" in complaint


@pytest.mark.parametrize(
    "arguments", [("worker",), ("project",), ("events",), ("simulate",), ("configure", "site.json")]
)
def test_a_command_on_the_bus_asks_which_brokers(home: Path, arguments: tuple[str, ...]) -> None:
    (home / "site.json").write_text("{}")
    ended = run(home, *arguments, variables={"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'busbar.sqlite3'}"})
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_KAFKA_BOOTSTRAP_SERVERS" in complaint


@pytest.mark.parametrize("arguments", [("migrate",), ("events",)])
def test_brokers_that_are_away_are_named_in_one_line(home: Path, arguments: tuple[str, ...]) -> None:
    variables = {
        "BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'busbar.sqlite3'}",
        "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
    }
    ended = run(home, *arguments, variables=variables)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_KAFKA_BOOTSTRAP_SERVERS" in complaint


def test_migrate_names_a_database_it_cannot_use_in_one_line(home: Path) -> None:
    (home / "text").write_text("This is no database.")
    ended = run(home, "migrate", variables={"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'text'}"})
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_DATABASE_URL" in complaint


def test_a_setting_may_stand_in_a_file_and_the_environment_goes_before_it(home: Path) -> None:
    """Holds ENV-1."""
    (home / ".env").write_text(f"BUSBAR_DATABASE_URL=sqlite+aiosqlite:///{home / 'of-the-file.sqlite3'}\n")
    assert run(home, "migrate").code == 0
    assert (home / "of-the-file.sqlite3").exists()

    variables = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'of-the-environment.sqlite3'}"}
    assert run(home, "migrate", variables=variables).code == 0
    assert (home / "of-the-environment.sqlite3").exists()


@pytest.mark.parametrize("options", [("--help",), ("-h",), ()])
def test_help_names_every_command_with_a_whole_sentence(home: Path, options: tuple[str, ...]) -> None:
    """Holds CLI-1."""
    ended = run(home, *options)
    assert (ended.code, ended.complaints) == (0, [])
    assert not any(line.endswith("...") for line in ended.lines[1:])
    for command in busbar.commands:
        assert any(re.match(rf"  {command} +\S", line) for line in ended.lines), command


def test_the_version_is_that_of_the_package(home: Path) -> None:
    """Holds CLI-1."""
    ended = run(home, "--version")
    assert (ended.code, ended.complaints, ended.lines) == (0, [], [version("busbar")])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(home: Path, command: str) -> None:
    ended = run(home, command, "--help")
    assert (ended.code, ended.complaints) == (0, [])
    assert ended.lines[0].startswith(f"Usage: busbar {command}")


@pytest.mark.parametrize("arguments", [("frobnicate",), ("--frobnicate",), ("migrate", "twice")])
def test_bad_usage_is_answered_in_one_line(home: Path, arguments: tuple[str, ...]) -> None:
    """Holds CLI-3."""
    ended = run(home, *arguments)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert arguments[-1] in complaint


@pytest.mark.parametrize(
    ("named", "variables"),
    [
        ("OTEL_TRACES_EXPORTER", {"OTEL_TRACES_EXPORTER": "carrier-pigeon"}),
        ("OTEL_METRICS_EXPORTER", {"OTEL_METRICS_EXPORTER": "carrier-pigeon"}),
        ("BUSBAR_LOG_LEVEL", {"BUSBAR_LOG_LEVEL": "chatty"}),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_before_anything_happens(
    home: Path, named: str, variables: dict[str, str]
) -> None:
    """Holds ENV-4."""
    ended = run(home, "demo", "--headless", "--for", "1s", "--scenario", "joondalup-small", variables=variables)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert named in complaint


def test_a_settings_file_that_is_no_text_is_refused_in_one_line(home: Path) -> None:
    (home / ".env").write_bytes(b"BUSBAR_LOG_LEVEL=\xff\xfe")
    ended = run(home, "migrate")
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert ".env" in complaint


def test_a_live_demo_that_cannot_keep_its_state_says_how_to_help_it(home: Path) -> None:
    (home / "occupied").write_text("a file where a folder should be")
    variables = {"XDG_STATE_HOME": str(home / "occupied")}
    ended = run(home, "demo", "--for", "1s", "--scenario", "joondalup-small", variables=variables)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_DATABASE_URL" in complaint


def test_output_that_nobody_reads_any_more_ends_a_command_quietly(home: Path) -> None:
    command = [sys.executable, "-m", "entrypoints", "rebalance", "-"]
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.close()
        reader.stdout = None
        _, complaints = reader.communicate(b"{}\n" * 3, timeout=PATIENCE_S)
    assert (reader.returncode, complaints) == (1, b"")


def test_the_console_script_does_what_the_module_does(home: Path) -> None:
    script = Path(sys.executable).with_name("busbar")
    for arguments in (("--help",), ("frobnicate",)):
        ended = subprocess.run(
            [script, *arguments],
            cwd=home,
            env=environment(home),
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        module = run(home, *arguments)
        assert (ended.returncode, ended.stdout, ended.stderr) == (module.code, module.out, module.err)
