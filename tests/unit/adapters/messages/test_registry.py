"""Messages as a whole: envelope, routing by type, and what becomes of those nobody can read."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from adapters.messages import envelope
from adapters.messages.letters import dead_letter
from adapters.messages.registry import READERS, WRITERS, encode, read, write
from application.ports.bus import (
    MESSAGE_BYTES,
    Digest,
    Inbound,
    MalformedConfiguration,
    Message,
    Position,
    PublishedEvent,
    Tombstone,
    Unreadable,
)
from domain.events import DomainEvent
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry
from domain.site.configuration import Fault, SiteConfiguration
from tests.unit.adapters.messages.examples import (
    ABSENT,
    CHARGE_POINT_TELEMETRY,
    CIRCUIT_TELEMETRY,
    CONFIGURATION,
    Raw,
    changed,
    text,
)
from tests.unit.adapters.messages.test_events import (
    APPLIED,
    APPLIED_DATA,
    BREACHED,
    BREACHED_DATA,
    CLEARED,
    CLEARED_DATA,
    CYCLE,
    CYCLE_DATA,
    PROVISIONED,
    PROVISIONED_DATA,
    REJECTED,
    REJECTED_DATA,
)

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
JSON = (("content-type", b"application/json"),)
EVENTS: list[tuple[DomainEvent, str, str]] = [
    (PROVISIONED, "busbar.microgrid.provisioned.v1", PROVISIONED_DATA),
    (APPLIED, "busbar.configuration.applied.v1", APPLIED_DATA),
    (REJECTED, "busbar.configuration.rejected.v1", REJECTED_DATA),
    (CYCLE, "busbar.cycle.completed.v1", CYCLE_DATA),
    (BREACHED, "busbar.constraint.breached.v1", BREACHED_DATA),
    (CLEARED, "busbar.constraint.cleared.v1", CLEARED_DATA),
]
PAYLOADS: dict[str, Mapping[str, Any]] = {
    "site.configuration.v1": CONFIGURATION,
    "charge_point.telemetry.v1": CHARGE_POINT_TELEMETRY,
    "circuit.telemetry.v1": CIRCUIT_TELEMETRY,
    "microgrid.retirement.v1": {"microgrid_id": "malaga"},
}


def message(
    ce_type: str | None, value: bytes | None, key: str | None = "malaga", content_type: bytes | None = None
) -> Message:
    headers = JSON if content_type is None else (("content-type", content_type),)
    return Message(key, headers if ce_type is None else (("ce_type", ce_type.encode()), *headers), value)


def configuration(value: object, key: str | None = "malaga") -> Inbound:
    return read("busbar.configuration", message("site.configuration.v1", text(value), key))


def code_of(body: Inbound) -> str:
    assert isinstance(body, Unreadable)
    assert body.detail
    return body.code


STRUCTURED = b"application/cloudevents+json; charset=UTF-8"


def in_structure(**changes: Any) -> Message:
    """A reading in the structured mode, with other members of the object."""
    event = {
        "specversion": "1.0",
        "id": "m-1",
        "source": "a-gateway",
        "type": "circuit.telemetry.v1",
        "traceparent": TRACEPARENT,
        "data": CIRCUIT_TELEMETRY,
    }
    return Message("malaga", (("content-type", STRUCTURED),), text(event | changes))


# --- out ---------------------------------------------------------------------------------------------------


def test_every_domain_event_has_a_writer_and_a_type_of_its_own() -> None:
    """Holds EVT-5."""
    assert set(WRITERS) == set(get_args(DomainEvent))
    assert len({event_type for event_type, _ in WRITERS.values()}) == len(WRITERS)


def test_a_cycle_goes_out_in_a_cloudevents_envelope() -> None:
    """Holds EVT-1."""
    assert write(CYCLE, stream="s-1", traceparent=TRACEPARENT, workspace_id="tenant") == Message(
        "malaga",
        (
            ("ce_specversion", b"1.0"),
            ("ce_id", b"s-1/malaga/41"),
            ("ce_source", b"urn:busbar:s-1"),
            ("ce_type", b"busbar.cycle.completed.v1"),
            ("ce_subject", b"malaga"),
            ("ce_time", b"2026-11-22T08:00:00Z"),
            ("ce_dataschema", b"urn:busbar:schema:busbar.cycle.completed.v1"),
            ("ce_sequence", b"41"),
            ("ce_workspaceid", b"tenant"),
            ("content-type", b"application/json"),
            ("traceparent", TRACEPARENT.encode()),
        ),
        CYCLE_DATA.encode(),
    )


@pytest.mark.parametrize(
    ("event", "time"),
    [
        (PROVISIONED, b"2026-11-22T08:00:00Z"),
        (APPLIED, b"2026-11-22T08:00:00Z"),
        (REJECTED, b"2026-11-22T08:00:00.250000Z"),
        (BREACHED, b"2026-11-22T08:00:11Z"),
        (CLEARED, b"2026-11-22T08:02:01Z"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_event_is_dated_by_when_it_was_decided_applied_or_refused(event: DomainEvent, time: bytes) -> None:
    """Holds EVT-1."""
    assert dict(write(event, stream="s-1").headers)["ce_time"] == time


def test_an_event_of_no_trace_and_no_workspace_goes_out_without_them() -> None:
    """Holds EVT-1."""
    assert [name for name, _ in write(REJECTED, stream="s-1").headers] == [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_time",
        "ce_dataschema",
        "ce_sequence",
        "content-type",
    ]


@pytest.mark.parametrize(("event", "event_type", "data"), EVENTS, ids=lambda each: type(each).__name__)
def test_every_event_is_published_under_its_type_and_read_again(event: DomainEvent, event_type: str, data: str) -> None:
    """Holds EVT-5."""
    published = write(event, stream="s-1", traceparent=TRACEPARENT)
    assert published.value == data.encode()
    assert read("busbar.events", published) == PublishedEvent("malaga", event.event_seq, event_type, data, "s-1")


def test_the_same_event_of_another_stream_has_another_id() -> None:
    """Holds EVT-3."""
    first, second = (dict(write(CYCLE, stream=stream).headers) for stream in ("s-1", "s-2"))
    assert {name for name in first if first[name] != second[name]} == {"ce_id", "ce_source"}


def test_events_of_different_microgrids_or_sequences_have_different_ids() -> None:
    """Holds EVT-2."""
    names = [("a", 12), ("a", 1), ("a:1", 2), ("a1", 2)]
    events = [replace(REJECTED, microgrid_id=microgrid_id, event_seq=event_seq) for microgrid_id, event_seq in names]
    assert len({dict(write(event, stream="s-1").headers)["ce_id"] for event in events}) == len(names)


# --- in ----------------------------------------------------------------------------------------------------


def test_every_type_the_contract_names_has_a_reader() -> None:
    """Holds BUS-2."""
    assert set(READERS) == set(PAYLOADS)


@pytest.mark.parametrize(
    ("ce_type", "kind"),
    [
        ("site.configuration.v1", SiteConfiguration),
        ("charge_point.telemetry.v1", ChargePointTelemetry),
        ("circuit.telemetry.v1", CircuitTelemetry),
    ],
)
def test_a_payload_is_encoded_and_read_again(ce_type: str, kind: type) -> None:
    encoded = encode(ce_type, PAYLOADS[ce_type])
    body = read("busbar.telemetry", encoded)
    assert isinstance(body, kind)
    assert body == READERS[ce_type](PAYLOADS[ce_type])


def test_times_in_a_payload_are_written_as_the_wire_wants_them() -> None:
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    encoded = encode("circuit.telemetry.v1", {**CIRCUIT_TELEMETRY, "measured_at": at})
    assert encoded == encode("circuit.telemetry.v1", CIRCUIT_TELEMETRY)


def test_an_encoded_payload_has_the_id_of_its_content() -> None:
    def id_of(payload: Mapping[str, Any]) -> bytes | None:
        return dict(encode("circuit.telemetry.v1", payload).headers)["ce_id"]

    assert id_of(CIRCUIT_TELEMETRY) == id_of(dict(CIRCUIT_TELEMETRY))
    assert id_of(CIRCUIT_TELEMETRY) != id_of({**CIRCUIT_TELEMETRY, "sequence": 5})


@pytest.mark.parametrize(
    "content_type", [b"application/json", b"application/json; charset=utf-8", b"Application/JSON ;charset=UTF-8"]
)
def test_json_is_read_whatever_its_parameters(content_type: bytes) -> None:
    assert isinstance(
        read("busbar.telemetry", message("circuit.telemetry.v1", text(CIRCUIT_TELEMETRY), "malaga", content_type)),
        CircuitTelemetry,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"datacontenttype": "application/json"},
        {"datacontenttype": None, "subject": 7, "anextension": {"of": "any kind"}},
        {"data": None, "data_base64": b64encode(text(CIRCUIT_TELEMETRY)).decode()},
    ],
    ids=str,
)
def test_the_structured_mode_is_read_too(changes: Mapping[str, Any]) -> None:
    """Holds BUS-2."""
    body = read("busbar.telemetry", in_structure(**changes))
    assert body == READERS["circuit.telemetry.v1"](CIRCUIT_TELEMETRY)
    assert id_and_trace(in_structure(**changes)) == ("m-1", TRACEPARENT)


def id_and_trace(message: Message) -> tuple[str | None, str | None]:
    attributes = envelope.attributes(message)
    return attributes.id, attributes.traceparent


def test_in_the_structured_mode_the_trace_of_the_record_counts_where_the_object_has_none() -> None:
    bare = in_structure(traceparent=None)
    assert id_and_trace(bare) == ("m-1", None)
    assert id_and_trace(replace(bare, headers=(*bare.headers, ("traceparent", TRACEPARENT.encode())))) == (
        "m-1",
        TRACEPARENT,
    )
    assert id_and_trace(replace(bare, value=b"?")) == (None, None)


def test_the_digest_of_a_malformed_configuration_is_that_of_its_data_in_either_mode() -> None:
    bodies = [
        read(
            "busbar.configuration",
            in_structure(id=each, type="site.configuration.v1", data={"microgrid_id": "malaga", "version": version}),
        )
        for each, version in (("m-1", 1), ("m-2", 1), ("m-3", 2))
    ]
    digests = [body.digest for body in bodies if isinstance(body, MalformedConfiguration)]
    assert digests[0] == digests[1] != digests[2]


def test_a_value_that_is_too_large_is_not_kept_but_its_length_and_digest() -> None:
    """Holds BUS-4."""
    large = b" " * (MESSAGE_BYTES + 1)
    body = read("busbar.telemetry", message("circuit.telemetry.v1", large))
    assert code_of(body) == "too_large"
    assert isinstance(body, Unreadable)
    assert body.message == message("circuit.telemetry.v1", None)
    assert body.dropped == Digest(len(large), hashlib.sha256(large).hexdigest())
    letter = dead_letter(Position("busbar.telemetry", 3, 41), body)
    assert letter.value is None
    assert letter.headers[-2:] == (
        ("dlq_length", str(len(large)).encode()),
        ("dlq_sha256", hashlib.sha256(large).hexdigest().encode()),
    )
    assert code_of(read("busbar.telemetry", message("circuit.telemetry.v1", large[1:]))) == "invalid_json"


def test_a_letter_says_where_the_message_lay_and_which_field_is_wrong() -> None:
    """Holds BUS-3."""
    body = read("busbar.telemetry", message("circuit.telemetry.v1", text({**CIRCUIT_TELEMETRY, "power_w": "7"})))
    assert isinstance(body, Unreadable)
    letter = dead_letter(Position("busbar.telemetry", 3, 41), body)
    assert letter.value == body.message.value
    assert letter.headers == (
        *body.message.headers,
        ("dlq_topic", b"busbar.telemetry"),
        ("dlq_partition", b"3"),
        ("dlq_offset", b"41"),
        ("dlq_code", b"malformed"),
        ("dlq_detail", b"/power_w: Input should be a valid integer."),
    )
    long = replace(body, detail="\udcff" * 2000)
    assert len(dict(dead_letter(Position("busbar.telemetry", 3, 41), long).headers)["dlq_detail"] or b"") == 6000


def test_without_a_content_type_json_is_assumed() -> None:
    bare = Message("malaga", (("ce_type", b"circuit.telemetry.v1"),), text(CIRCUIT_TELEMETRY))
    assert isinstance(read("busbar.telemetry", bare), CircuitTelemetry)


def test_of_a_header_that_occurs_twice_the_last_counts() -> None:
    twice = Message("malaga", (("ce_type", b"x"), ("ce_type", b"circuit.telemetry.v1"), *JSON), text(CIRCUIT_TELEMETRY))
    assert isinstance(read("busbar.telemetry", twice), CircuitTelemetry)


@pytest.mark.parametrize(
    ("code", "unreadable"),
    [
        ("missing_type", message(None, b"{}")),
        ("unknown_type", message("site.configuration.v2", text(CONFIGURATION))),
        ("unknown_type", Message("malaga", (("ce_type", b"\xff\xfe"), *JSON), b"{}")),
        (
            "unsupported_content_type",
            message("circuit.telemetry.v1", text(CIRCUIT_TELEMETRY), "malaga", b"application/cloudevents-batch+json"),
        ),
        ("missing_type", message("circuit.telemetry.v1", text(CIRCUIT_TELEMETRY), "malaga", STRUCTURED)),
        ("invalid_json", message("circuit.telemetry.v1", b"{", "malaga", STRUCTURED)),
        ("invalid_json", message("circuit.telemetry.v1", b"[]", "malaga", STRUCTURED)),
        ("invalid_json", in_structure(data_base64="?")),
        ("invalid_json", in_structure(data_base64=7)),
        ("invalid_json", in_structure(data_base64="ew==")),
        ("unknown_type", in_structure(type="circuit.telemetry.v2")),
        ("unsupported_content_type", in_structure(datacontenttype="text/xml")),
        ("malformed", in_structure(data=None)),
        ("malformed", in_structure(data="{}")),
        ("key_mismatch", replace(in_structure(), key="perth")),
        ("invalid_header", in_structure(id="m" * 1001)),
        ("invalid_header", Message("malaga", (("ce_type", b"circuit.telemetry.v1"), ("ce_id", b"m" * 1001)), b"{}")),
        ("unsupported_content_type", message("circuit.telemetry.v1", b"\x00", "malaga", b"application/protobuf")),
        ("unsupported_content_type", message("circuit.telemetry.v1", text(CIRCUIT_TELEMETRY), "malaga", b"\xff")),
        ("invalid_json", message("circuit.telemetry.v1", b"")),
        ("invalid_json", message("circuit.telemetry.v1", b"\x00\x01\x02")),
        ("invalid_json", message("circuit.telemetry.v1", b"NaN")),
        ("invalid_json", message("site.configuration.v1", b"[" * 100_000)),
        ("malformed", message("circuit.telemetry.v1", b"[]")),
        ("malformed", message("charge_point.telemetry.v1", text(CIRCUIT_TELEMETRY))),
        ("malformed", message("busbar.cycle.completed.v1", b'{"microgrid_id": "malaga"}')),
        ("malformed", message("busbar.cycle.completed.v1", b'{"microgrid_id": "malaga", "event_seq": 0}')),
        ("key_mismatch", message("circuit.telemetry.v1", text(CIRCUIT_TELEMETRY), None)),
        ("key_mismatch", message("circuit.telemetry.v1", text(CIRCUIT_TELEMETRY), "perth")),
        ("key_mismatch", message("site.configuration.v1", text(CONFIGURATION), "Malaga")),
        ("key_mismatch", message("busbar.cycle.completed.v1", CYCLE_DATA.encode(), "")),
        ("no_value", message("circuit.telemetry.v1", None)),
    ],
)
def test_what_nobody_can_read_is_kept_as_it_came_with_a_code(code: str, unreadable: Message) -> None:
    """Holds BUS-4."""
    is_event = (dict(unreadable.headers).get("ce_type") or b"").startswith(b"busbar.") and code != "unknown_type"
    body = read("busbar.events" if is_event else "busbar.telemetry", unreadable)
    assert code_of(body) == code
    assert isinstance(body, Unreadable)
    assert body.message is unreadable


@pytest.mark.parametrize("topic", ["busbar.configuration", "staging.eu.configuration"])
def test_a_null_on_the_configuration_topic_is_a_tombstone(topic: str) -> None:
    assert read(topic, Message("malaga", (), None)) == Tombstone("malaga")
    assert read(topic, Message(None, (("ce_type", b"x"),), None)) == Tombstone(None)


def test_telemetry_of_a_charger_nobody_knows_can_be_read() -> None:
    """Holds BUS-5."""
    stranger = {**CHARGE_POINT_TELEMETRY, "charge_point_id": "cp-unknown", "measured_at": "2031-01-01T00:00:00Z"}
    assert isinstance(read("busbar.telemetry", encode("charge_point.telemetry.v1", stranger)), ChargePointTelemetry)


# --- malformed configurations ------------------------------------------------------------------------------


def test_a_malformed_configuration_that_names_its_microgrid_can_be_answered() -> None:
    """Holds BUS-6."""
    body = configuration(changed(CONFIGURATION, "/charge_points/0/max_power_w", "180 kW"))
    assert isinstance(body, MalformedConfiguration)
    assert (body.microgrid_id, body.version) == ("malaga", 7)
    assert body.faults == (Fault("malformed", "/charge_points/0/max_power_w", "Input should be a valid integer"),)


@pytest.mark.parametrize("version", [ABSENT, None, "7", True, 7.5, 2**63, Raw(b"9" * 5000)], ids=repr)
def test_a_version_that_cannot_be_read_is_none(version: Any) -> None:
    body = configuration(changed(CONFIGURATION, "/version", version))
    assert isinstance(body, MalformedConfiguration)
    assert body.version is None
    assert [fault.path for fault in body.faults] == ["/version"]


def test_the_digest_tells_one_malformed_content_from_another() -> None:
    first, again, other = (configuration({"microgrid_id": "malaga", "version": v}) for v in (1, 1, 2))
    assert first == again
    assert isinstance(first, MalformedConfiguration)
    assert isinstance(other, MalformedConfiguration)
    assert first.digest != other.digest


@pytest.mark.parametrize("value", [[], "malaga", None, 7, {}, {"microgrid_id": 7}, {"microgrid_id": "a b"}], ids=repr)
def test_a_malformed_configuration_that_names_no_microgrid_is_unreadable(value: object) -> None:
    assert code_of(configuration(value)) == "malformed"


@pytest.mark.parametrize("key", [None, "", "perth"])
def test_a_malformed_configuration_under_another_key_is_a_key_mismatch(key: str | None) -> None:
    assert code_of(configuration({"microgrid_id": "malaga"}, key)) == "key_mismatch"


# --- traces ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "understood"),
    [
        (TRACEPARENT.encode(), TRACEPARENT),
        (b"", None),
        (b"\xff", None),
        (TRACEPARENT.upper().encode(), None),
        (TRACEPARENT.encode() + b"\n", None),
    ],
)
def test_a_trace_is_followed_only_where_it_is_one(header: bytes, understood: str | None) -> None:
    assert envelope.attributes(Message("malaga", (("traceparent", header),), None)).traceparent == understood


def test_a_message_need_not_belong_to_a_trace() -> None:
    assert envelope.attributes(Message("malaga", (), None)).traceparent is None
