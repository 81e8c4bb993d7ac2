"""`NOTICE` lists what the image contains, as it is installed."""

import re
from importlib.metadata import distribution

import pytest

from tools import notices


def test_the_notice_is_what_the_installed_distributions_say() -> None:
    assert notices.FILE.read_text("utf-8") == notices.notice(), "run `make notice`"


def test_everything_that_is_pinned_is_listed_but_what_is_taken_out_of_the_image() -> None:
    pinned = re.findall(r"^([a-z0-9._-]+)==(\S+)", (notices.ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    listed = set(re.findall(r"^([A-Za-z0-9._-]+) (\d\S*)  ", notices.notice(), re.MULTILINE))
    normal = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in listed}
    assert normal == {(name, version) for name, version in pinned if name not in notices.BUILDS_ONLY}
    assert "pip uninstall --yes setuptools pip" in (notices.ROOT / "Dockerfile").read_text("utf-8")


def test_the_notice_of_a_distribution_is_handed_on() -> None:
    assert "prometheus_client says:" in notices.notice().replace("prometheus-client", "prometheus_client")


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("aiokafka", "Apache-2.0"),
        ("async-timeout", "Apache-2.0"),
        ("jinja2", "BSD-3-Clause"),
        ("protobuf", "BSD-3-Clause"),
    ],
)
def test_a_licence_is_named_as_spdx_does_however_its_distribution_names_it(name: str, licence: str) -> None:
    assert notices.licence(distribution(name)) == licence
