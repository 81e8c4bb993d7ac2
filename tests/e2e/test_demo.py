"""`busbar demo`, headless and live, as somebody who types it sees it."""

import json
import re
import signal
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Ended, run, running
from tests.specification import Specification

KEYS = [
    "scenario",
    "fault",
    "seed",
    "simulated_s",
    "cycles",
    "cycles_published",
    "events",
    "breaches",
    "limit_violations",
    "true_overload_ticks",
    "messages_affected",
    "energy_delivered_wh",
    "energy_possible_wh",
    "vehicles_ready",
    "vehicles_departed",
    "connectors",
    "verdict",
    "expected",
    "limit_violation_worst_w",
    "violations",
]
NOT_NUMBERS = ("scenario", "fault", "events", "verdict", "expected", "violations")
CYCLE_COMPLETED = "busbar.cycle.completed.v1"

EVENING = ("--scenario", "joondalup-small", "--seed", "1")
SHORT = (*EVENING, "--for", "20m")
MALAGA = ("--seed", "1", "--for", "20m")
BRIEF = ("--seed", "1", "--for", "4m")
BRIEF_AGAIN = (*BRIEF, "--speed", "1")
ANOTHER_SEED = ("--seed", "2", "--for", "4m")


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, ...], Ended]:
    """Headless runs by their arguments, two at a time."""
    wanted = [EVENING, MALAGA, SHORT, BRIEF, BRIEF_AGAIN, ANOTHER_SEED]
    homes = [tmp_path_factory.mktemp("home") for _ in wanted]
    with ThreadPoolExecutor(2) as pool:
        ended = pool.map(lambda home, of: run(home, "demo", "--headless", "--json", *of), homes, wanted)
        return dict(zip(wanted, ended, strict=True))


def summary(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    (line,) = ended.lines
    read: dict[str, Any] = json.loads(line)
    return read


@pytest.mark.parametrize(
    ("of", "simulated_s", "connectors"), [(EVENING, 7200, 4), (SHORT, 1200, 4), (MALAGA, 1200, 110)]
)
def test_a_depot_is_charged_without_breaking_a_limit(
    headless: Mapping[tuple[str, ...], Ended], of: tuple[str, ...], simulated_s: int, connectors: int
) -> None:
    """Holds CLI-5."""
    result = summary(headless[of])

    assert (result["simulated_s"], result["connectors"]) == (simulated_s, connectors)
    assert result["limit_violations"] == 0
    assert result["energy_delivered_wh"] >= 0.95 * result["energy_possible_wh"] > 0


@pytest.mark.parametrize(("of", "scenario"), [(EVENING, "joondalup-small"), (MALAGA, "malaga")])
def test_a_summary_has_the_keys_of_the_contract_and_whole_numbers(
    headless: Mapping[tuple[str, ...], Ended], of: tuple[str, ...], scenario: str
) -> None:
    """Holds CLI-7."""
    result = summary(headless[of])

    assert list(result) == KEYS
    assert sorted(result) == sorted(Specification().codes("CLI-7"))
    numbers = [value for key, value in result.items() if key not in NOT_NUMBERS]
    assert {type(number) for number in [*numbers, *result["events"].values()]} == {int}
    assert (result["scenario"], result["fault"], result["seed"]) == (scenario, None, 1)
    assert (result["verdict"], result["expected"], result["violations"]) == ("pass", [], [])


@pytest.mark.parametrize(("of", "first_met"), [(EVENING, 0), (MALAGA, 1)])
def test_a_summary_counts_what_happened(
    headless: Mapping[tuple[str, ...], Ended], of: tuple[str, ...], first_met: int
) -> None:
    """Chargers that fill a feeder and draw more than they are told are a breach until their factor is learned.

    Holds CLI-7.
    """
    result = summary(headless[of])

    assert result["events"]["busbar.microgrid.provisioned.v1"] == 1
    assert result["events"]["busbar.configuration.applied.v1"] == 1
    assert result["events"][CYCLE_COMPLETED] == result["cycles_published"]
    assert 0 < result["cycles_published"] < result["cycles"]
    # At least one cycle every 40 s is published, and by telemetry alone one is decided every 5 s.
    assert result["cycles_published"] >= result["simulated_s"] // 40
    assert result["cycles"] >= result["simulated_s"] // 5
    assert (result["breaches"], result["messages_affected"]) == (first_met, 0)


def test_an_evening_makes_buses_ready(headless: Mapping[tuple[str, ...], Ended]) -> None:
    assert summary(headless[EVENING])["vehicles_ready"] > 0


def test_a_headless_run_says_nothing_but_its_summary(headless: Mapping[tuple[str, ...], Ended]) -> None:
    assert [line for ended in headless.values() for line in ended.complaints] == []


def test_the_same_seed_gives_the_same_summary_at_any_speed(headless: Mapping[tuple[str, ...], Ended]) -> None:
    """Holds CLI-5."""
    assert headless[BRIEF].out == headless[BRIEF_AGAIN].out


def test_another_seed_gives_another_summary(headless: Mapping[tuple[str, ...], Ended]) -> None:
    first, other = summary(headless[BRIEF]), summary(headless[ANOTHER_SEED])
    assert first["energy_possible_wh"] != other["energy_possible_wh"]
    assert other["seed"] == 2


def test_a_summary_for_people_is_one_sentence(home: Path) -> None:
    ended = run(home, "demo", "--headless", "--scenario", "joondalup-small", "--for", "30s")
    assert ended.code == 0
    (line,) = ended.lines
    assert "joondalup-small, 30 simulated seconds" in line
    assert "limits violated in 0 seconds" in line


def test_a_headless_run_leaves_nothing_behind(home: Path) -> None:
    """Holds CLI-14."""
    ended = run(home, "demo", "--headless", "--json", "--for", "5s", variables={"TMPDIR": str(home)})
    assert ended.code == 0
    assert list(home.iterdir()) == []


BAD_USAGE = [
    (("--scenario", "narnia"), "narnia"),
    (("--for", "soon"), "soon"),
    (("--for", "0s"), "0s"),
    (("--for", "-5m"), "-5m"),
    (("--for", "1d"), "1d"),
    (("--speed", "0"), "--speed"),
    (("--seed", "one"), "--seed"),
    (("--sped", "5"), "--sped"),
    (("malaga",), "malaga"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD_USAGE, ids=[" ".join(each) for each, _ in BAD_USAGE])
def test_bad_usage_is_answered_in_one_line(home: Path, arguments: tuple[str, ...], named: str) -> None:
    """Holds CLI-3."""
    ended = run(home, "demo", "--headless", *arguments)
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert named in complaint


def test_an_unknown_scenario_is_answered_with_the_known_ones(home: Path) -> None:
    """Holds CLI-3."""
    (complaint,) = run(home, "demo", "--scenario", "narnia").complaints
    assert "malaga" in complaint
    assert "joondalup-small" in complaint


@pytest.mark.parametrize(
    "url",
    [
        "malaga.sqlite3",
        "sqlite+aiosqlite:////no/such/folder/demo.sqlite3",
        "sqlite+aiosqlite:///:memory:",
        "mysql+aiomysql://busbar:s3cret@127.0.0.1/busbar",
        "sqlite+aiosqlite:///no-database",
    ],
)
def test_an_unusable_database_is_named_in_one_line_and_no_secret_is_printed(home: Path, url: str) -> None:
    """Holds ENV-5."""
    (home / "no-database").write_bytes(b"This is no database." * 1000)
    ended = run(home, "demo", "--headless", variables={"BUSBAR_DATABASE_URL": url})
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "BUSBAR_DATABASE_URL" in complaint
    assert "s3cret" not in complaint


@pytest.mark.parametrize("variable", ["BUSBAR_LOG_LEVEL", "BUSBAR_LOG_FORMAT"])
def test_an_unusable_setting_is_named_in_one_line(home: Path, variable: str) -> None:
    ended = run(home, "demo", "--headless", variables={variable: "LOUD"})
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert variable in complaint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_live_demo_without_a_terminal_prints_plain_lines_until_it_is_told_to_end(
    home: Path, number: signal.Signals
) -> None:
    """Holds CLI-6."""
    with running(home, "demo", "--scenario", "joondalup-small", "--speed", "50") as demo:
        demo.read_until("headroom")
        took_s = demo.end(number)

    assert demo.process.returncode == 0
    assert took_s < 5
    assert b"\x1b" not in demo.out
    address, first, *_, last = demo.out.decode().splitlines()
    assert re.fullmatch(r"Serving http://127\.0\.0\.1:\d+/", address)
    assert re.search(r"joondalup-small cycle \d+, [A-Z].+: [\d,]+ kW drawn, [\d,]+ kW allocated", first)
    assert "limits violated in 0 seconds" in last
    assert (home / "stderr").read_text() == ""


def test_a_live_demo_in_a_terminal_shows_the_tree_and_leaves_the_terminal_as_it_was(home: Path) -> None:
    with running(home, "demo", "--speed", "50", terminal=(50, 160)) as demo:
        for name in ("Malaga depot", "Grid connection 1", "Grid connection 2", "Feeder 4, lane 3", "Vehicles"):
            demo.read_until(name)
        took_s = demo.end(signal.SIGINT)

    assert demo.process.returncode == 0
    assert took_s < 5
    shown = demo.out.decode()
    assert shown.count("\x1b[?1049h") == shown.count("\x1b[?1049l") == 1
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert "limits violated in 0 seconds" in shown[shown.index("\x1b[?1049l") :]


def test_a_live_demo_ends_by_itself_after_the_time_it_was_given(home: Path) -> None:
    ended = run(home, "demo", "--scenario", "joondalup-small", "--speed", "100000", "--for", "40s", "--json")
    assert ended.code == 0
    assert json.loads(ended.lines[-1])["simulated_s"] == 40


def test_a_live_demo_keeps_its_pace(home: Path) -> None:
    with running(home, "demo", "--scenario", "joondalup-small", "--speed", "5", "--json") as demo:
        demo.read_until("headroom")
        took_s = demo.end(signal.SIGTERM)
    simulated_s = json.loads(demo.out.decode().splitlines()[-1])["simulated_s"]
    assert 1 <= simulated_s <= 1 + 5 * (took_s + 1)


def test_a_live_demo_goes_on_where_it_stopped(home: Path) -> None:
    """Holds CLI-14."""

    def once() -> tuple[dict[str, Any], int]:
        ended = run(home, "demo", "--scenario", "joondalup-small", "--speed", "100000", "--for", "40s", "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.lines[-1]), int(re.findall(r"cycle (\d+)", ended.out.decode())[0])

    first, at_first = once()
    second, further_on = once()
    assert further_on > at_first
    assert first["events"]["busbar.microgrid.provisioned.v1"] == 1
    assert list(second["events"]) == [CYCLE_COMPLETED]


def test_two_live_demos_of_one_depot_do_not_share_its_file(home: Path) -> None:
    with running(home, "demo", "--scenario", "joondalup-small") as demo:
        demo.read_until("headroom")
        ended = run(home, "demo", "--scenario", "joondalup-small")
        assert (ended.code, ended.lines) == (2, [])
        assert demo.process.poll() is None
    (complaint,) = ended.complaints
    assert "joondalup-small" in complaint


def test_a_demo_goes_on_in_the_database_it_is_given(home: Path) -> None:
    """Holds CLI-14."""
    variables = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'mine.sqlite3'}"}
    once = ("demo", "--headless", "--json", "--scenario", "joondalup-small", "--for", "45s", "--chargers", "ideal")
    first, second = (summary(run(home, *once, variables=variables)) for _ in range(2))

    assert list(second["events"]) == [CYCLE_COMPLETED]
    assert (first["simulated_s"], second["simulated_s"]) == (45, 45)
    assert second["limit_violations"] == 0
    with closing(sqlite3.connect(home / "mine.sqlite3")) as database:
        ((cycle_seq, event_seq),) = database.execute("SELECT cycle_seq, event_seq FROM microgrid_state").fetchall()
    assert cycle_seq == first["cycles_published"] + second["cycles_published"]
    assert event_seq == sum(first["events"].values()) + sum(second["events"].values())
    assert not (home / "state").exists()
