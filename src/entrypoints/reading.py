"""The read model for a command that asks once. The container builds it too; to import that takes far longer."""

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.read_model import SqlReadModel
from application.ports.read_side import ReadModel


def read_model(engine: AsyncEngine) -> ReadModel:
    """What the projections left in a database of the newest schema."""
    return SqlReadModel(engine)
