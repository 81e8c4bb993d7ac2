"""Messages of every type, made by the service itself in a small depot."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from adapters.database import migrations
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.registry import encode
from adapters.messages.retirement import MICROGRID_RETIREMENT
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY
from application import event_types
from entrypoints.container import Container
from tools.contract_files.depot import CALM_S, DEPOT, REFUSED, RETIRED, TROUBLES
from tools.contract_files.listening import Heard, open_overheard_demo

STREAM = "0d5f3e52-7e4e-4c0f-9d0b-3a4c1f2b6a70"

PATIENCE_S = 600

Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """What a message is an example of. The first of a type has no `case`; `fits` says which data show it."""

    type: str
    summary: str
    case: str | None = None
    fits: Callable[[Data], bool] = lambda data: True

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.type}.{self.case}.json" if self.case else f"{self.type}.json"


def _is_safe_and_unresponsive(data: Data) -> bool:
    reasons = {setpoint["reason"] for setpoint in data["setpoints"]}
    return "unresponsive" in reasons and any(node["mode"] == "safe" for node in data["nodes"])


EXAMPLES = (
    Example(SITE_CONFIGURATION, "A depot with one grid connection, two feeders and three chargers."),
    Example(MICROGRID_RETIREMENT, "The depot closed."),
    Example(CHARGE_POINT_TELEMETRY, "Two connectors that charge, with the limits read back from them."),
    Example(CIRCUIT_TELEMETRY, "What a meter shows: chargers and building together."),
    Example(event_types.MICROGRID_PROVISIONED, "The first valid configuration brought the microgrid into being."),
    Example(event_types.CONFIGURATION_APPLIED, "The configuration is in force, what it leaves out filled in."),
    Example(event_types.CONFIGURATION_REJECTED, "A feeder names a circuit above it that is not there."),
    Example(
        event_types.CYCLE_COMPLETED,
        "Feeder 1 binds. Charger cp-1 draws 5 % more than it is told (`factor`); cp-3 was never heard: its `limit_w` "
        "is null, and room is held for it.",
    ),
    Example(
        event_types.CYCLE_COMPLETED,
        "The meter of feeder 2 is silent: its safe operating capacity is in force. Charger cp-2 does not keep to what "
        "it is told, so that room is held for what it draws.",
        "safe-mode",
        _is_safe_and_unresponsive,
    ),
    Example(
        event_types.CONSTRAINT_BREACHED, "A charger does not keep to what it was told: feeder 2 is over its limit."
    ),
    Example(
        event_types.CONSTRAINT_BREACHED,
        "The same breach became critical: the load is over the higher of both capacities too.",
        "escalated",
        lambda data: data["severity"] == "critical",
    ),
    Example(event_types.CONSTRAINT_CLEARED, "The breach is over."),
    Example(event_types.MICROGRID_RETIRED, "The depot closed: what its chargers were told lapses."),
)

_LAST = {MICROGRID_RETIREMENT, event_types.MICROGRID_RETIRED}
"""Nothing follows them."""


async def examples() -> dict[Example, dict[str, Any]]:
    """Example -> topic, key, headers and payload of a message. The same ones every time.

    Of the calm minutes the newest message that fits; then the first of those that take trouble. Raises RuntimeError
    where none comes.
    """
    said: dict[Example, Heard] = {}
    with tempfile.TemporaryDirectory() as folder:
        container = _container(folder)
        await migrations.upgrade(container.database_url())
        await container.streams().begin(STREAM)
        async with open_overheard_demo(container) as (demo, listener):
            for _ in range(CALM_S):
                await demo.tick()
                said |= _shown(await listener.heard())
            await container.configuration_publisher().publish([encode(SITE_CONFIGURATION, REFUSED)])
            for _ in range(PATIENCE_S):
                await demo.tick()
                said = _shown(list(reversed(await listener.heard()))) | said
                if {each.type for each in EXAMPLES if each not in said} == _LAST:
                    await container.configuration_publisher().publish(
                        [encode(MICROGRID_RETIREMENT, RETIRED, "examples/closed")]
                    )
                if len(said) == len(EXAMPLES):
                    return {example: _readable(said[example]) for example in EXAMPLES}
    raise RuntimeError(f"no message came of {', '.join(sorted(each.file for each in EXAMPLES if each not in said))}")


def _shown(heard: Sequence[Heard]) -> dict[Example, Heard]:
    """What these messages are examples of; the later of two that fit."""
    return {
        example: each
        for each in heard
        for example in EXAMPLES
        if each.type == example.type and example.fits(json.loads(each.message.value or b"null"))
    }


class _SameIds(IdGenerator):
    """One trace and one span for everything: how many spans a cycle has does not show in the examples."""

    def generate_span_id(self) -> int:
        return 0xB7AD6B7169203331

    def generate_trace_id(self) -> int:
        return 0x0AF7651916CD43DD8448EB211C80319C


def _container(folder: str) -> Container:
    container = Container(
        database_url=f"sqlite+aiosqlite:///{folder}/examples.sqlite3", scenario=DEPOT, seed=1, fault=TROUBLES
    )
    container.tracer_provider.override(TracerProvider(sampler=ALWAYS_ON, id_generator=_SameIds()))
    return container


def _readable(heard: Heard) -> dict[str, Any]:
    message = heard.message
    if message.value is None:
        raise RuntimeError(f"a message on {heard.topic} has no value")
    return {
        "topic": heard.topic,
        "key": message.key,
        "headers": {name: value.decode() for name, value in heard.headers.items()},
        "payload": json.loads(message.value),
    }
