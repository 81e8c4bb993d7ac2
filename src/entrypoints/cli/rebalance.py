"""`busbar rebalance`: a stream of snapshots in, a stream of decisions or errors out."""

from typing import BinaryIO

from adapters.messages import snapshot
from adapters.messages.lines import lines
from entrypoints.service.garbage import collect_rarely


def run(source: BinaryIO, sink: BinaryIO) -> int:
    """Answer every line in order; returns 0, or 2 where a line could not be used."""
    collect_rarely()
    all_used = True
    for line in lines(source):
        answer, used = snapshot.answer(line)
        all_used = all_used and used
        sink.write(answer + b"\n")
        sink.flush()
    return 0 if all_used else 2
