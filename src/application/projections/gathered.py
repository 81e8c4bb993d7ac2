"""What a batch of events makes of the read models: gathered first, then written a statement a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from application.ports.bus import PublishedEvent
from application.ports.notifying import Notice
from application.ports.read_side import EventGap, PositionKey, Reached, ReadModelChanges
from application.projections.hours import make_hours
from application.projections.keeping import AS_A_RULE, Keeping
from application.queries.history import one_more
from application.queries.log import LogEntry
from application.queries.rows import BreachRow, CycleRow, HistoryRow, StatusRow
from application.queries.standing import Standing
from domain.events import CycleCompleted
from domain.site.configuration import SiteConfiguration


class Gathered:
    """The newest of every row that a batch of events changes, and how far each projection is after it."""

    def __init__(
        self,
        known: dict[PositionKey, Reached],
        current_stream: str | None,
        standings: Mapping[str, Standing],
        configurations: Mapping[str, SiteConfiguration],
    ) -> None:
        """`current_stream` is the database's, None where there is but one among these positions and events.

        `configurations`: those in force in the microgrids that get another one in this batch.
        """
        self._reached = known
        self._current_stream = current_stream
        self._advanced: dict[PositionKey, Reached] = {}
        self._statuses: dict[str, StatusRow] = {}
        self._standings = dict(standings)
        self._changed: set[str] = set()
        """The microgrids whose standing is another one now."""
        self._content = ""
        """The JSON of the event whose effects come now."""

        self._latest_cycles: dict[str, CycleRow] = {}
        self._cycles: dict[tuple[str, int], CycleRow] = {}
        self._breaches: dict[tuple[str, str], BreachRow] = {}
        self._history: dict[tuple[str, datetime], HistoryRow] = {}
        self._configurations = configurations
        self._log: list[LogEntry] = []
        self._old_at: dict[str, datetime] = {}
        """The instant by which it is seen what is too old, by microgrid."""

    def advance(self, projection: str, event: PublishedEvent) -> bool:
        """Claim this event for the projection; False where it was applied before. Raises EventGap.

        A projection that knows nothing of the microgrid yet may begin anywhere, and so it may where the database's
        current stream begins. Of a stream that is neither that nor the one it is in nothing is news.
        """
        key = projection, event.microgrid_id
        reached = self._reached.get(key)
        if reached is not None and reached.stream == event.stream:
            if event.event_seq > reached.event_seq + 1:
                at = f"{projection} of {event.microgrid_id} is at {reached.event_seq}"
                raise EventGap(f"{at}, {event.event_seq} came")
            if event.event_seq <= reached.event_seq:
                return False
        elif reached is not None and event.stream != self._current_stream:
            return False
        self._reached[key] = self._advanced[key] = Reached(event.stream, event.event_seq)
        return True

    def begin(self, event: PublishedEvent) -> None:
        """What is put from now on are effects of this event."""
        self._content = event.content

    def put_status(self, status: StatusRow) -> None:
        self._statuses[status.microgrid_id] = status

    def standing(self, microgrid_id: str) -> Standing | None:
        """How a microgrid stands after all that was put so far; None before its first configuration."""
        return self._standings.get(microgrid_id)

    def put_standing(self, microgrid_id: str, standing: Standing) -> None:
        self._standings[microgrid_id] = standing
        self._changed.add(microgrid_id)

    def put_latest_cycle(self, cycle: CycleCompleted) -> None:
        self._latest_cycles[cycle.microgrid_id] = CycleRow(cycle, self._content)

    def put_cycle(self, cycle: CycleCompleted) -> None:
        self._cycles[cycle.microgrid_id, cycle.cycle_seq] = CycleRow(cycle, self._content)

    def put_breach(self, breach: BreachRow) -> None:
        """A breach that is known keeps when and with which event it opened."""
        key = breach.microgrid_id, breach.breach_id
        known = self._breaches.get(key, breach)
        self._breaches[key] = replace(breach, opened_seq=known.opened_seq, opened_at=known.opened_at)

    def put_history(self, history: HistoryRow) -> None:
        """One more cycle of a bucket."""
        key = history.microgrid_id, history.at
        self._history[key] = one_more(self._history.get(key), history)

    def configuration(self, microgrid_id: str) -> SiteConfiguration | None:
        """What was in force before this batch or, within it, before now."""
        status = self._statuses.get(microgrid_id)
        return self._configurations.get(microgrid_id) if status is None else status.configuration

    def put_log(self, entries: Sequence[LogEntry]) -> None:
        self._log += entries

    def forget_old(self, microgrid_id: str, at: datetime) -> None:
        """Make whole hours of what is past at this instant, and forget what is too old then."""
        self._old_at[microgrid_id] = at

    def notices(self, at: datetime) -> Sequence[Notice]:
        """What is to be sent of it, from this instant on."""
        streams = {microgrid_id: reached.stream for (_, microgrid_id), reached in self._advanced.items()}
        return [Notice(entry, streams[entry.microgrid_id], at) for entry in self._log]

    async def write(self, changes: ReadModelChanges, keeping: Keeping = AS_A_RULE) -> None:
        """Write all of it. Raises ConcurrentChange where another projector wrote in between."""
        await changes.put_positions(self._advanced)
        await changes.put_statuses(list(self._statuses.values()))
        standings = {each: self._standings[each] for each in self._changed}
        await changes.put_news(list(self._latest_cycles.values()), standings)
        await changes.put_cycles(list(self._cycles.values()))
        await changes.put_breaches(list(self._breaches.values()))
        await self._write_history(changes)
        await changes.past.put_log(self._log)
        for microgrid_id, at in self._old_at.items():
            await make_hours(changes.past, microgrid_id, at)
        if self._old_at:
            await forget(changes, max(self._old_at.values()), keeping)

    async def _write_history(self, changes: ReadModelChanges) -> None:
        """A bucket may have begun with a batch before this one: the first of each microgrid."""
        begun = dict(sorted(self._history, reverse=True))
        for known in await changes.past.buckets(begun):
            key = known.microgrid_id, known.at
            self._history[key] = one_more(known, self._history[key])
        await changes.past.put_history(list(self._history.values()))


async def forget(changes: ReadModelChanges, at: datetime, keeping: Keeping) -> None:
    """Forget some of what is too old at this instant, and microgrids that retired so long ago."""
    await changes.prune_cycles(at - keeping.cycles)
    await changes.past.prune_history(at - keeping.fine_history)
    await changes.past.prune_hours(at - keeping.history)
    await changes.past.prune_log(at - keeping.log)
    await changes.prune_retired(at - keeping.log)
