"""`deploy/grafana`: each dashboard asks for metrics that the processes serve, in PromQL that Prometheus takes."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.promtool import promtool
from tests.served_metrics import scraped

FILES = sorted((Path(__file__).resolve().parents[2] / "deploy" / "grafana").glob("*.json"))
DASHBOARDS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text("utf-8")) for file in FILES}


def asked(dashboard: dict[str, Any]) -> Iterator[str]:
    """Its queries, without what Grafana fills in."""
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield re.sub(r"label_values\((\w+), (\w+)\)", r"sum by (\2) (\1)", variable["query"]["query"])


def metrics(expression: str) -> set[str]:
    """Names of series in PromQL: neither labels nor what is grouped by."""
    bare = re.sub(r"\bby \([^)]*\)|\{[^}]*\}", "", expression)
    return set(re.findall(r"\b(?:busbar|http_server)_\w+", bare))


def test_there_is_one_of_the_fleet_and_one_of_a_worker() -> None:
    assert DASHBOARDS.keys() == {"fleet", "worker"}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_metric_asked_for_is_one_that_a_process_serves(name: str) -> None:
    named = [metrics(expression) for expression in asked(DASHBOARDS[name])]
    assert all(named)
    assert set().union(*named) <= scraped()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_prometheus_takes_every_query(name: str, tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": each} for number, each in enumerate(asked(DASHBOARDS[name]))]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": name, "rules": rules}]}), "utf-8")
    promtool("check", "rules", file)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_ids_of_their_own_say_what_they_show_and_do_not_overlap(name: str) -> None:
    panels = DASHBOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels)
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
        assert one["x"] + one["w"] <= 24


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_data_source_is_chosen_where_it_is_shown(name: str) -> None:
    sources = {target["datasource"]["uid"] for panel in DASHBOARDS[name]["panels"] for target in panel["targets"]}
    assert sources == {"${datasource}"}
