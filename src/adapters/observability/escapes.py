"""What steers a terminal, begins a line or turns the direction of text is written as escapes."""

from typing import Final

_ESCAPES: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def escaped(text: str) -> str:
    """One line for people, whatever came from outside."""
    return text.translate(_ESCAPES)
