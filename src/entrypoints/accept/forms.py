"""What the reports of every acceptance have in common: for people who sign it (HTML), for build servers (JUnit)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

from jinja2 import Environment, PackageLoader, StrictUndefined

from adapters.ocpp.spoken import ALONE
from entrypoints.demo.report import html as run_report
from entrypoints.demo.report.junit import as_xml

Made = TypeVar("Made")


def written_at(made_at: datetime) -> str:
    """When it was made: all in which the reports of the same file and seed differ."""
    return f"{made_at:%Y-%m-%dT%H:%M:%SZ}"


def page(template: str, **values: Any) -> bytes:
    """One page that needs nothing from anywhere else."""
    environment = Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"clock": run_report.clock, "watts": "{:,} W".format}
    # Keys that nothing reads and names of files may have half a surrogate pair in them.
    return environment.get_template(template).render(values, ocpp=ALONE).encode(errors="backslashreplace")


def suite(
    name: str,
    made_at: datetime,
    failures: Mapping[str, Sequence[str]],
    skipped: Mapping[str, str],
    *,
    stated: Mapping[str, object],
) -> bytes:
    """A test suite: by the name of a test why it failed (not at all: it passed), or why it was skipped."""
    root = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(failures) + len(skipped)),
        failures=str(sum(map(bool, failures.values()))),
        skipped=str(len(skipped)),
        errors="0",
        time="0",
        timestamp=written_at(made_at).removesuffix("Z"),
    )
    properties = ElementTree.SubElement(root, "properties")
    for key, value in stated.items():
        ElementTree.SubElement(properties, "property", name=key, value=str(value))
    for test, sentences in failures.items():
        case = ElementTree.SubElement(root, "testcase", classname=name, name=test, time="0")
        if sentences:
            ElementTree.SubElement(case, "failure", message=sentences[0]).text = "\n".join(sentences)
    for test, reason in skipped.items():
        case = ElementTree.SubElement(root, "testcase", classname=name, name=test, time="0")
        ElementTree.SubElement(case, "skipped", message=reason)
    return as_xml(root)


def write(made: Made, files: Mapping[str, Callable[[Made], bytes]], folder: Path) -> None:
    """Write the reports into a folder that is there. Raises OSError."""
    for name, form in files.items():
        (folder / name).write_bytes(form(made))
