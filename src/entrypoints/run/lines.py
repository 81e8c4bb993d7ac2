"""Telemetry that comes in as lines: out of a file or a pipe, or by the socket of `busbar send`."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from pydantic_core import to_json

from adapters.messages.lines import MAX_LINE_BYTES, LineError, lines
from adapters.messages.telemetry_lines import message_of
from application.ports.bus import EventPublisher

SOCKET: Final = "telemetry.sock"

LONGEST_PATH: Final = 100
"""Of a socket, in bytes; systems take 104 to 108. One that would be longer lies among the temporary files."""

_logger = logging.getLogger(__name__)


class Lines:
    """Takes lines in, one message each, and publishes them."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    async def take(self, line: bytes) -> LineError | None:
        """Publish the message of a line; returns why that was not possible, if so."""
        message = message_of(line)
        if isinstance(message, LineError):
            return message
        await self._publisher.publish([message])
        return None

    async def take_all(self, stream: BinaryIO, name: str) -> None:
        """Every line of a stream as it comes, to its end. What cannot be used is logged."""
        number = 0
        async for line in _coming(stream):
            number += 1
            if (error := await self.take(line)) is not None:
                _logger.warning("Line %d of %s is not telemetry: %s", number, name, error.message)

    @asynccontextmanager
    async def at(self, folder: Path) -> AsyncIterator[Path]:
        """A socket in a folder for this user alone, on which lines come in while inside.

        What cannot be used is answered by a line with its number and its error; the end of the lines by the end.
        """
        with ExitStack() as stack:
            path = folder / SOCKET
            if len(os.fsencode(path)) > LONGEST_PATH:
                path = Path(stack.enter_context(TemporaryDirectory(prefix="busbar-"))) / SOCKET
            path.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._served, path, limit=MAX_LINE_BYTES + 1)
            stack.callback(path.unlink, missing_ok=True)
            path.chmod(0o600)
            async with server:
                yield path

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        with suppress(ConnectionError):
            async for line in _each(reader):
                number += 1
                if (error := await self.take(line)) is not None:
                    writer.write(to_json({"line": number, "error": error}) + b"\n")
                    await writer.drain()
        writer.close()


async def _coming(stream: BinaryIO) -> AsyncIterator[bytes]:
    """The lines of a stream without their ends. A pipe may stay silent: nothing waits for it but the event loop."""
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES + 1)
    try:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), stream
        )
    except ValueError:
        for line in lines(stream):
            yield line
        return
    try:
        async for line in _each(reader):
            yield line
    finally:
        transport.close()


async def _each(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while line := await _line(reader):
        yield line.removesuffix(b"\n")


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line with its end, empty at the end; of one that is too long no more than shows that it is."""
    is_too_long = False
    while True:
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            line = end.partial
        except asyncio.LimitOverrunError as over:
            is_too_long = True
            await reader.readexactly(over.consumed)
            continue
        return b" " * (MAX_LINE_BYTES + 1) if is_too_long else line
