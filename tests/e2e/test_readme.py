"""The README's commands do what it says, and what it points at is there."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.e2e.processes import COMMAND, PATIENCE_S, environment

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shell(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a block as a reader would, with this Python's `busbar` for the one in `.venv`, and of demos the beginning."""
    script = script.replace(".venv/bin/busbar", shlex.join(COMMAND)).replace("--for 20m", "--for 1m")
    return subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def blocks_with(command: str) -> list[str]:
    return [block for block in BLOCKS if command in block]


def test_make_has_what_the_readme_makes(tmp_path: Path) -> None:
    targets = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(BLOCKS)))
    assert {"demo", "test"} <= targets
    planned = subprocess.run(
        ["make", "--dry-run", *sorted(targets)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize("block", blocks_with("busbar"), ids=lambda block: block.split("\n")[0][:60])
def test_the_commands_of_the_readme_succeed(tmp_path: Path, block: str) -> None:
    ended = shell(tmp_path, block)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_the_readme_shows_how_to_list_play_and_rebalance() -> None:
    for command in ("busbar scenarios", "busbar demo --headless", "busbar rebalance"):
        assert blocks_with(command), command


def test_the_snapshot_in_the_readme_is_decided_as_it_says(tmp_path: Path) -> None:
    (block,) = blocks_with("busbar rebalance")
    (setpoint,) = json.loads(shell(tmp_path, block).stdout)["setpoints"]
    said = re.search(r"`limit_w` (\d+)\), why \(`(\w+)`\) and by which node \(`([\w-]+)`\)", README)
    assert said is not None
    assert (str(setpoint["limit_w"]), setpoint["reason"], setpoint["binding_node_id"]) == said.groups()


def test_every_file_the_readme_points_at_is_there() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    mapped = re.findall(r"^\| `([\w./]+)` \|", README, re.MULTILINE)
    assert mapped
    assert [path for path in (*linked, *mapped) if not (ROOT / path).exists()] == []
