"""`deploy/helm`, and the manifests in `deploy/kubernetes` that are rendered from it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoints.cli.main import busbar
from entrypoints.settings import Settings
from tests.deployment.helm import DEPLOY, ON, RENDER, helm

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = DEPLOY / "kubernetes" / "busbar.yaml"
OBJECTS: list[dict[str, Any]] = [each for each in yaml.safe_load_all(MANIFESTS.read_text("utf-8")) if each]
PROCESSES = ("api", "projector", "worker")
RUN = {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] in {"Deployment", "Job"}}


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = RUN[name]["spec"]["template"]["spec"]
    return spec


def container(name: str) -> dict[str, Any]:
    (only,) = pod(name)["containers"]
    return dict(only)


@pytest.mark.helm
def test_the_manifests_are_what_helm_renders_of_the_chart() -> None:
    rendered = helm(*RENDER, *ON)
    assert rendered.returncode == 0, rendered.stderr
    assert MANIFESTS.read_text("utf-8") == rendered.stdout
    assert helm("lint", "--strict", "helm/busbar", "--values", "helm/example.yaml").returncode == 0


@pytest.mark.helm
@pytest.mark.parametrize("emptied", ["secretName", "kafka.bootstrapServers", "oidc.issuer", "oidc.scope"])
def test_what_has_no_default_is_asked_for(emptied: str) -> None:
    refused = helm(*RENDER, *ON, "--set", f"{emptied}=")
    assert refused.returncode != 0
    assert f"{emptied}:" in refused.stderr


def test_each_process_has_its_deployment_service_budget_and_policy_and_the_migration_its_job() -> None:
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"):
        assert of(kind).keys() == {f"busbar-{name}" for name in PROCESSES}, kind
    assert of("Job").keys() == {"busbar-migrate"}
    assert len(OBJECTS) == 13


@pytest.mark.parametrize("name", RUN)
def test_a_container_runs_shut_in_as_the_user_of_the_image(name: str) -> None:
    assert pod(name)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod(name)["automountServiceAccountToken"] is False
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", RUN)
def test_a_command_is_one_of_busbar_with_options_it_has(name: str) -> None:
    command, *arguments = container(name)["args"]
    assert busbar.commands[command].make_context(command, arguments)


@pytest.mark.parametrize("name", RUN)
def test_what_a_process_is_told_is_a_setting_and_secrets_stand_in_a_secret(name: str) -> None:
    told = {each["name"] for each in container(name)["env"]}
    assert told <= {f"BUSBAR_{field.upper()}" for field in Settings.model_fields}
    assert told.isdisjoint({"BUSBAR_DATABASE_URL", "BUSBAR_KAFKA_SASL_PASSWORD"})
    assert container(name)["envFrom"] == [{"secretRef": {"name": "busbar"}}]


@pytest.mark.parametrize("name", RUN)
def test_the_image_has_the_tag_of_the_release(name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert container(name)["image"] == f"busbar:{version}"
    assert container(name)["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in container(name)["resources"]["limits"]


@pytest.mark.parametrize("name", [f"busbar-{process}" for process in PROCESSES])
def test_a_process_is_asked_how_it_is_and_has_time_to_end(name: str) -> None:
    probes = {probe: container(name)[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
    assert {probe: asked["path"] for probe, asked in probes.items()} == {
        "startup": "/health/live",
        "liveness": "/health/live",
        "readiness": "/health/ready",
    }
    # Who is asked for no token answers by loopback's name alone.
    assert all(asked["httpHeaders"] == [{"name": "Host", "value": "127.0.0.1"}] for asked in probes.values())
    assert container(name)["ports"] == [{"name": "http", "containerPort": 8080}]
    assert pod(name)["terminationGracePeriodSeconds"] > 30


@pytest.mark.parametrize("name", [f"busbar-{process}" for process in PROCESSES])
def test_what_selects_the_pods_of_a_process_selects_them_and_no_others(name: str) -> None:
    selectors = [
        of("Deployment")[name]["spec"]["selector"]["matchLabels"],
        of("Service")[name]["spec"]["selector"],
        of("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"],
        of("NetworkPolicy")[name]["spec"]["podSelector"]["matchLabels"],
    ]
    for selected in selectors:
        matching = [
            each
            for each, run in RUN.items()
            if selected.items() <= run["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert matching == [name]
