"""What the tests on a real database share."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import create_engine


@pytest.fixture
async def engine(postgresql_url: str) -> AsyncIterator[AsyncEngine]:
    """Of a PostgreSQL database at the newest schema that holds nothing."""
    engine = create_engine(postgresql_url)
    yield engine
    await engine.dispose()
