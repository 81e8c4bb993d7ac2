"""What every end-to-end test begins with."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, which is the working folder too."""
    return tmp_path
