"""`busbar replay`: the service as a pipe in virtual time, messages in, events out."""

from typing import BinaryIO

from adapters.database import stored_state
from adapters.messages import replay
from adapters.messages.lines import lines
from application.replay import Replay
from entrypoints.service.garbage import collect_rarely


def run(source: BinaryIO, sink: BinaryIO) -> int:
    """Answer every line in order; returns 0, or 2 where a line could not be used."""
    collect_rarely()
    service = Replay(stored_state.read_back)
    all_used = True
    for line in lines(source):
        answers, used = replay.answers(service, line)
        all_used = all_used and used
        sink.writelines(answer + b"\n" for answer in answers)
        sink.flush()
    return 0 if all_used else 2
