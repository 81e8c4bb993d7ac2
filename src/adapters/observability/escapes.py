"""What steers a terminal, begins a line or turns the direction of text is written as escapes."""

from typing import Final

_ONE_BYTE: Final = (*range(0x20), *range(0x7F, 0xA0))
_STEERING: Final = (*_ONE_BYTE, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))

_ESCAPES: Final = {code: f"\\x{code:02x}" if code in _ONE_BYTE else f"\\u{code:04x}" for code in _STEERING}
_JSON_ESCAPES: Final = {code: f"\\u{code:04x}" for code in _STEERING}


def escaped(text: str) -> str:
    """One line for people, whatever came from outside."""
    return text.translate(_ESCAPES)


def escaped_json(line: bytes) -> bytes:
    """The same JSON, of one line, with JSON's own escapes: it says what it said."""
    if line.isascii() and b"\x7f" not in line:
        return line
    return line.decode().translate(_JSON_ESCAPES).encode()
