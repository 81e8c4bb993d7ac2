"""The forms of a report, by the ending of its file's name."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from entrypoints.demo.report import html, junit
from entrypoints.demo.report.run import Run


def _json(run: Run) -> bytes:
    return json.dumps({"depot": run.depot, "summary": run.summary, **run.account}, indent=1).encode() + b"\n"


FORMS: Mapping[str, Callable[[Run], bytes]] = MappingProxyType(
    {".html": html.page, ".xml": junit.suite, ".json": _json}
)
