"""`busbar rebalance`: a stream of snapshots in, a stream of decisions or errors out."""

import gc
from typing import BinaryIO

from entrypoints.container import answer_snapshot, snapshot_lines


def run(source: BinaryIO, sink: BinaryIO) -> int:
    """Answer every line in order; returns 0, or 2 where a line could not be used."""
    # A large line makes a million short-lived objects; without this the collector walks the whole program for them.
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    all_used = True
    for line in snapshot_lines(source):
        answer, used = answer_snapshot(line)
        all_used = all_used and used
        sink.write(answer + b"\n")
        sink.flush()
    return 0 if all_used else 2
