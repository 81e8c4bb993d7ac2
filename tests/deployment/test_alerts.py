"""`deploy/alerts.yaml`: each alert fires in the hour that it is for, none in a healthy day, each has its section."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.promtool import promtool
from tests.deployment.scenes_of_alerts import ALSO, HEALTHY, SCENES, Series
from tests.served_metrics import scraped

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "alerts.yaml"
PAGE = "docs/how-to/alerts.md"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text("utf-8"))["groups"] for rule in group["rules"]
]
FIRING = 'max by (alertname) (ALERTS{alertstate="firing"})'


def played(name: str, series: Series, minutes: int, firing: set[str]) -> dict[str, Any]:
    """A test of promtool: these alerts, and no others, are firing after so many minutes."""
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(firing)]
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "promql_expr_test": [{"expr": FIRING, "eval_time": f"{minutes}m", "exp_samples": samples}],
    }


def plays() -> Iterator[dict[str, Any]]:
    ever = played("a healthy day", HEALTHY, 1439, set())
    ever["promql_expr_test"][0]["expr"] = 'count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1d]))'
    yield ever
    for alert, changes in SCENES.items():
        yield played(alert, {**HEALTHY, **changes}, 59, {alert} | ALSO.get(alert, set()))


def test_each_alert_fires_alone_in_the_hour_that_it_is_for_and_none_in_a_healthy_day(tmp_path: Path) -> None:
    assert SCENES.keys() == {rule["alert"] for rule in RULES}
    played_rules = {"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": list(plays())}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(played_rules), "utf-8")
    promtool("test", "rules", tmp_path / "tests.yaml")


def test_prometheus_takes_its_configuration_and_the_rules_that_it_names() -> None:
    promtool("check", "config", ROOT / "deploy" / "prometheus.yaml")


def test_every_metric_in_a_rule_or_a_scene_is_one_that_a_process_serves() -> None:
    named = {name for rule in RULES for name in re.findall(r"\b(?:busbar|http_server)_\w+(?=[{\[)\s]|$)", rule["expr"])}
    attributes = {name for rule in RULES for name in re.findall(r"(\w+)=?[=!]~?\"", rule["expr"])}
    grouped = {name for rule in RULES for by in re.findall(r"by \(([^)]*)\)", rule["expr"]) for name in by.split(", ")}
    assert len(named) >= len(RULES) - 3
    assert named - attributes - grouped <= scraped()
    in_scenes = {each.partition("{")[0] for scene in (HEALTHY, *SCENES.values()) for each in scene}
    assert in_scenes <= scraped() | {"up"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_how_long_it_lasted_and_where_to_read_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert "for" in rule
    assert rule["annotations"].keys() == {"summary", "runbook"}
    assert rule["annotations"]["summary"].rstrip().endswith(".")
    assert rule["annotations"]["runbook"] == f"{PAGE}#{rule['alert'].lower()}"


def test_the_page_has_a_section_for_each_alert_under_how_urgent_it_is_and_for_no_other() -> None:
    _, critical, warning = re.split(r"^## .*$", (ROOT / PAGE).read_text("utf-8"), flags=re.MULTILINE)
    for part, severity in ((critical, "critical"), (warning, "warning")):
        alerts = [rule["alert"] for rule in RULES if rule["labels"]["severity"] == severity]
        assert re.findall(r"^### (.*)$", part, re.MULTILINE) == alerts
