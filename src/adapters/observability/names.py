"""The names of spans, metrics and their attributes: what dashboards and alerts are written against.

What OpenTelemetry's semantic conventions name (messaging, HTTP, CloudEvents) bears their names, what is ours begins
with `busbar.`. Ids stand on spans and in logs, never on metrics: whoever sends messages could make up as many as he
likes.
"""

from typing import Final

SERVICE: Final = "busbar"

# Spans. Those around messages are called by their operation and topic, such as `publish busbar.events`.
CYCLE_SPAN: Final = "busbar.cycle"
CONFIGURATION_SPAN: Final = "busbar.configuration"
PUBLISH: Final = "publish"
PROCESS: Final = "process"

MICROGRID_ID: Final = "busbar.microgrid.id"
EVENT_SEQ: Final = "busbar.event.seq"
NUMBER: Final = "busbar.number"
FAULTS: Final = "busbar.configuration.faults"

# Of the semantic conventions.
MESSAGING_SYSTEM: Final = "messaging.system"
DESTINATION: Final = "messaging.destination.name"
PARTITION: Final = "messaging.destination.partition.id"
OFFSET: Final = "messaging.kafka.offset"
MESSAGE_KEY: Final = "messaging.kafka.message.key"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
EVENT_ID: Final = "cloudevents.event_id"
EVENT_TYPE: Final = "cloudevents.event_type"
ERROR_TYPE: Final = "error.type"
HTTP_REQUESTS: Final = "http.server.request.duration"
HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"

# What a worker does.
CONSUMER_LAG: Final = "busbar.consumer.lag"
CONSUMER_DISTANCE: Final = "busbar.consumer.distance"
READINGS: Final = "busbar.readings"
RECEIPT: Final = "busbar.reading.receipt"
OUTDATED_CONFIGURATIONS: Final = "busbar.outdated_configurations"
TOMBSTONES: Final = "busbar.tombstones"
DEAD_LETTERS: Final = "busbar.dead_letters"
REFUSED_LETTERS: Final = "busbar.refused_letters"
PARKED: Final = "busbar.parked"
STAGE: Final = "busbar.stage"
CYCLES: Final = "busbar.cycles"
PUBLISHED: Final = "busbar.cycle.published"
CYCLE_DURATION: Final = "busbar.cycle.duration"
OUTCOME: Final = "busbar.cycle.outcome"
INPUT_AGE: Final = "busbar.cycle.input_age"
REFUSED_PLANS: Final = "busbar.refused_plans"
BREACHES: Final = "busbar.breaches"
TRANSITION: Final = "busbar.breach.transition"
SEVERITY: Final = "busbar.breach.severity"
MICROGRIDS: Final = "busbar.microgrids"
UNDECIDED_MICROGRIDS: Final = "busbar.undecided_microgrids"
RETIRED_MICROGRIDS: Final = "busbar.retired_microgrids"
DEGRADED_MICROGRIDS: Final = "busbar.degraded_microgrids"
SILENT_CHARGERS: Final = "busbar.silent_chargers"
OPEN_BREACHES: Final = "busbar.open_breaches"
NEWEST_CYCLE_AGE: Final = "busbar.cycle.newest_age"
OLDEST_DUE_AGE: Final = "busbar.cycle.oldest_due_age"
FENCED_WRITES: Final = "busbar.fenced_writes"
OUTBOX_AGE: Final = "busbar.outbox.oldest_age"

# What a projector and the API do.
PROJECTED_EVENTS: Final = "busbar.projected_events"
DUPLICATE: Final = "busbar.event.duplicate"
NOTICES: Final = "busbar.notices"
RESULT: Final = "busbar.notice.result"
OPEN_STREAMS: Final = "busbar.open_streams"
