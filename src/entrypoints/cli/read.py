"""`busbar status`, `busbar breaches` and `busbar explain`: what the read models of the configured database say."""

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import click
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database import schema
from adapters.database.engine import UnusableDatabase, create_engine
from adapters.observability.escapes import escaped_json
from application.ports.read_side import ReadModel
from application.queries.breaches import Breach
from application.queries.breaches import breaches as list_breaches
from application.queries.explanation import Explanation, NotExplained, explanation
from application.queries.microgrids import microgrids
from application.queries.node_explanation import NodeExplanation, node_explanation
from application.queries.rows import BreachState
from application.queries.status import MicrogridStatus, microgrid_status
from entrypoints import going_on
from entrypoints import settings as environment
from entrypoints.cli import node_view
from entrypoints.cli import views as read_views
from entrypoints.reading import read_model
from entrypoints.unusable import OLDER_SCHEMA, UnusableSetting, unusable_database

LISTED = 500
"""How many breaches of a microgrid are listed at most."""

SUGGESTED = 12
"""So many names of what there is are listed at most."""

_T = TypeVar("_T")


def status(microgrid_id: str | None, *, as_json: bool) -> int:
    """Print every microgrid in a line, or one of them in detail."""
    if microgrid_id is None:
        lines = _ask(microgrids)
        return _print_json({"items": lines}) if as_json else read_views.show(read_views.microgrids(lines))
    detail = _ask(lambda read_model, now: _status(read_model, microgrid_id, now), microgrid_id)
    return _print_json(detail) if as_json else read_views.show(read_views.status(detail))


def breaches(microgrid_id: str | None, state: BreachState, *, as_json: bool) -> int:
    """Print the breaches of one microgrid, or of all."""
    items = _ask(lambda read_model, now: _breaches(read_model, microgrid_id, state), microgrid_id)
    return _print_json({"items": items}) if as_json else read_views.show(read_views.breaches(items, state))


def explain(microgrid_id: str, node_id: str, *, as_json: bool) -> int:
    """Print why a connector may draw what it may, or what holds at any other node."""
    explained = _ask(lambda read_model, now: _explanation(read_model, microgrid_id, node_id, now), microgrid_id)
    match explained:
        case NotExplained():
            raise click.UsageError(_why_not(explained, microgrid_id, node_id))
        case _ if as_json:
            return _print_json(explained)
        case Explanation():
            return read_views.show(read_views.explanation(explained))
        case NodeExplanation():
            return read_views.show(node_view.node_explanation(explained))


async def _explanation(
    read_model: ReadModel, microgrid_id: str, node_id: str, now: datetime
) -> Explanation | NodeExplanation | NotExplained:
    of_connector = await explanation(read_model, microgrid_id, node_id, now)
    if isinstance(of_connector, NotExplained) and of_connector.missing == "connector":
        return await node_explanation(read_model, microgrid_id, node_id, now)
    return of_connector


async def _status(read_model: ReadModel, microgrid_id: str, now: datetime) -> MicrogridStatus:
    found = await microgrid_status(read_model, microgrid_id, now)
    if found is None:
        raise click.UsageError(await _unknown(read_model, microgrid_id))
    return found


async def _breaches(read_model: ReadModel, microgrid_id: str | None, state: BreachState) -> list[Breach]:
    if microgrid_id is not None and await read_model.status(microgrid_id) is None:
        raise click.UsageError(await _unknown(read_model, microgrid_id))
    every = [row.microgrid_id for row in await read_model.statuses()]
    return [
        breach
        for each in (every if microgrid_id is None else [microgrid_id])
        for breach in await list_breaches(read_model, each, state, None, LISTED)
    ]


async def _unknown(read_model: ReadModel, microgrid_id: str) -> str:
    return _no_such("microgrid", microgrid_id, [row.microgrid_id for row in await read_model.statuses()])


def _why_not(answer: NotExplained, microgrid_id: str, node_id: str) -> str:
    if answer.missing == "cycle":
        return f"Nothing was decided for {microgrid_id} yet."
    return _no_such(answer.missing, microgrid_id if answer.missing == "microgrid" else node_id, list(answer.known))


def _no_such(kind: str, name: str, known: list[str]) -> str:
    """With those that there are; of many those that are most like it."""
    if not known:
        return f"There is no {kind} {name!r}; there are none yet."
    if len(known) <= SUGGESTED:
        return f"There is no {kind} {name!r}; there are {', '.join(known)}."
    like = difflib.get_close_matches(name, known, n=SUGGESTED // 2, cutoff=0.3) or known[: SUGGESTED // 2]
    return f"There is no {kind} {name!r}; of {len(known)} there are {', '.join(like)} ..."


def _ask(question: Callable[[ReadModel, datetime], Awaitable[_T]], microgrid_id: str | None = None) -> _T:
    """Put a question to the read models, with the time that it is there."""
    return ask(lambda engine, now: question(read_model(engine), now), microgrid_id)


def ask(question: Callable[[AsyncEngine, datetime], Awaitable[_T]], microgrid_id: str | None = None) -> _T:
    """Put a question to the configured database, else to that of what is going on, by the clock of that.

    Raises UnusableSetting where there is neither, or where the database has not the newest schema.
    """
    url, now = _where(microgrid_id)

    async def answer() -> _T:
        if not await schema.is_newest(url):
            raise UnusableSetting(OLDER_SCHEMA)
        engine = create_engine(url)
        try:
            return await question(engine, now)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(answer())
    except UnusableDatabase as error:
        raise unusable_database(error) from None


def _where(microgrid_id: str | None) -> tuple[str, datetime]:
    """Which database is asked, and what time it is there. Raises UnusableSetting."""
    configured = environment.load().database_url
    if configured is not None:
        return configured, datetime.now(UTC)
    process = going_on.found(microgrid_id) or going_on.found()
    if process is None:
        raise UnusableSetting(
            "The variable BUSBAR_DATABASE_URL is missing, and no live demo and no run of this user is going on."
        )
    return process.going_on.database_url, process.now()


def _print_json(answer: object) -> int:
    click.echo(escaped_json(to_json(answer)))
    return 0
