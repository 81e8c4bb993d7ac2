"""Hooks, pipeline and development container do what the Makefile and `.ci/run` do, and nothing of their own."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def loaded(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_the_hooks_before_a_commit_are_the_checks() -> None:
    (repository,) = loaded(".pre-commit-config.yaml")["repos"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    checks = re.search(r"^check: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert checks is not None
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in checks[1].splitlines()]
    assert [hook["entry"] for hook in repository["hooks"]] == commands


def test_the_pipeline_runs_what_has_to_pass_on_every_python_that_is_served() -> None:
    job = loaded(".gitlab-ci.yml")["checks-and-tests"]
    assert job["script"] == ["bash .ci/run"]
    (matrix,) = job["parallel"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f">={matrix['PYTHON'][0]}" == project["requires-python"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {f"python{version}" for version in matrix["PYTHON"]} <= set(re.findall(r"python3\.\d+", makefile))


def test_the_development_container_has_the_services_that_ci_installs() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    packages = set(re.findall(r"lacking\+=\(([^)]*)\)", (ROOT / ".ci" / "run").read_text("utf-8")))
    for package in " ".join(packages).split():
        assert package in container["onCreateCommand"], package


def test_the_pipeline_lists_what_is_pinned_and_asks_for_known_vulnerabilities() -> None:
    pipeline = loaded(".gitlab-ci.yml")
    assert pipeline["bill-of-materials"]["script"] == ["make sbom"]
    assert pipeline["bill-of-materials"]["artifacts"]["reports"] == {"cyclonedx": "build/sbom.json"}
    assert pipeline["known-vulnerabilities"]["script"] == ["make audit"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"^(sbom|audit): ", makefile, re.MULTILINE) == ["sbom", "audit"]


@pytest.mark.parametrize("requirements", sorted(ROOT.glob("requirements*.txt")), ids=lambda file: file.name)
def test_requirements_are_pinned_by_hash_and_name_no_place_to_have_them_from(requirements: Path) -> None:
    lines = requirements.read_text("utf-8").splitlines()
    assert [line for line in lines if re.match(r"--|.*://", line)] == []
    pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert [line for line in pinned if not re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+ .*\\$", line)] == []
