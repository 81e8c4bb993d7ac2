"""What is answered of a microgrid is, byte for byte, what pydantic writes of it, whatever read model keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from adapters.messages.events import write_cycle_completed
from application.queries.breaches import Breach
from application.queries.overview import Overview, overview
from application.queries.rows import CycleRow, StatusRow
from application.queries.sessions import not_ready
from application.queries.status import MicrogridStatus, status_of
from domain.events import CycleCompleted, TreeNode
from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.readings import Control
from domain.sharing.plan import Quality, Reason, ServedSession
from domain.site.configuration import ChargePoint, Connector, SiteWarning
from entrypoints.api.answers import represent_without, without_sessions
from tests.builders import EIGHT, a_cycle_completed, a_site
from tests.contract.persistence.conftest import Persistence
from tests.contract.persistence.test_breach_rows import a_breach

ODD: Final = 'Málaga "→" \\ / \x01\x1f\x7f\u2028 \b\f\n\r\t 🔌 ,"session":{} <&>'
"""A text with all that JSON may write in several ways."""

SITE: Final = a_site(
    name=ODD,
    time_zone="Europe/Madrid",
    charge_points=tuple(ChargePoint(f"cp-{each}", "gc-1", 180_000, (Connector(1, 150_000),)) for each in range(9)),
)
WARNED: Final = (SiteWarning("unlimited_circuit", "gc-1", ODD),)
NODES: Final = tuple(TreeNode(each.node_id, each.node_type, each.parent_id, ODD) for each in SITE.tree.nodes)
ROW: Final = StatusRow(SITE.configuration, NODES, WARNED, None)
SEEN: Final = EIGHT + timedelta(minutes=1)


def a_told_cycle() -> CycleCompleted:
    """Of each connector another reason, with a session, without one, and with one that says little."""
    cycle = a_cycle_completed(site=SITE)
    at = datetime(2026, 11, 22, 7, 59, 59, 120_000, tzinfo=UTC)
    sessions = (ServedSession(ODD, at, SEEN, 40_000, 100, 5), None, ServedSession("", None, None, None, -1, 0))
    told = [
        replace(each, session=sessions[place % 3], reason=[*Reason][place % len(Reason)], status=ODD, measured_w=-1)
        for place, each in enumerate(cycle.setpoints)
    ]
    nodes = tuple(replace(each, measured_w=None, quality=Quality.MISSING) for each in cycle.nodes)
    control = ControlledCharger("cp-0", Control(ODD, "W", None, lapses=True))
    return replace(cycle, setpoints=tuple(told), nodes=nodes, controls=(control,), unheard_since=at)


async def kept(persistence: Persistence, row: StatusRow) -> StatusRow:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_statuses([replace(row, latest_cycle=None)])
        if row.latest_cycle is not None:
            content = write_cycle_completed(row.latest_cycle).decode()
            await changes.put_news([CycleRow(row.latest_cycle, content)], {})
        await changes.commit()
    read = await persistence.read_model.status(row.microgrid_id)
    assert read == row
    return read


def written(shape: Any, payload: object, **but_for: Any) -> bytes:
    return TypeAdapter(shape).dump_json(payload, exclude={"state": True} | but_for)


async def test_a_status_is_written_as_pydantic_writes_it(persistence: Persistence) -> None:
    breach = Breach.of(a_breach())
    for row in (ROW, replace(ROW, latest_cycle=a_told_cycle())):
        read = await kept(persistence, row)
        answered = represent_without("state", status_of(read, [breach], not_ready(read), SEEN)).body
        assert answered == written(MicrogridStatus, status_of(row, [breach], not_ready(row), SEEN))


async def test_an_overview_is_written_as_pydantic_writes_it_with_sessions_and_without(persistence: Persistence) -> None:
    breach = Breach.of(a_breach())
    for row in (ROW, replace(ROW, latest_cycle=a_told_cycle())):
        read, late = await kept(persistence, row), not_ready(row)
        told = overview(row, [breach], breach, late, SEEN)
        answered = represent_without("state", overview(read, [breach], breach, late, SEEN)).body
        assert answered == written(Overview, told)
        assert (told.not_ready is None) == (row.latest_cycle is None)  # it is by sessions that it is known
        answered = represent_without("state", overview(without_sessions(read), [breach], breach, late, SEEN)).body
        assert answered == written(Overview, told, nodes={"__all__": {"setpoint": {"session"}}})
