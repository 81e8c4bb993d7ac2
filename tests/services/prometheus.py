"""A Prometheus that scrapes processes of a test every second, with the rules of `deploy/alerts.yaml` in a hurry."""

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import yaml

from tests.services.finding import missing
from tests.services.processes import free_port, listens, start, stop, wait_until

RULES: Final = Path(__file__).resolve().parents[2] / "deploy" / "alerts.yaml"

WINDOW: Final = "20s"
"""Stands for minutes and hours that are looked back over."""

LONG_WINDOW: Final = "2m"
"""Stands for six hours."""


def hurried(rules: str) -> str:
    """The same rules, which wait two seconds where they waited minutes; what is over a limit is as it was."""
    rules = rules.replace("[6h:1m]", f"[{LONG_WINDOW}:1s]")
    rules = re.sub(r"\[[0-9]+[mh]\]", f"[{WINDOW}]", rules)
    rules = re.sub(r"offset [0-9]+[mh]", f"offset {WINDOW}", rules)
    return re.sub(r"for: [0-9]+[ms]", "for: 2s", rules)


class Prometheus:
    """One that runs. `fired`: which alerts were seen firing so far."""

    def __init__(self, address: str, targets: Path) -> None:
        self._address = address
        self._targets = targets
        self.fired: set[str] = set()

    def scrape(self, ports: Mapping[int, str]) -> None:
        """These ports from now on, each with its kind of process."""
        groups = [{"targets": [f"127.0.0.1:{port}"], "labels": {"process": kind}} for port, kind in ports.items()]
        made = self._targets.with_suffix(".new")
        made.write_text(json.dumps(groups))
        made.rename(self._targets)

    def firing(self) -> set[str]:
        """The alerts that are firing now."""
        answer = httpx.get(f"{self._address}/api/v1/alerts", timeout=10).json()
        firing = {each["labels"]["alertname"] for each in answer["data"]["alerts"] if each["state"] == "firing"}
        self.fired |= firing
        return firing

    def values(self, query: str) -> list[float]:
        """What a query comes to now."""
        answer = httpx.get(f"{self._address}/api/v1/query", params={"query": query}, timeout=10).json()
        return [float(each["value"][1]) for each in answer["data"]["result"]]

    def wait_for(self, *alerts: str, patience_s: float = 240.0) -> None:
        """Until each of these alerts was seen firing since now."""
        until, wanted = time.monotonic() + patience_s, set(alerts)
        while wanted:
            wanted -= self.firing()
            assert time.monotonic() < until, f"{sorted(wanted)} did not fire, but {sorted(self.firing())}"
            time.sleep(0.3)

    def wait_for_silence(self, *alerts: str, patience_s: float = 240.0) -> None:
        """Until none of these alerts is firing."""
        until = time.monotonic() + patience_s
        while still := self.firing() & set(alerts):
            assert time.monotonic() < until, f"{sorted(still)} went on"
            time.sleep(0.3)


@contextmanager
def a_prometheus(folder: Path) -> Iterator[Prometheus]:
    """Scrapes nothing yet. Skips the test where there is none; in continuous integration it fails."""
    program = shutil.which("prometheus")
    if program is None:
        missing("This test needs Prometheus (Debian, Ubuntu: apt install prometheus).")
    folder.mkdir()
    (folder / "alerts.yaml").write_text(hurried(RULES.read_text("utf-8")), "utf-8")
    targets = folder / "targets.json"
    targets.write_text("[]")
    sd = {"files": [str(targets)], "refresh_interval": "1s"}
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": ["alerts.yaml"],
        "scrape_configs": [{"job_name": "busbar", "file_sd_configs": [sd]}],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    port, log = free_port(), folder / "log"
    process = start(
        [
            program,
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ],
        log,
    )
    try:
        wait_until(lambda: listens(port), process, log)
        yield Prometheus(f"http://127.0.0.1:{port}", targets)
    finally:
        stop(process)
