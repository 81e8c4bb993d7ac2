"""The socket on which a run takes telemetry in."""

import asyncio
import json
from pathlib import Path

from entrypoints.run.lines import Lines
from tests.fakes.bus import RememberedMessages
from tests.unit.adapters.messages.examples import CIRCUIT_TELEMETRY


async def test_a_folder_whose_path_is_too_long_for_a_socket_has_one_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    published = RememberedMessages()
    async with Lines(published).at(folder) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(json.dumps(CIRCUIT_TELEMETRY).encode() + b"\n")
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    assert [message.key for message in published.messages] == ["malaga"]
    assert not path.exists()
