"""What of others the image contains, with licences, as `NOTICE`: `python -m tools.notices` writes it."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "NOTICE"

BUILDS_ONLY = {"setuptools"}
"""The image is built with it, and then it is taken out (`Dockerfile`)."""

HEAD = """\
Busbar
Licensed under the Apache License, Version 2.0 (LICENSE).

The image of Busbar contains these Python distributions, as `requirements.txt` pins them. Their licences' texts are in
the image, each in the folder of its distribution (`*.dist-info`). What comes with the base image, Python and Debian,
has its own in /usr/share/doc and in Python's LICENSE.txt.
"""

NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
}
"""How distributions name their licences that do not use SPDX's identifiers. Those of BSD have three clauses here."""


def notice() -> str:
    """The whole file. Raises PackageNotFoundError where a pinned distribution is not installed."""
    contained = [distribution(name) for name in _pinned()]
    width = max(len(each.name) + len(each.version) for each in contained) + 3
    lines = [f"{f'{each.name} {each.version}':{width}}{licence(each)}" for each in contained]
    said = [f"{each.name} says:\n\n{text}" for each in contained for text in _notices(each)]
    return "\n\n".join([HEAD.rstrip("\n"), "\n".join(lines), *said]) + "\n"


def licence(of: Distribution) -> str:
    """By SPDX's identifiers. Raises ValueError where a distribution names none that is known."""
    about = of.metadata
    named = [about["License-Expression"]] if "License-Expression" in about else []
    short = "".join(about.get_all("License") or [])
    if not named and short and "\n" not in short:
        named = [NAMES.get(short, short)]
    if not named:
        named = [NAMES[each] for each in about.get_all("Classifier") or [] if each in NAMES]
    if len(named) != 1:
        raise ValueError(f"{of.name} has no licence that is known: see its metadata and NAMES")
    return str(named[0])


def _pinned() -> Iterator[str]:
    for name in re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE):
        if name not in BUILDS_ONLY:
            yield name


def _notices(of: Distribution) -> Iterator[str]:
    """What its own NOTICE says, which has to be handed on."""
    for file in of.files or ():
        if ".dist-info" in file.parts[0] and file.stem == "NOTICE":
            yield file.read_text("utf-8").strip()


if __name__ == "__main__":
    FILE.write_text(notice(), "utf-8")
