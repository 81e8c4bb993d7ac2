"""A trial in virtual time: the same messages as over a bus, a second a step."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json

from adapters.messages import registry
from adapters.messages.configuration import read_configuration
from application.trial.checks import Result, results
from application.trial.record import Heard
from application.trial.trial import Trial
from entrypoints.demo.in_one_process import telemetry_message
from entrypoints.topics import TELEMETRY
from tests.builders import EIGHT
from tests.gateways.good import Gateway

SECOND = timedelta(seconds=1)
PARTITIONS = 12
LONGEST = timedelta(hours=1)


def tried(
    configuration: Mapping[str, Any],
    gateway: Gateway,
    pulled: Callable[[Trial, datetime], None] = lambda trial, now: None,
    *,
    attended: bool = False,
) -> dict[str, Result]:
    """What the checks come to, by name. `pulled` is asked every second, and may answer what the trial asks for."""
    trial = Trial(read_configuration(configuration), attended=attended)
    now, key = EIGHT, configuration["microgrid_id"]
    is_misplaced = gateway.partition_of(key, PARTITIONS) != Gateway.partition_of(gateway, key, PARTITIONS)
    while not trial.is_over:
        assert now < EIGHT + LONGEST, trial.step
        for event in trial.turn(now):
            message = registry.write(event, stream="trial")
            types = [value for name, value in message.headers if name == "ce_type" and value]
            gateway.hear(types[0].decode(), from_json(message.value or b""))
        pulled(trial, now)
        now += SECOND
        for payload in gateway.tick(now):
            trial.hear(Heard(now, registry.read(TELEMETRY, telemetry_message(payload)), is_misplaced))
    return {each.check.name: each for each in results(trial.record)}
