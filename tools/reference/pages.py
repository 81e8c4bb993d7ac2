"""Each page that is made, as its file name and its text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.reference.adrs import adrs
from tools.reference.commands import commands
from tools.reference.diagrams import diagrams
from tools.reference.faults import faults
from tools.reference.habits import habits
from tools.reference.routes import routes
from tools.reference.schemas import events, site_file, telemetry
from tools.reference.variables import variables

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs"


def pages() -> Mapping[str, str]:
    """The pages by the names of their files below `docs`."""
    return {
        "adr/index.md": adrs(FOLDER / "adr"),
        "reference/commands.md": commands(),
        "reference/site-file.md": site_file(),
        "reference/telemetry.md": telemetry(),
        "reference/events.md": events(),
        "reference/faults.md": faults(),
        "reference/habits.md": habits(),
        "reference/settings.md": variables(),
        "reference/routes.md": routes(),
        **{f"explanation/{name}": text for name, text in diagrams().items()},
    }
