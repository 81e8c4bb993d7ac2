"""One message of every type, made by the service itself in a depot of one charger."""

import json
import tempfile
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from adapters.database import migrations
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.registry import encode
from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.faults.chargers import Disobedience
from adapters.simulation.faults.script import Fault
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site
from entrypoints.container import Container
from tools.contract_files.listening import Heard, open_overheard_demo
from tools.contract_files.schemas import INBOUND, OUTBOUND

TYPES = (*INBOUND, *OUTBOUND)

STREAM = "0d5f3e52-7e4e-4c0f-9d0b-3a4c1f2b6a70"

CALM_S = 60
PATIENCE_S = 300

DEPOT = Scenario(
    name="depot",
    summary="Two buses at one charger, on a feeder that bears a third of what they ask for.",
    configuration={
        **site(
            "depot",
            "Example depot",
            [
                circuit("gc-1", None, "Grid connection 1", 250_000, safe_capacity_w=150_000),
                circuit("f-1", "gc-1", "Feeder 1", 100_000),
            ],
            [charge_point("cp-1", "f-1", 200_000, connectors=2, connector_w=150_000)],
        ),
        "settings": {"breach_hold_s": 5, "setpoint_valid_for_s": 120},
    },
    arrivals=ArrivalPlan(vehicles=2, at_start=2, charge_percent_at_start=(20, 30)),
)

FOR_HALF_A_MINUTE = Fault(
    "ignores-setpoint",
    "For half a minute one connector draws its rating.",
    lambda plant, draw: Disobedience(plant, range(CALM_S, CALM_S + 30)),
)

REFUSED = {
    **DEPOT.configuration,
    "version": 2,
    "circuits": [circuit("gc-1", None, "Grid connection 1", 250_000), circuit("f-1", "gc-9", "Feeder 1", 100_000)],
}


async def examples() -> dict[str, dict[str, Any]]:
    """CloudEvents type -> topic, key, headers and payload of a message. The same ones every time.

    Of a calm minute the newest message of each type; then the first of those that take trouble. Raises RuntimeError
    where a type does not come.
    """
    said: dict[str, Heard] = {}
    with tempfile.TemporaryDirectory() as folder:
        container = _container(folder)
        await migrations.upgrade(container.database_url())
        await container.streams().begin(STREAM)
        async with open_overheard_demo(container) as (demo, listener):
            for _ in range(CALM_S):
                await demo.tick()
                said |= {heard.type: heard for heard in await listener.heard()}
            await container.configuration_publisher().publish([encode(SITE_CONFIGURATION, REFUSED)])
            for _ in range(PATIENCE_S):
                await demo.tick()
                said = {heard.type: heard for heard in reversed(await listener.heard())} | said
                if said.keys() >= set(TYPES):
                    return {name: _readable(said[name]) for name in TYPES}
    raise RuntimeError(f"no message came of {', '.join(sorted(set(TYPES) - said.keys()))}")


class _SameIds(IdGenerator):
    """One trace and one span for everything: how many spans a cycle has does not show in the examples."""

    def generate_span_id(self) -> int:
        return 0xB7AD6B7169203331

    def generate_trace_id(self) -> int:
        return 0x0AF7651916CD43DD8448EB211C80319C


def _container(folder: str) -> Container:
    container = Container(
        database_url=f"sqlite+aiosqlite:///{folder}/examples.sqlite3", scenario=DEPOT, seed=1, fault=FOR_HALF_A_MINUTE
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
