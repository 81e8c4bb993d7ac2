"""The list of decisions, by the titles of their files."""

from pathlib import Path
from typing import Final

HEAD: Final = """# Decisions

Decisions that are hard to take back, each with its context, the options, and what follows from it. A decision that is
overtaken stays, and says by which.

"""

TEMPLATE: Final = "0000-template.md"


def adrs(folder: Path) -> str:
    """The page of the decisions in a folder, in the order of their numbers."""
    files = sorted(file for file in folder.glob("[0-9]*.md") if file.name != TEMPLATE)
    return HEAD + "".join(f"- [{_title(file)}]({file.name})\n" for file in files)


def _title(file: Path) -> str:
    return file.read_text("utf-8").split("\n", 1)[0].removeprefix("# ")
