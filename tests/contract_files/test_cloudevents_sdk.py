"""The CNCF's own library understands what is published, and writes it as it came."""

import json

from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat

from docs.contract_files.listening import Heard
from docs.contract_files.schemas import OUTBOUND

FORMAT = JSONFormat()


def test_every_published_event_is_a_cloudevent_and_back(said: list[Heard]) -> None:
    events = [heard for heard in said if heard.type in OUTBOUND]
    assert events
    for heard in events:
        headers, value = heard.headers, heard.message.value or b""
        event = kafka.from_binary(kafka.KafkaMessage(headers, heard.message.key, value), FORMAT)
        data = json.loads(value)
        assert event.get_data() == data
        assert (event.get_type(), event.get_subject()) == (heard.type, data["microgrid_id"])
        assert event.get_id() == f"{data['microgrid_id']}/{data['event_seq']}"

        back = kafka.to_binary(event, FORMAT)
        assert back.key == heard.message.key
        assert json.loads(back.value) == data
        # A trace is no part of the event. The SDK adds attributes: the key, and a time where there is none.
        assert {name: back.headers[name] for name in headers if name != "traceparent"} == {
            name: value for name, value in headers.items() if name != "traceparent"
        }
