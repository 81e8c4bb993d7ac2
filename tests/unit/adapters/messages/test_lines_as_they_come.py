"""Lines of a stream, so many at once as have come."""

import os
from io import BufferedReader
from pathlib import Path

import pytest

from adapters.messages import lines
from adapters.messages.lines import MAX_LINE_BYTES, as_they_come


def test_what_was_written_is_read_though_the_writer_goes_on() -> None:
    end, beginning = os.pipe()
    with open(end, "rb") as reader, open(beginning, "wb", buffering=0) as writer:
        read = as_they_come(reader)
        writer.write(b"one\ntwo\nthr")
        assert next(read) == [b"one", b"two"]
        writer.write(b"ee\n\n")
        assert next(read) == [b"three", b""]
        writer.write(b"four")
        writer.close()
        assert list(read) == [[b"four"]]


def test_nothing_is_no_line(tmp_path: Path) -> None:
    assert list(as_they_come(holding(tmp_path, b""))) == []


def holding(tmp_path: Path, content: bytes) -> BufferedReader:
    """A file."""
    (tmp_path / "lines").write_bytes(content)
    return (tmp_path / "lines").open("rb")


def test_of_a_line_that_is_too_long_no_more_is_kept_than_shows_that_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lines, "CHUNK_BYTES", MAX_LINE_BYTES // 2)
    stream = holding(tmp_path, b" " * (4 * MAX_LINE_BYTES) + b"\nshort")
    (long,), (short,) = as_they_come(stream)
    assert MAX_LINE_BYTES < len(long) <= MAX_LINE_BYTES * 3 // 2 + 1
    assert short == b"short"
