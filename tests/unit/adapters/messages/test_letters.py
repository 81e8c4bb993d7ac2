"""What a dead letter says, read again as it was written."""

import json
from dataclasses import replace

import pytest

from adapters.messages import letters, registry
from adapters.messages.letters import DeadLetter, dead_letter
from application.ports.bus import Message, Position, Unreadable

PLACE = Position("busbar.telemetry", 3, 41)
STRUCTURED = (("content-type", b"application/cloudevents+json"),)


def letter_of(message: Message) -> DeadLetter:
    letter = letters.read(dead_letter(PLACE, Unreadable("malformed", "/power_w: Input is none.", message)))
    assert letter is not None
    return letter


def test_a_letter_is_read_as_it_was_written() -> None:
    written = letter_of(registry.encode("circuit.telemetry.v1", {"microgrid_id": "malaga"}))
    assert json.loads(letters.write_line(written)) == {
        "code": "malformed",
        "detail": "/power_w: Input is none.",
        "topic": "busbar.telemetry",
        "partition": 3,
        "offset": 41,
        "key": "malaga",
    }


@pytest.mark.parametrize(
    ("key", "headers", "value", "of"),
    [
        ("malaga", (), b'{"microgrid_id": "west"}', {"malaga", "west"}),
        (None, (), b'{"microgrid_id": "west"}', {"west"}),
        ("malaga", (), b"[]", {"malaga"}),
        ("malaga", (), b'{"microgrid_id": 7}', {"malaga"}),
        ("malaga", (), b"\xff", {"malaga"}),
        ("malaga", (), None, {"malaga"}),
        ("malaga", STRUCTURED, b'{"data": {"microgrid_id": "west"}}', {"malaga", "west"}),
        ("malaga", STRUCTURED, b"7", {"malaga"}),
        ("\udcff", (), b"", {"\\xff"}),
    ],
)
def test_a_letter_is_of_the_microgrid_of_its_key_and_of_that_which_its_data_name(
    key: str | None, headers: tuple[tuple[str, bytes], ...], value: bytes | None, of: set[str]
) -> None:
    letter = letter_of(Message(key, headers, value))
    assert letter.microgrid_ids == of
    assert letter.is_of(None)
    assert all(letter.is_of(each) for each in of)
    assert not letter.is_of("elsewhere")
    json.loads(letters.write_line(letter))


def test_what_is_no_letter_is_none() -> None:
    letter = dead_letter(PLACE, Unreadable("malformed", "", Message(None, (), None)))
    for missing in ("dlq_topic", "dlq_partition", "dlq_offset", "dlq_code"):
        headers = tuple(each for each in letter.headers if each[0] != missing)
        assert letters.read(replace(letter, headers=headers)) is None
    assert letters.read(replace(letter, headers=(*letter.headers, ("dlq_offset", b"many")))) is None
