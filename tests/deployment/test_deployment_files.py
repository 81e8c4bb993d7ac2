"""The image and the compose file say what the code and the tests say. Whether they run is tried elsewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoints.cli.main import busbar
from entrypoints.settings import Settings
from tests.services import kafka, postgresql

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "busbar"}
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")

ASKED_BY_NOBODY = {"collector", "jaeger"}
"""Their images hold nothing that could ask them."""


def test_what_is_published_is_published_to_this_machine_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == 5
    assert [port for port in published if not re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port)] == []


def test_what_runs_on_is_restarted_and_asked_how_it_is() -> None:
    runs_on = {name for name, service in SERVICES.items() if service["restart"] != "no"}
    assert runs_on == SERVICES.keys() - {"migrate", "simulator"}
    assert {name for name in runs_on if "test" not in SERVICES[name].get("healthcheck", {})} == ASKED_BY_NOBODY


def test_a_check_that_takes_too_long_ends_itself_as_not_every_engine_ends_it() -> None:
    checks = [OURS[name]["healthcheck"]["test"][1:] for name in OURS if "--port" in OURS[name]["command"]]
    checks.append(json.loads(re.findall(r"HEALTHCHECK [^[]*CMD (.*)", DOCKERFILE)[0]))
    assert [check[:4] for check in checks] == [["timeout", "-s", "KILL", "5"]] * 4


def test_all_that_need_it_wait_for_the_migration_and_that_for_broker_and_database() -> None:
    assert OURS.keys() == {"migrate", "worker", "projector", "api", "simulator"}
    assert {each["condition"] for each in SERVICES["migrate"]["depends_on"].values()} == {"service_healthy"}
    for name in OURS.keys() - {"migrate"}:
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name


def test_broker_and_database_are_those_of_the_tests() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka.VERSION}"
    assert SERVICES["postgres"]["image"] == postgresql.IMAGE


def test_every_image_that_is_not_ours_has_a_version() -> None:
    assert [each["image"] for each in SERVICES.values() if not re.search(r"^busbar$|:v?\d", each["image"])] == []


@pytest.mark.parametrize("name", OURS)
def test_what_a_process_is_told_is_a_setting(name: str) -> None:
    told = {each for each in OURS[name]["environment"] if not each.startswith("OTEL_")}
    assert {"BUSBAR_DATABASE_URL", "BUSBAR_KAFKA_BOOTSTRAP_SERVERS"} <= told
    assert told <= {f"BUSBAR_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("name", OURS)
def test_a_command_is_one_of_busbar_with_options_it_has(name: str) -> None:
    command, *arguments = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", word) for word in OURS[name]["command"]]
    assert busbar.commands[command].make_context(command, arguments)


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_a_file_here_or_a_volume_that_is_declared(name: str) -> None:
    for mounted in SERVICES[name].get("volumes", []):
        source = mounted.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_file(), mounted


def test_the_metrics_of_every_process_are_scraped_where_it_serves_them() -> None:
    (job,) = yaml.safe_load((ROOT / "deploy" / "prometheus.yaml").read_text("utf-8"))["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert set(found["names"]) == {name for name in OURS if "--port" in OURS[name]["command"]}
    for name in found["names"]:
        assert OURS[name]["command"][-1] == str(found["port"])
        assert f"http://127.0.0.1:{found['port']}/health/ready" in OURS[name]["healthcheck"]["test"][-1]


def test_spans_tell_which_process_made_them_and_go_where_the_readme_says() -> None:
    serving = {name for name in OURS if "--port" in OURS[name]["command"]}
    assert {name: OURS[name]["environment"].get("OTEL_SERVICE_NAME") for name in serving} == {
        name: f"busbar-{name}" for name in serving
    }
    collector = yaml.safe_load((ROOT / "deploy" / "collector.yaml").read_text("utf-8"))
    port = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rsplit(":", 1)[1]
    assert "collector" in SERVICES
    assert f"`OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:{port}`" in (ROOT / "README.md").read_text("utf-8")
    assert collector["exporters"]["otlp"]["endpoint"].split(":")[0] in SERVICES


def test_the_image_is_built_from_hashed_requirements_by_any_builder_and_not_run_by_root() -> None:
    assert "--require-hashes -r requirements.txt" in DOCKERFILE
    assert re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert DOCKERFILE.index("USER ") < DOCKERFILE.index("ENTRYPOINT ")
    assert re.search(r"^\s*HEALTHCHECK\b", DOCKERFILE, re.MULTILINE)
    assert re.search(r"--mount|--chmod|<<", DOCKERFILE) is None
