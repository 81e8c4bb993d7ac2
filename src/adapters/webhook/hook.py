"""What a webhook is set to."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hook:
    """Where entries are sent, what signs them, and whether that may be in a private network."""

    url: str
    secret: str = field(repr=False)
    allow_private: bool = False
