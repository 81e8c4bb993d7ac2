"""Telemetry as lines: the message that a line stands for, or why it is none."""

import json

import pytest

from adapters.messages import registry
from adapters.messages.lines import LineError
from adapters.messages.telemetry import read_charge_point_telemetry, read_circuit_telemetry
from adapters.messages.telemetry_lines import message_of
from application.ports.bus import Message
from tests.unit.adapters.messages.examples import CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY

UNREAD = json.dumps(CIRCUIT_TELEMETRY | {"unread": 0}).encode().replace(b'"unread": 0', b'"unread": %b')
"""With any value of a key that nothing reads."""


def test_CLI_31_a_line_becomes_the_message_that_a_worker_reads() -> None:
    for payload, read in (
        (CHARGE_POINT_TELEMETRY, read_charge_point_telemetry),
        (CIRCUIT_TELEMETRY, read_circuit_telemetry),
    ):
        message = message_of(json.dumps(payload).encode())
        assert isinstance(message, Message)
        assert message.key == "malaga"
        assert registry.read("busbar.telemetry", message) == read(payload)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_snapshot"),
        (json.dumps(CIRCUIT_TELEMETRY | {"power_w": "3 kW"}).encode(), "invalid_snapshot"),
        (json.dumps(CIRCUIT_TELEMETRY | {"microgrid_id": "a b"}).encode(), "invalid_snapshot"),
        (b" " * (16 * 2**20 + 1), "line_too_long"),
        (UNREAD % b'"\\ud800"', "invalid_json"),
        (UNREAD % (b"9" * 5000), "invalid_json"),
        (UNREAD % (b"[" * 500 + b"]" * 500), "invalid_json"),
    ],
)
def test_what_is_no_telemetry_is_named_by_a_code(line: bytes, code: str) -> None:
    error = message_of(line)
    assert isinstance(error, LineError)
    assert error.code == code
