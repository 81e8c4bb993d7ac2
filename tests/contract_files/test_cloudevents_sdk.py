"""The CNCF's own library understands what is published, and writes it as it came."""

import json

from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat

from adapters.messages.envelope import structured
from tools.contract_files.listening import Heard
from tools.contract_files.schemas import OUTBOUND

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
        stream = event.get_source().removeprefix("urn:busbar:")
        assert event.get_id() == f"{stream}/{data['microgrid_id']}/{data['event_seq']}"
        assert (event.get_dataschema(), event.get_extension("sequence")) == (
            f"urn:busbar:schema:{heard.type}",
            str(data["event_seq"]),
        )
        assert event.get_time() is not None

        back = kafka.to_binary(event, FORMAT)
        assert back.key == heard.message.key
        assert json.loads(back.value) == data
        # A trace is no part of the event. The SDK adds the key as an attribute.
        assert {name: back.headers[name] for name in headers if name != "traceparent"} == {
            name: value for name, value in headers.items() if name != "traceparent"
        }


def test_every_published_event_is_printed_in_the_structured_form(said: list[Heard]) -> None:
    events = [heard for heard in said if heard.type in OUTBOUND]
    assert events
    for heard in events:
        value = heard.message.value or b""
        printed = structured(heard.message, json.loads(value))
        assert b"\n" not in printed
        event = kafka.from_binary(
            kafka.KafkaMessage(heard.headers, heard.message.key, heard.message.value or b""), FORMAT
        )
        read = FORMAT.read(None, printed)
        assert read.get_data() == event.get_data()
        attributes = {"datacontenttype", "id", "source", "specversion", "subject", "type"}
        assert {name: read.get_attributes()[name] for name in attributes} == {
            name: event.get_attributes()[name] for name in attributes
        }
