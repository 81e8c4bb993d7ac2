"""What every end-to-end test begins with."""

import os
from pathlib import Path

import pytest

collect_ignore = [] if os.environ.get("BUSBAR_COMPOSE") else ["test_compose.py"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, which is the working folder too."""
    return tmp_path
