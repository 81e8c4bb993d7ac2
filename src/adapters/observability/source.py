"""How far behind a consumer is, in time: what a person can judge without knowing how many messages there are."""

from collections.abc import Collection, Sequence

from opentelemetry.metrics import MeterProvider

from adapters.observability import names
from application.ports.bus import MessageSource, Position, Received
from application.ports.clock import Clock

BOUNDARIES_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class MeasuredSource:
    """MessageSource that measures what another brings: the age of the oldest message of each topic in a batch."""

    def __init__(self, source: MessageSource, clock: Clock, provider: MeterProvider) -> None:
        self._source = source
        self._clock = clock
        self._lag = provider.get_meter(names.SERVICE).create_histogram(
            names.CONSUMER_LAG,
            "s",
            "Age of the oldest message of a topic in a batch, from its record's time to its receipt",
            explicit_bucket_boundaries_advisory=BOUNDARIES_S,
        )

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        batch = await self._source.receive(limit, without)
        now_s, oldest = self._clock.now().timestamp(), dict[str, int]()
        for received in batch:
            topic, sent_ms = received.position.topic, received.sent_ms
            if sent_ms is not None and (topic not in oldest or sent_ms < oldest[topic]):
                oldest[topic] = sent_ms
        for topic, sent_ms in oldest.items():
            self._lag.record(max(0.0, now_s - sent_ms / 1000), {names.DESTINATION: topic})
        return batch

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        await self._source.acknowledge(positions)
