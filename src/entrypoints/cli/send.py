"""`busbar send`: telemetry onto the bus, a message a line (CLI-31)."""

import asyncio
import shutil
import socket
from collections.abc import Mapping
from io import BufferedReader
from threading import Thread
from typing import BinaryIO, Final

from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import when_reachable
from adapters.kafka.rights import Use
from adapters.messages.lines import LineError, as_they_come, write_error
from adapters.messages.telemetry_lines import message_of
from application.ports.bus import EventPublisher, Message, PublicationRefused
from entrypoints import going_on
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.service.refusals import quiet, refusing
from entrypoints.unusable import UnusableSetting

PATIENCE_S: Final = 30
"""How long the brokers may take before the first line is read."""

REFUSED: Final = "refused"
"""The code of a line that can be read, and that the brokers do not take."""


def run(source: BufferedReader, sink: BinaryIO) -> int:
    """Send every line that can be used, as it comes; returns 0, or 2 where one could not, which the sink is told.

    Where no brokers are named the lines go to the run of this user that is going on.
    """
    if environment.load().kafka_bootstrap_servers is None and (path := _socket()) is not None:
        return _send_within(path, source, sink)
    settings = environment.kafka()
    quiet(settings)
    deployment = Deployment(connection=connection_to(settings), prefix=settings.topic_prefix)
    publisher, number, all_used = deployment.telemetry_publisher(), 0, True
    with refusing(), asyncio.Runner() as runner:
        runner.run(_reached(deployment))
        try:
            for lines in as_they_come(source):
                read = {number + index: message_of(line) for index, line in enumerate(lines, 1)}
                number += len(lines)
                errors = {each: error for each, error in read.items() if isinstance(error, LineError)}
                messages = {each: message for each, message in read.items() if isinstance(message, Message)}
                errors |= runner.run(_send(publisher, messages))
                sink.writelines(write_error(errors[each], each) + b"\n" for each in sorted(errors))
                sink.flush()
                all_used = all_used and not errors
        finally:
            runner.run(publisher.close())
    return 0 if all_used else 2


def _socket() -> str | None:
    process = going_on.found(taking_lines=True)
    return None if process is None else process.going_on.socket


def _send_within(path: str, source: BufferedReader, sink: BinaryIO) -> int:
    """Through the socket of a run: it answers lines that it cannot use."""
    with socket.socket(socket.AF_UNIX) as run:
        try:
            run.connect(path)
        except OSError as error:
            raise UnusableSetting(f"The run that is going on does not answer at {path}: {error.strerror}.") from None
        counted = _Counted(sink)
        answers = Thread(target=shutil.copyfileobj, args=(run.makefile("rb"), counted), daemon=True)
        answers.start()
        for lines in as_they_come(source):
            run.sendall(b"".join(line + b"\n" for line in lines))
        run.shutdown(socket.SHUT_WR)
        answers.join()
    return 2 if counted.written else 0


class _Counted:
    """A sink that knows whether anything was written."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.written = 0

    def write(self, data: bytes) -> int:
        self.written += len(data)
        self._sink.write(data)
        self._sink.flush()
        return len(data)


async def _reached(deployment: Deployment) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            telemetry = Use(writes=[deployment.topics().telemetry])
            await when_reachable(lambda: kafka_topics.require(deployment.connection(), telemetry))
    except TimeoutError:
        raise UnusableSetting(
            f"The brokers of BUSBAR_KAFKA_BOOTSTRAP_SERVERS did not answer within {PATIENCE_S} s."
        ) from None


async def _send(publisher: EventPublisher, messages: Mapping[int, Message]) -> Mapping[int, LineError]:
    """All together; where that is refused one by one, to find out which are."""
    try:
        if messages:
            await publisher.publish([*messages.values()])
    except PublicationRefused as error:
        if len(messages) == 1:
            return dict.fromkeys(messages, LineError(REFUSED, str(error)))
        return {
            number: refusal
            for each, message in messages.items()
            for number, refusal in (await _send(publisher, {each: message})).items()
        }
    return {}
