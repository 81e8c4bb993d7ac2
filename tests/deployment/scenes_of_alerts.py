"""What Prometheus scrapes in a healthy hour, and in hours that are not: series and their values by the minute.

Values are in promtool's notation: `0x60` stays 0 for an hour, `0+5x60` grows by 5 a minute, `_` is a scrape
without the series.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

Series: TypeAlias = Mapping[str, str]

WORKER: Final = 'job="busbar",process="worker",instance="w1"'
OTHER: Final = 'job="busbar",process="worker",instance="w2"'
PROJECTOR: Final = 'job="busbar",process="projector",instance="p1"'
API: Final = 'job="busbar",process="api",instance="a1"'

UP: Final = f"up{{{WORKER}}}"
MICROGRIDS: Final = f"busbar_microgrids{{{WORKER}}}"
MICROGRIDS_OF_OTHER: Final = f"busbar_microgrids{{{OTHER}}}"
DISTANCE: Final = f'busbar_consumer_distance{{{WORKER},messaging_destination_name="busbar.telemetry"}}'
PROJECTORS_DISTANCE: Final = f'busbar_consumer_distance{{{PROJECTOR},messaging_destination_name="busbar.events"}}'
LAG: Final = f'busbar_consumer_lag_seconds_bucket{{{WORKER},messaging_destination_name="busbar.telemetry",le="%s"}}'
INPUT_AGE: Final = f'busbar_cycle_input_age_seconds_bucket{{{WORKER},le="%s"}}'
REQUESTS: Final = f'http_server_request_duration_seconds_count{{{API},http_route="%s",http_response_status_code="%s"}}'
RECEIPTS: Final = f'busbar_readings_total{{{WORKER},busbar_reading_receipt="%s"}}'
NOTICES: Final = f'busbar_notices_total{{{PROJECTOR},busbar_notice_result="%s"}}'
BREACHES: Final = f'busbar_open_breaches{{{WORKER},busbar_breach_severity="%s"}}'


def _of_worker(name: str, **attributes: str) -> str:
    labels = ",".join([WORKER, *(f'{key}="{value}"' for key, value in attributes.items())])
    return f"{name}{{{labels}}}"


HEALTHY: Final[Series] = {
    UP: "1x1440",
    f"up{{{OTHER}}}": "1x1440",
    f"up{{{PROJECTOR}}}": "1x1440",
    f"up{{{API}}}": "1x1440",
    MICROGRIDS: "30x700 29x740",
    _of_worker("busbar_retired_microgrids"): "0x700 1x740",
    MICROGRIDS_OF_OTHER: "20x1440",
    _of_worker("busbar_undecided_microgrids"): "0x1440",
    _of_worker("busbar_cycle_newest_age_seconds"): "1x1440",
    _of_worker("busbar_cycle_oldest_due_age_seconds"): "0x1440",
    _of_worker("busbar_outbox_oldest_age_seconds"): "0x1440",
    _of_worker("busbar_silent_chargers"): "0x1440",
    _of_worker("busbar_degraded_microgrids"): "0x1440",
    BREACHES % "major": "0x1440",
    NOTICES % "delivered": "0+1x1440",
    NOTICES % "failed": "0x600 3x840",
    BREACHES % "critical": "0x1440",
    DISTANCE: "3x1440",
    PROJECTORS_DISTANCE: "0 9 2 5 0 1 7 3 0 4x1431",
    LAG % "0.1": "0+600x1440",
    LAG % "+Inf": "0+600x1440",
    INPUT_AGE % "1": "0+60x1440",
    INPUT_AGE % "+Inf": "0+60x1440",
    RECEIPTS % "kept": "0+600x1440",
    _of_worker("busbar_fenced_writes_total"): "_x60 2x1380",
    REQUESTS % ("/v1/microgrids", "200"): "0+60x1440",
    REQUESTS % ("/health/ready", "503"): "0+6x1440",
}
"""A day of two workers, a projector and an API: one take-over, one depot that retires, probes that are refused."""

SCENES: Final[Mapping[str, Series]] = {
    "BusbarDepotsUndecided": {_of_worker("busbar_undecided_microgrids"): "0x50 1x10"},
    "BusbarCyclesTooOld": {_of_worker("busbar_cycle_newest_age_seconds"): "1x50 30+60x10"},
    "BusbarDepotsMissing": {MICROGRIDS_OF_OTHER: "20x50 19x10"},
    "BusbarProcessDown": {f"up{{{API}}}": "1x50 0x10"},
    "BusbarNotReady": {PROJECTORS_DISTANCE: "0x50 _x10"},
    "BusbarCriticalBreach": {BREACHES % "critical": "0x50 1x10"},
    "BusbarPlanRefused": {_of_worker("busbar_refused_plans_total"): "_x57 1x3"},
    "BusbarOutboxWaits": {_of_worker("busbar_outbox_oldest_age_seconds"): "0x50 30+60x10"},
    "BusbarMajorBreach": {BREACHES % "major": "0x40 1x20"},
    "BusbarChargersSilent": {_of_worker("busbar_silent_chargers"): "0x40 4x20"},
    "BusbarDepotsDegraded": {_of_worker("busbar_degraded_microgrids"): "0x40 1x20"},
    "BusbarWorkerAtItsLimit": {_of_worker("busbar_cycle_oldest_due_age_seconds"): "0x50 12x10"},
    "BusbarConsumerFallsBehind": {DISTANCE: "3x40 3+50x20"},
    "BusbarMessagesLate": {LAG % "0.1": "0x60", LAG % "5": "0+300x60", LAG % "10": "0+600x60"},
    "BusbarReadingsOld": {INPUT_AGE % "1": "0x60", INPUT_AGE % "90": "0+20x60", INPUT_AGE % "120": "0+60x60"},
    "BusbarReadingsUnusable": {RECEIPTS % "unknown": "0x40 1+1x20"},
    "BusbarDeadLetters": {_of_worker("busbar_dead_letters_total", error_type="not_json"): "_x57 1x3"},
    "BusbarDeadLettersRefused": {_of_worker("busbar_refused_letters_total"): "5x57 6x3"},
    "BusbarDepotParked": {
        _of_worker("busbar_parked_total", busbar_stage="projection", error_type="ValueError"): "1x50 2+1x10"
    },
    "BusbarOwnershipDisputed": {_of_worker("busbar_fenced_writes_total"): "0x30 1+1x30"},
    "BusbarNoticesGivenUp": {NOTICES % "given_up": "_x57 1x3"},
    "BusbarRequestsFail": {REQUESTS % ("/v1/microgrids", "500"): "0x50 1+1x10"},
    "BusbarNoWorker": {MICROGRIDS: "30x50 _x10", MICROGRIDS_OF_OTHER: "20x50 _x10"},
}
"""By alert, what is otherwise than in a healthy hour when it fires at the hour's end."""

ALSO: Final[Mapping[str, set[str]]] = {"BusbarNoWorker": {"BusbarNotReady"}}
"""What fires with an alert, and rightly so."""
