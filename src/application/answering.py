"""What becomes of a configuration that was offered, and of a retirement."""

from datetime import datetime
from typing import Final, Protocol, TypeAlias, assert_never

from application.decisions import Decision
from application.ports.bus import MalformedConfiguration, Offer, Received, Retirement, Unreadable
from domain.microgrid import Change, Microgrid, Refusal
from domain.site.configuration import SiteConfiguration

MALFORMED: Final = "malformed"

Answered: TypeAlias = Decision | Unreadable | None
"""A decision; a dead letter; nothing, where it says what is in force or was refused before."""


class Answer(Protocol):
    """What a microgrid makes of an offer that arrived, at an instant of its stream."""

    def __call__(self, microgrid: Microgrid, received: Received, at: datetime, *, has_room: bool) -> Answered: ...


def answer(microgrid: Microgrid, received: Received, at: datetime, *, has_room: bool) -> Answered:
    """Apply it or refuse it. Without room for another microgrid that was never provisioned a refusal is a letter."""
    assert isinstance(received.body, Offer)
    change = offer(microgrid, received.body, at, received.id)
    if not change.events:
        return None
    decision = Decision(change, received.traceparent, reconfigures=change.microgrid.site is not microgrid.site)
    if has_room or change.microgrid.site is not None or microgrid.version:
        return decision
    fault = decision.refusals[0].faults[0]
    code = fault.code if isinstance(received.body, Retirement) else MALFORMED
    return Unreadable(code, f"{fault.path}: {fault.message}", received.message)


def offer(microgrid: Microgrid, offered: Offer, at: datetime, request_id: str | None) -> Change:
    """What a microgrid makes of an offer, readable or at least answerable, that arrives at an instant."""
    match offered:
        case SiteConfiguration():
            return microgrid.configure(offered, at, request_id)
        case MalformedConfiguration():
            refusal = Refusal(offered.version, offered.digest)
            return microgrid.refuse_malformed(refusal, offered.faults, at, request_id)
        case Retirement():
            return microgrid.retire(at, request_id)
        case _:
            assert_never(offered)
