"""The scenarios by name. No grid-connection size of a Perth depot is public.

What is public about a depot stands in its file under `sites`; every other figure there, and in `ArrivalPlan` and
`Scenario`, is an assumption.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.brookvale import BROOKVALE
from adapters.simulation.sites.elizabeth_quay import ELIZABETH_QUAY
from adapters.simulation.sites.joondalup import JOONDALUP
from adapters.simulation.sites.leichhardt import LEICHHARDT
from adapters.simulation.sites.malaga import MALAGA
from adapters.simulation.sites.new_lynn import NEW_LYNN
from adapters.simulation.sites.submeter import SUBMETER
from adapters.simulation.sites.west_footscray import WEST_FOOTSCRAY

OCPP_SPARSE = replace(
    MALAGA,
    name="ocpp-sparse",
    summary="Malaga as plain OCPP 1.6 delivers it: a reading a minute while charging, no requests, no read-back.",
    configuration={**MALAGA.configuration, "microgrid_id": "ocpp-sparse", "name": "Malaga depot, plain OCPP"},
    report_interval_s=60,
    heartbeat_interval_s=60,
    plain_ocpp=True,
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        each.name: each
        for each in (
            MALAGA,
            JOONDALUP,
            ELIZABETH_QUAY,
            LEICHHARDT,
            BROOKVALE,
            NEW_LYNN,
            WEST_FOOTSCRAY,
            OCPP_SPARSE,
            SUBMETER,
        )
    }
)
