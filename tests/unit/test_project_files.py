"""Hooks, pipeline and development container do what the Makefile and `.ci/run` do, and nothing of their own."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

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
