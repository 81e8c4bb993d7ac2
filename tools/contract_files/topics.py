"""The four topics: what lies there, how it is kept, and what Busbar does there."""

from dataclasses import dataclass
from typing import Final

from adapters.kafka.topics import RETAIN_D
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.retirement import MICROGRID_RETIREMENT
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY
from entrypoints.topics import CONFIGURATION, DEAD_LETTER, EVENTS, PARTITIONS, TELEMETRY
from tools.contract_files.schemas import OUTBOUND

DEFAULT_PREFIX, _, _ = EVENTS.rpartition(".")
MIB: Final = 2**20
DEAD: Final = "dead-letter"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: which types of message lie there, and how it is kept. `group` is what Busbar receives it with."""

    address: str
    title: str
    does: str
    summary: str
    about: str
    types: tuple[str, ...]
    partitions: int = PARTITIONS
    max_message_bytes: int = 8 * MIB
    cleanup: str = "delete"
    retain_d: int | None = None
    group: str | None = None

    @property
    def name(self) -> str:
        """The address without its prefix."""
        return self.address.rpartition(".")[2]


TOPICS: Final = (
    Topic(
        CONFIGURATION,
        title="Configuration",
        does="receive",
        summary="Take in a site configuration, or that a depot closed, and answer it with an event.",
        about="Site configurations, and retirements of depots that closed, compacted: the newest of each microgrid is "
        "kept. A null value changes nothing. What cannot be used is answered with `busbar.configuration.rejected.v1`.",
        types=(SITE_CONFIGURATION, MICROGRID_RETIREMENT),
        cleanup="compact",
        group="worker",
    ),
    Topic(
        TELEMETRY,
        title="Telemetry",
        does="receive",
        summary="Take in what charge points and meters report, and decide by it.",
        about="What charge points and meters report. The newest reading of each connector and meter counts, so that "
        "messages may come twice, late or in another order. A reading of the future or of a charger that the "
        "configuration does not have is counted and ignored.",
        types=(CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY),
        group="worker",
        retain_d=RETAIN_D["telemetry"],
    ),
    Topic(
        EVENTS,
        title="Events",
        does="send",
        summary="Announce what was decided and observed.",
        about="What Busbar decided and observed: at least once, in order of `event_seq`, which has no gaps in a "
        "microgrid and stream. An event that is sent again has the same id, headers and bytes. A new `ce_source` is a "
        "new stream: `event_seq` and `cycle_seq` may go back, and the former stream counts no more.",
        types=tuple(OUTBOUND),
        retain_d=RETAIN_D["events"],
    ),
    Topic(
        DEAD_LETTER,
        title="Dead letters",
        does="send",
        summary="Put aside a message that cannot be read, with the reason.",
        about="Messages that cannot be read, as they came, with their coordinates and what is wrong in headers.",
        types=(DEAD,),
        partitions=1,
        max_message_bytes=64 * MIB,
        retain_d=RETAIN_D["dead-letter"],
    ),
)
