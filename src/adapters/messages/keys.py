"""Keys as text and as bytes. A key that is no UTF-8 survives the way there and back (PEP 383)."""


def encode_key(key: str) -> bytes:
    """The bytes of a key on the bus, also of one that `decode_key` made of no UTF-8."""
    return key.encode(errors="surrogateescape")


def decode_key(key: bytes) -> str:
    """The text of a key. What is no UTF-8 becomes lone surrogates, which are part of no identifier."""
    return key.decode(errors="surrogateescape")
