"""Decisions that came to nothing because somebody else owns the partition by now: each is a fence that held."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from opentelemetry.metrics import MeterProvider

from adapters.observability import names
from application.ports.ownership import Epoch, Fenced
from application.ports.persistence import Transactions, UnitOfWork

_logger = logging.getLogger(__name__)


class CountedTransactions:
    """Transactions of another that counts those which are fenced."""

    def __init__(self, inner: Transactions, provider: MeterProvider) -> None:
        self._inner = inner
        self._fenced = provider.get_meter(names.SERVICE).create_counter(
            names.FENCED_WRITES, "{transaction}", "Transactions refused as their epoch had ended"
        )

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator[UnitOfWork]:
        """Raises Fenced where one of the epochs has ended."""
        try:
            async with self._inner.begin(epochs) as unit_of_work:
                yield unit_of_work
        except Fenced as fenced:
            self._fenced.add(1)
            _logger.warning("Fenced: %s", fenced)
            raise
