"""A run as a JUnit test suite: what build servers show beside other tests."""

import re
from typing import Final
from xml.etree import ElementTree

from entrypoints.demo.report.run import Run

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no document of XML 1.0 may have, be it written as a reference: most control characters, lone surrogates."""


def suite(run: Run) -> bytes:
    """One test for the limits, one for what the fault script was to bring about; the time line as output."""
    summary = run.summary
    violated = [
        f"{each['node_id']}: {each['ticks']} s, {each['longest_s']} s on end, {each['worst_w']} W at second "
        f"{each['worst_s']}"
        for each in run.account["violations"]
    ]
    missed = [f"{each['code']}: {each['message']}" for each in summary["expected"]]
    cases = {"no limit is violated": violated}
    if summary["fault"] is not None:
        cases["what the fault script brings about"] = missed
    root = ElementTree.Element(
        "testsuite",
        name=f"busbar.{run.depot}",
        tests=str(len(cases)),
        failures=str(sum(map(bool, cases.values()))),
        errors="0",
        time=str(summary["simulated_s"]),
        timestamp=run.account["started_at"].removesuffix("Z"),
    )
    properties = ElementTree.SubElement(root, "properties")
    of_the_run = {key: summary[key] for key in ("fault", "seed", "verdict", "limit_violations", "true_overload_ticks")}
    habits = {f"habits.{device_id}": habits for device_id, habits in run.account["habits"].items()}
    for name, value in {**of_the_run, "chargers": run.account["chargers"], **habits}.items():
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
    for name, complaints in cases.items():
        case = ElementTree.SubElement(root, "testcase", classname=f"busbar.{run.depot}", name=name, time="0")
        if complaints:
            ElementTree.SubElement(case, "failure", message=complaints[0]).text = "\n".join(complaints)
    ElementTree.SubElement(root, "system-out").text = "\n".join(_lines(run))
    return as_xml(root)


def as_xml(root: ElementTree.Element) -> bytes:
    """A document that every reader takes, in ASCII. Of texts and attributes, what cannot stand in one is escaped."""
    for element in root.iter():
        element.text = None if element.text is None else _xml_text(element.text)
        for name, value in element.items():
            element.set(name, _xml_text(value))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root) + b"\n"


def _xml_text(text: str) -> str:
    return _NO_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _lines(run: Run) -> list[str]:
    """The time line, a line a minute: load, permitted power and capacity of every circuit, in kW."""
    time_line = run.account["time_line"]
    lines = [f"second: load / permitted / capacity in kW at {', '.join(time_line['circuits'])}"]
    for sample in time_line["samples"]:
        if sample["second"] % 60 == 0:
            figures = zip(sample["load_w"], sample["permitted_w"], sample["capacity_w"], strict=True)
            lines.append(f"{sample['second']}: " + ", ".join(" / ".join(map(_kw, each)) for each in figures))
    return lines


def _kw(watts: int | None) -> str:
    return "-" if watts is None else f"{watts / 1000:.1f}"
