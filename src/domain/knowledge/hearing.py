"""What the newest messages say of each connector (R6, R7, R22)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.knowledge import demand
from domain.knowledge.ledger import NEVER_SENT
from domain.knowledge.memory import FormerRating, Memory
from domain.knowledge.readings import KeptReading, Readings, plausible_w
from domain.knowledge.sendings import Moment
from domain.site.power import Watts
from domain.site.power_tree import PlacedConnector
from domain.site.site import Site
from domain.values import value


@value
class Heard:
    """What the newest messages say of one connector.

    `known`: its newest reading; `heard_at`: its charge point's newest message. `power_w`: its power as it counts, and
    whether that is `plausible`; `held_w`: what is held for it, more where it was not lately (R6). `asked_w`: its
    demand, told watts; `silent`: it said that too long ago (R7). `fallback_w`: what it may fall back to.
    """

    known: KeptReading | None
    heard_at: datetime | None
    power_w: Watts | None
    plausible: bool
    held_w: Watts
    asked_w: Watts
    silent: bool
    fallback_w: Watts

    @property
    def wants(self) -> bool:
        return self.asked_w > 0 and not self.silent


@value
class Hearing:
    """What is the same for every connector. `oldest`: a reading taken before it is silent. `last_known`: after a
    take-over, those that have not been heard since are as they were then, if that was later than this; null otherwise.
    `shown_after`: so long after it was hidden, a meter has shown a load again.
    """

    site: Site
    readings: Readings
    memory: Memory
    moment: Moment
    oldest: datetime
    last_known: datetime | None
    former: Mapping[str, FormerRating]
    shown_after: timedelta

    @classmethod
    def of(cls, site: Site, readings: Readings, memory: Memory, moment: Moment) -> "Hearing":
        at, stale_after, since = moment.at, site.windows.connector_stale_after, readings.listening_since
        return cls(
            site=site,
            readings=readings,
            memory=memory,
            moment=moment,
            oldest=at - stale_after,
            last_known=at - 2 * stale_after if since is not None and at - since < stale_after else None,
            former=memory.former_ratings,
            shown_after=moment.windows.grace + moment.windows.background_confirm,
        )

    def heard(self, connector: PlacedConnector) -> Heard:
        """What is known of a connector; of one not heard since a take-over what was known last (R22, R23)."""
        charge_point_id, node_id = connector.charge_point_id, connector.node_id
        known = self.readings.connectors.get((charge_point_id, connector.connector_id))
        heard_at = self.readings.heard_at.get(charge_point_id)
        rating_w, fallback_w = connector.max_power_w, connector.fallback_w
        if node_id in self.former:
            former = self.former[node_id]
            rating_w, fallback_w = max(rating_w, former.rating_w), max(fallback_w, former.fallback_w)
        if known is None or heard_at is None:
            entry = self.memory.ledger.get(node_id, NEVER_SENT)
            still_idle = self.last_known is not None and entry.idle and entry.is_last_known(self.last_known)
            return Heard(
                known=None,
                heard_at=heard_at,
                power_w=entry.power_w,
                plausible=False,
                held_w=entry.power_w or 0,
                asked_w=0,
                silent=not still_idle,
                fallback_w=fallback_w,
            )
        power_w, plausible, asked_w = known.reading.power_w, True, demand.asked_w(known, connector.max_power_w)
        if power_w is not None and power_w > plausible_w(rating_w):
            plausible = False
            if self.memory.ledger.get(node_id, NEVER_SENT).received is not None:
                power_w = plausible_w(rating_w)
        return Heard(
            known=known,
            heard_at=heard_at,
            power_w=power_w,
            plausible=plausible,
            held_w=power_w or 0 if known.right_since is None else self._held_w(node_id, known, power_w or 0, rating_w),
            asked_w=asked_w,
            silent=demand.is_silent(known, heard_at, self.oldest, asks=asked_w > 0),
            fallback_w=fallback_w,
        )

    def _held_w(self, node_id: str, known: KeptReading, power_w: Watts, rating_w: Watts) -> Watts:
        """What is held for its power; more until a meter has shown what that hid while it was not plausible (R6)."""
        if known.right_since is not None and self.moment.at - known.right_since >= self.shown_after:
            return power_w
        was_told = self.memory.ledger.get(node_id, NEVER_SENT).received is not None
        return max(power_w, plausible_w(rating_w)) if was_told else power_w
