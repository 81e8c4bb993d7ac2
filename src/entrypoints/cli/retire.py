"""`busbar retire`: a depot that closed, and what became of it (CLI-33)."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import click
from pydantic import ValidationError

from adapters.messages import parsing, registry
from adapters.messages.retirement import MICROGRID_RETIREMENT, read_retirement
from application import event_types
from application.ports.bus import PublishedEvent
from domain.microgrid import ALREADY_RETIRED
from entrypoints import settings as environment
from entrypoints.cli.offering import offer
from entrypoints.service.refusals import quiet, refusing

RETIRED: Final = 0
REFUSED: Final = 1
NO_ANSWER: Final = 3


@dataclass(slots=True)
class Answers:
    """What the events have said of one retirement. `faults`: why it was refused."""

    microgrid_id: str
    request_id: str
    retired_at: str | None = None
    faults: Sequence[dict[str, Any]] | None = None

    def hear(self, event: PublishedEvent, *, was_there: bool) -> None:
        """Take an event in; the one that names this request answers it."""
        if event.data.get("request_id") != self.request_id:
            return
        match event.type:
            case event_types.MICROGRID_RETIRED:
                self.retired_at = event.data["retired_at"]
            case event_types.CONFIGURATION_REJECTED:
                self.faults = event.data["faults"]

    def code(self) -> int | None:
        """The exit code, None while there is no answer."""
        if self.retired_at is not None or self.was_retired:
            return RETIRED
        return None if self.faults is None else REFUSED

    @property
    def was_retired(self) -> bool:
        """Whether it was refused because there was nothing left to do."""
        return self.faults is not None and any(fault["code"] == ALREADY_RETIRED for fault in self.faults)

    def last_word(self) -> int:
        """The exit code once nothing more is waited for."""
        return NO_ANSWER


def run(microgrid_id: str, wait_s: int | None) -> int:
    """Publish the retirement and, if told so, wait for the answer; returns the exit code."""
    settings = environment.kafka()
    quiet(settings)
    payload, request_id = {"microgrid_id": microgrid_id}, str(uuid4())
    try:
        read_retirement(payload)
    except ValidationError as error:
        raise click.UsageError(f"No microgrid has this id: {parsing.faults(error)[0].message}.") from None
    message, answers = registry.encode(MICROGRID_RETIREMENT, payload, request_id), Answers(microgrid_id, request_id)
    with refusing():
        code = asyncio.run(offer(settings, message, answers, wait_s, tell=lambda: None))
    if wait_s is not None:
        _explain(code, answers)
    return code


def _explain(code: int, answers: Answers) -> None:
    name = answers.microgrid_id
    match code:
        case 0 if answers.was_retired:
            click.echo(f"{name} is retired already.")
        case 0:
            click.echo(f"{name} is retired since {answers.retired_at}.")
        case 1:
            click.echo(f"{name} is not retired:", err=True)
            for fault in answers.faults or ():
                click.echo(json.dumps(fault), err=True)
        case _:
            click.echo(f"There was no answer in time about the retirement of {name}.", err=True)
