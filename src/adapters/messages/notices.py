"""An entry of the log as a webhook tells of it: a CloudEvent in the structured mode (HOOK-2)."""

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.messages import envelope
from application.ports.notifying import Notice
from application.queries.log import HappeningCode

LOG_ENTRY: Final = "busbar.log.entry.v1"


class LogEntryV1(TypedDict):
    """Something that happened."""

    microgrid_id: str
    at: datetime
    code: HappeningCode
    node_id: str
    sentence: str
    before_w: int | None
    now_w: int | None
    duration_s: int | None


_ENTRY: Final = TypeAdapter(LogEntryV1)


def write_notice(notice: Notice) -> bytes:
    """The same bytes however often it is written; `sequence` rises from entry to entry of a microgrid, with gaps."""
    entry = notice.entry
    data = LogEntryV1(
        microgrid_id=entry.microgrid_id,
        at=entry.at,
        code=entry.code,
        node_id=entry.node_id,
        sentence=entry.sentence,
        before_w=entry.before_w,
        now_w=entry.now_w,
        duration_s=entry.duration_s,
    )
    message = envelope.wrap(
        LOG_ENTRY,
        f"{notice.stream}/{entry.microgrid_id}/log/{entry.number}",
        entry.microgrid_id,
        b"",
        source=envelope.source_of(notice.stream),
        time=entry.at,
        sequence=entry.number,
    )
    return envelope.structured(message, _ENTRY.dump_python(data, mode="json"))
