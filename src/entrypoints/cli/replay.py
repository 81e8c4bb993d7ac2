"""`busbar replay`: the service as a pipe in virtual time, messages in, events out."""

from typing import BinaryIO

from entrypoints.container import new_replay, replay_line, stream_lines
from entrypoints.service.garbage import collect_rarely


def run(source: BinaryIO, sink: BinaryIO) -> int:
    """Answer every line in order; returns 0, or 2 where a line could not be used."""
    collect_rarely()
    replay = new_replay()
    all_used = True
    for line in stream_lines(source):
        answers, used = replay_line(replay, line)
        all_used = all_used and used
        sink.writelines(answer + b"\n" for answer in answers)
        sink.flush()
    return 0 if all_used else 2
