"""The topics by name."""

from dataclasses import dataclass
from typing import Final, Self

from adapters.kafka import topics


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of a deployment, by name."""

    configuration: str
    telemetry: str
    events: str
    dead_letter: str

    @classmethod
    def under(cls, prefix: str) -> Self:
        """As they are called under `BUSBAR_TOPIC_PREFIX`."""
        return cls(*(f"{prefix}.{name}" for name in (*topics.KEYED_BY_MICROGRID, topics.DEAD_LETTER)))


_EMBEDDED: Final = Topics.under("busbar")

CONFIGURATION: Final = _EMBEDDED.configuration
TELEMETRY: Final = _EMBEDDED.telemetry
EVENTS: Final = _EMBEDDED.events
DEAD_LETTER: Final = _EMBEDDED.dead_letter

PARTITIONS: Final = 12
"""Of the three topics that are keyed by microgrid; dead letters have one."""
