"""The tutorial and the how-tos, done as a reader would do them: files are written, commands run in their order."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import COMMAND, PATIENCE_S, environment, run

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TUTORIAL = (DOCS / "tutorials" / "first-depot.md").read_text("utf-8")
ALONE = ("how-to/site-file.md", "how-to/strategy.md", "tutorials/bad-night.md")
"""Pages whose commands need nothing but the examples."""


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell(home: Path, script: str) -> list[str]:
    """The lines that a block prints, of demos the beginning."""
    script = script.replace(".venv/bin/busbar", shlex.join(COMMAND)).replace("--for 20m", "--for 6m")
    ended = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


@pytest.fixture
def garage(home: Path) -> Path:
    """The reader's folder, with the two files that the tutorial has written."""
    (site,), (script,) = blocks(TUTORIAL, "json"), blocks(TUTORIAL, "bash")
    (home / "depot.json").write_text(site)
    (home / "garage.sh").write_text(script)
    return home


@pytest.fixture
def running(garage: Path) -> Iterator[None]:
    """What the reader leaves running in the first terminal."""
    (script,) = [block for block in blocks(TUTORIAL, "sh") if "busbar run" in block]
    with (garage / "said").open("wb") as said:
        process = subprocess.Popen(
            ["sh", "-c", script.replace(".venv/bin/busbar", shlex.join(COMMAND))],
            cwd=garage,
            env=environment(garage),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_site_file_of_the_tutorial_is_that_of_the_example() -> None:
    (site,) = blocks(TUTORIAL, "json")
    assert site == (ROOT / "examples" / "garage.json").read_text("utf-8")


def test_what_the_tutorial_checks_and_plays_passes(garage: Path) -> None:
    check, play = blocks(TUTORIAL, "sh")[:2]
    assert shell(garage, check)[-1] == "Valid."
    played = shell(garage, play)
    assert len(played) == 2
    assert all(line.endswith("limits violated in 0 seconds; pass.") for line in played)


def test_a_limit_in_kilowatts_is_noticed_as_the_tutorial_says(garage: Path) -> None:
    site = garage / "depot.json"
    site.write_text(site.read_text().replace('"default_capacity_w": 60000', '"default_capacity_w": 60'))
    ended = run(garage, "check", "--strict", "depot.json")
    assert ended.code == 1
    assert "were 60 kW (60000 W) meant?" in ended.out.decode()


@pytest.mark.usefixtures("running")
def test_what_runs_is_explained_as_the_tutorial_says(garage: Path) -> None:
    def explained(node: str = "box-1/1") -> str:
        return run(garage, "explain", "garage", node).out.decode()

    said = "box-1/1 may draw 8.9 kW: Grid connection (gc-1) has no more for it, but it takes less than it may."
    wait_for(lambda: said in explained())
    asked = shell(garage, blocks(TUTORIAL, "sh")[3])
    (connection,) = [line.split() for line in asked if line.split()[:2] == ["binds", "gc-1"]]
    assert [connection[at] for at in (5, 7, 8, 9, 10, 11)] == ["60.0", "42.0", "34.0", "8.3", "17.7", "0.0"]

    sent = shell(garage, blocks(TUTORIAL, "sh")[4])
    assert sent[0].startswith("box-3/1 may draw ")
    wait_for(lambda: "box-3/1 may draw 4.1 kW: 7.3 kW once others have come down." in explained("box-3/1"))

    site = garage / "depot.json"
    changed = site.read_text().replace('"version": 1', '"version": 2')
    site.write_text(changed.replace('"default_capacity_w": 60000', '"default_capacity_w": 70000'))
    wait_for(lambda: " 70.0 " in explained())


def wait_for(holds: Callable[[], bool]) -> None:
    patient_until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < patient_until
        time.sleep(0.5)


@pytest.mark.parametrize("name", ALONE)
def test_the_commands_of_a_page_succeed(home: Path, name: str) -> None:
    (home / "examples").symlink_to(ROOT / "examples")
    for block in blocks((DOCS / name).read_text("utf-8"), "sh"):
        assert shell(home, block)
