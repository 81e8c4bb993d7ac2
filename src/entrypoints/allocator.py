"""The rival a simulated depot is held against: the domain's own strategies, all-knowing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.messages.configuration import read_configuration
from adapters.simulation.ideal import Allocator, Want
from application.queries.ideal_shares import ideal_shares
from domain.knowledge.readings import ConnectorReading, Session
from domain.site.site import Site


def new_allocator() -> Allocator:
    """Shares by the domain's own strategies. The tree is derived once for each version of a configuration."""
    site: Site | None = None

    def allocate(
        configuration: Mapping[str, Any], background_w: Mapping[str, int], wants: Sequence[Want], now: datetime
    ) -> Mapping[tuple[str, int], int]:
        nonlocal site
        if site is None or site.configuration.version != configuration["version"]:
            site = Site.of(read_configuration(configuration))
        wanted = {(want.charge_point_id, want.connector_id): _as_reading(want) for want in wants}
        return ideal_shares(site, wanted, background_w, now)

    return allocate


def _as_reading(want: Want) -> ConnectorReading:
    session = Session(want.session_id, want.started_at, want.departs_at, want.energy_needed_wh, want.priority)
    return ConnectorReading(want.connector_id, "Charging", 0, want.requested_w, session=session)
