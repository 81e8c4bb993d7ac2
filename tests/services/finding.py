"""How tests find a service, and what becomes of those that do not."""

import os
from typing import NoReturn

import pytest


def docker_answers() -> bool:
    """Whether a Docker engine is there to start containers in."""
    from docker.client import from_env
    from docker.errors import DockerException

    try:
        from_env(timeout=5).ping()
    except DockerException:
        return False
    return True


def missing(sentence: str) -> NoReturn:
    """Skip what needs the service, with what to install; where CI is set nothing is skipped: fail."""
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
