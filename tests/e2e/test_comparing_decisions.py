"""`tools/compare_decisions.py`: what one checkout recorded, another decides alike or not."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import COMMAND, PATIENCE_S

TOOL = Path(__file__).resolve().parents[2] / "tools" / "compare_decisions.py"
ONLY = ("--only", "joondalup-small")

HERE = f'exec {shlex.join(COMMAND)} "$@"'
ELSEWHERE = f'{shlex.join(COMMAND)} "$@" | sed \'s/"limit_w":400000/"limit_w":390000/\''
BROKEN = "echo 'it broke' >&2; exit 70"
NOTHING_TO_AFFECT = f"""case "$*" in
*--fault*) echo 'busbar: The fault script finds nothing to affect in joondalup-small: no meter.' >&2; exit 2 ;;
esac
{HERE}"""


def a_checkout(folder: Path, script: str) -> Path:
    """A clone whose `busbar` is this shell script."""
    busbar = folder / ".venv" / "bin" / "busbar"
    busbar.parent.mkdir(parents=True)
    busbar.write_text(f"#!/bin/sh\n{script}\n")
    busbar.chmod(0o755)
    return folder


def compare_decisions(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder with a recorded minute, and what was said meanwhile."""
    folder = tmp_path_factory.mktemp("recorded")
    checkout = a_checkout(tmp_path_factory.mktemp("checkout"), NOTHING_TO_AFFECT)
    return folder, compare_decisions("record", folder, "--checkout", checkout, "--minutes", "1", *ONLY)


def test_runs_are_recorded_with_their_events_and_faults_without_effect_are_skipped(
    recorded: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ended = recorded
    assert (ended.returncode, ended.stderr) == (0, "")
    first, *others = ended.stdout.splitlines()
    assert first == "joondalup-small.plain.1: recorded"
    assert len(others) > 5
    assert all(line.endswith(": skipped: the fault script finds nothing to affect") for line in others)
    assert sorted(file.name for file in folder.iterdir()) == [
        "joondalup-small.plain.1.events.jsonl.gz",
        "joondalup-small.plain.1.messages.jsonl.gz",
    ]


def test_what_is_recorded_is_not_recorded_again(
    recorded: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, _ = recorded
    checkout = a_checkout(tmp_path, NOTHING_TO_AFFECT)
    ended = compare_decisions("record", folder, "--checkout", checkout, "--only", "joondalup-small.plain")
    assert (ended.returncode, ended.stdout) == (0, "joondalup-small.plain.1: is there\n")


def test_the_same_decisions_are_the_same(
    recorded: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    ended = compare_decisions("compare", recorded[0], "--checkout", a_checkout(tmp_path, HERE))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "joondalup-small.plain.1: same\n1 runs, 0 different\n"


def test_another_decision_is_shown_at_its_first_difference(
    recorded: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    ended = compare_decisions("compare", recorded[0], "--checkout", a_checkout(tmp_path, ELSEWHERE))
    assert ended.returncode == 1
    where, then, now, total = ended.stdout.splitlines()
    assert where.startswith("joondalup-small.plain.1: DIFFERENT at event ")
    assert '"limit_w":400000' in then
    assert '"limit_w":390000' in now
    assert total == "1 runs, 1 different"


def test_a_checkout_that_does_not_answer_decides_otherwise(
    recorded: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    ended = compare_decisions("compare", recorded[0], "--checkout", a_checkout(tmp_path, BROKEN))
    assert ended.returncode == 1
    assert "replay - ended with 70: it broke" in ended.stdout


def test_a_folder_without_recordings_cannot_be_compared(tmp_path: Path) -> None:
    ended = compare_decisions("compare", tmp_path, "--checkout", a_checkout(tmp_path / "checkout", HERE))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no recorded run" in ended.stderr
