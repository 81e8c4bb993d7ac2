"""Images of others are named in two files, with exact tags; a tool writes the digests that registries name now."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services import kafka, postgresql
from tools import image_digests

ROOT = Path(__file__).parents[2]
EXACT = re.compile(r".+:v?\d+\.\d+(\.\d+)?(-[a-z-]+)?")
DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (*image_digests.FILES, "tools/image_digests.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def write(project: Path) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    """The tool, run in a copy of the project where this script is `docker`."""

    def run(script: str) -> "subprocess.CompletedProcess[str]":
        docker = project / "docker"
        docker.write_text(f"#!/bin/sh\n{script}\n")
        docker.chmod(0o755)
        variables = os.environ | {"PATH": f"{project}:{os.environ['PATH']}"}
        tool = [sys.executable, "-m", "tools.image_digests"]
        return subprocess.run(tool, cwd=project, env=variables, capture_output=True, text=True, check=False)

    return run


def test_every_image_has_an_exact_tag_and_no_digest_is_in_the_repository() -> None:
    named = image_digests.images()
    assert all(named.values())
    for file, images in named.items():
        assert [image for image in images if not EXACT.fullmatch(image)] == [], file
        assert "sha256:" not in (ROOT / file).read_text("utf-8")


def test_what_else_runs_an_image_names_the_same() -> None:
    compose, built = (image_digests.images()[name] for name in image_digests.FILES)
    assert {postgresql.IMAGE, f"apache/kafka:{kafka.VERSION}"} <= set(compose)
    version = built[0].split(":")[1].removesuffix("-slim-bookworm")
    assert f'"python:{version}-bookworm"' in (ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8")
    page = (ROOT / "docs" / "how-to" / "tests.md").read_text("utf-8")
    assert set(re.findall(r"`([a-z/]+:\d[^`]*)`", page)) <= set(compose)


def test_digests_are_written_behind_tags_and_renewed(
    project: Path, write: Callable[[str], "subprocess.CompletedProcess[str]"]
) -> None:
    tags = image_digests.images(project)
    for digest in (DIGEST, "sha256:" + "f" * 64):
        ended = write(f"echo {digest}")
        assert ended.returncode == 0, ended.stderr
        assert image_digests.images(project) == tags
        for file, images in tags.items():
            text = (project / file).read_text("utf-8")
            assert all(f"{image}@{digest}" in text for image in images)
            assert text.count("sha256:") == len(images)


@pytest.mark.parametrize("script", ["echo no such registry >&2; exit 1", "echo latest", "exit 0"])
def test_where_one_registry_does_not_answer_nothing_is_written(
    project: Path, write: Callable[[str], "subprocess.CompletedProcess[str]"], script: str
) -> None:
    before = {name: (project / name).read_text("utf-8") for name in image_digests.FILES}
    last = image_digests.images(project)["Dockerfile"][-1]
    ended = write(f'case "$6" in {last}) {script};; *) echo {DIGEST};; esac')
    assert ended.returncode == 1
    (complaint,) = ended.stderr.splitlines()
    assert last in complaint
    assert {name: (project / name).read_text("utf-8") for name in image_digests.FILES} == before
