"""An entry of the log as a webhook tells of it: a CloudEvent in the structured mode (HOOK-2)."""

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.messages import envelope
from application.ports.notifying import Notice

LOG_ENTRY: Final = "busbar.log.entry.v1"


class LogEntryV1(TypedDict):
    """Something that happened, as a webhook is sent it; it is on no topic."""

    microgrid_id: str
    """The microgrid in which it happened."""
    at: datetime
    """When it was decided or applied (UTC)."""
    code: str
    """What happened, in a word, such as `breach_opened`: one of the codes of the API's log. More may be added."""
    node_id: str
    """Where it happened: a node, a connector as `<charge_point_id>/<connector_id>`, or the microgrid."""
    sentence: str
    """What happened, in a sentence."""
    before_w: int | None
    """The limit that was, in watts; null: there was none, or this is about none."""
    now_w: int | None
    """The limit that is, or the load that was observed, in watts; null: there is none, or this is about none."""
    duration_s: int | None
    """How long that had lasted which is over, in seconds; null: nothing is over."""


_ENTRY: Final = TypeAdapter(LogEntryV1)


def write_notice(notice: Notice) -> bytes:
    """The same bytes however often it is written; `sequence` rises from entry to entry of a microgrid, with gaps."""
    entry = notice.entry
    data = LogEntryV1(
        microgrid_id=entry.microgrid_id,
        at=entry.at,
        code=entry.code.value,
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
