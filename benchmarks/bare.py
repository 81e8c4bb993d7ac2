"""The bare loop: consume, parse, produce with the worker's own clients, and nothing else.

`python -m benchmarks.bare SERVERS PREFIX COUNT EVERY EVENT`: reads so many telemetry messages from the beginning, and
puts the bytes of the file EVENT on the events topic for every EVERYth of them; with EVERY 0 it sends each message back
as it came, for ever. Prints the CPU seconds it took by its own account, start of Python and imports left out.
"""

import asyncio
import json
import sys
from pathlib import Path
from time import monotonic, process_time

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import producer_for
from adapters.kafka.source import IDLE_MS, consumer_of
from application.intake import BATCH


async def _run(connection: Connection, prefix: str, count: int, every: int, event: bytes) -> None:
    consumer, producer = consumer_of(connection, f"{prefix}.bare"), producer_for(connection)
    consumer.subscribe([f"{prefix}.telemetry"])
    await consumer.start()
    await producer.start()
    print("Joined the group", file=sys.stderr, flush=True)
    began, taken, seen = monotonic(), process_time(), 0
    while every == 0 or seen < count:
        fetched = await consumer.getmany(timeout_ms=IDLE_MS, max_records=BATCH)
        sending = []
        for record in (record for records in fetched.values() for record in records):
            assert record.value is not None
            key = json.loads(record.value)["microgrid_id"].encode()
            seen += 1
            if every == 0 or seen % every == 0:
                value = record.value if every == 0 else event
                headers = list(record.headers)
                sending.append(await producer.send(f"{prefix}.events", key=key, value=value, headers=headers))
        await asyncio.gather(*sending)
        if fetched:
            await consumer.commit()
    print(json.dumps({"readings": seen, "cpu_s": process_time() - taken, "elapsed_s": monotonic() - began}))
    await producer.stop()
    await consumer.stop()


if __name__ == "__main__":
    servers, prefix, count, every, event = sys.argv[1:]
    asyncio.run(_run(Connection(servers), prefix, int(count), int(every), Path(event).read_bytes()))
