"""Text from outside is printed as text (CLI-40)."""

import json

import pytest
from pydantic_core import to_json

from adapters.observability.escapes import escaped, escaped_json

STEERING = ("\x1b", "\r", "\n", "\x07", "\x7f", "\x9b", "\u2028", "\u202e", "\u2067")


@pytest.mark.parametrize("character", STEERING)
def test_what_steers_a_terminal_is_an_escape(character: str) -> None:
    text = f"Bay {character}1, M\u00fcnchen"
    assert character not in escaped(text)
    assert escaped(text).startswith("Bay \\")
    assert escaped(text).endswith("1, M\u00fcnchen")


@pytest.mark.parametrize("character", STEERING)
def test_json_says_the_same_with_escapes_of_its_own(character: str) -> None:
    said = {"detail": f"Bay {character}1, M\u00fcnchen", character: 1}
    line = escaped_json(to_json(said))
    assert character not in line.decode()
    assert json.loads(line) == said
