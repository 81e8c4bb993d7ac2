"""`busbar` in the process of the tests."""

import json
import sys
from typing import Any

import pytest

from entrypoints.cli import main as cli


class CommandLine:
    """`busbar` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        self._monkeypatch.setattr(sys, "argv", ["busbar", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, written.out, written.err

    def demo(self, *arguments: object) -> dict[str, Any]:
        code, out, _ = self("demo", "--headless", "--json", *arguments)
        summary: dict[str, Any] = json.loads(out)
        assert code == (0 if summary["verdict"] == "pass" else 1)
        return summary

    def refusal(self, *arguments: object) -> str:
        """The one line on standard error with which bad usage ends."""
        code, out, err = self(*arguments)
        assert (code, out) == (2, "")
        (line,) = err.splitlines()
        return line


@pytest.fixture
def busbar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    monkeypatch.setenv("BUSBAR_LOG_LEVEL", "ERROR")
    return CommandLine(monkeypatch, capsys)
