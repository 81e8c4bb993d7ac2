"""`deploy/systemd`: systemd takes the units, they are shut in, and their commands are busbar's."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from entrypoints.cli.main import busbar

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
PROGRAM = "/opt/busbar/bin/busbar"
INSTANCES = {"worker": "8081", "project": "8082", "api": "8080", "run": "depot", "gateway": "depot"}


def started(name: str, instance: str) -> list[str]:
    """The words of a unit's command after the program, as systemd fills them in."""
    unit = (FOLDER / f"busbar-{name}@.service").read_text("utf-8")
    (command,) = re.findall(rf"^ExecStart={PROGRAM} (.*)$", unit, re.MULTILINE)
    return str(command).replace("%i", instance).replace("%S", "/var/lib").replace("$OPTIONS", "").split()


def test_there_is_one_for_each_process_that_runs_on() -> None:
    assert {file.name for file in FOLDER.glob("*.service")} == {f"busbar-{name}@.service" for name in INSTANCES}


@pytest.mark.parametrize(("name", "instance"), INSTANCES.items())
def test_a_unit_starts_a_command_of_busbar_with_options_it_has(name: str, instance: str) -> None:
    words = started(name, instance)
    command = busbar.commands[words.pop(0)]
    if name == "gateway":
        command = command.get_command(command.make_context("gateway", []), words.pop(0))  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize(("name", "instance"), INSTANCES.items())
def test_systemd_takes_a_unit_and_finds_it_shut_in(name: str, instance: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("This test needs systemd-analyze, which is there where systemd is.")
    units = tmp_path / "units"
    shutil.copytree(FOLDER, units)
    unit = units / f"busbar-{name}@{instance}.service"
    # It looks whether the program is there.
    unit.write_text((FOLDER / f"busbar-{name}@.service").read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    for judged in (["verify", "--man=no"], ["security", "--offline=yes", "--threshold=20", "--no-pager"]):
        ended = subprocess.run(
            ["systemd-analyze", *judged, str(unit)], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "busbar" not in ended.stderr, ended.stderr
