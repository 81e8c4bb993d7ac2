"""The service loop: messages in, decisions committed, positions acknowledged after them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.partitioning import partition_of
from adapters.messages import envelope, registry
from adapters.messages.configuration import configuration_to
from adapters.messages.dead_letters import DeadLetterTopic
from application import mailbox
from application.decisions import ATTEMPTS
from application.ports.bus import Message, Position, PublicationRefused, Unreadable
from application.ports.observing import Stage
from application.ports.ownership import Fenced
from application.ports.persistence import ConcurrentChange, StorageUnavailable
from domain.knowledge.readings import Receipt
from domain.site.configuration import SiteConfiguration
from tests.builders import EIGHT, a_configuration, a_cycle_completed
from tests.fakes.bus import Lost
from tests.fakes.persistence import STREAM
from tests.unit.application.service import (
    CONFIGURATION,
    TELEMETRY,
    TRACEPARENT,
    Service,
    Worker,
    a_message,
    with_trace,
)
from tests.unit.application.telemetry import a_charger_says, a_meter_says

DEPOT = a_configuration(connectors=1)
STARTED = ["microgrid.provisioned", "configuration.applied", "cycle.completed"]


@pytest.fixture
def service() -> Service:
    return Service()


async def settle(worker: Worker) -> None:
    while await worker.turn():
        pass


async def all_report(service: Service, sequence: int, status: str = "Charging") -> None:
    at = service.clock.now()
    chargers = [a_charger_says(sequence, status, at, f"cp-{number}") for number in (1, 2)]
    await service.say(*chargers, a_meter_says(0, sequence, at))


async def started(service: Service) -> Worker:
    """A worker that has decided on the depot once, everything being heard."""
    worker = await service.start()
    await service.offer(DEPOT)
    await all_report(service, sequence=1)
    await settle(worker)
    return worker


def limits_w(service: Service) -> list[int]:
    return [setpoint["limit_w"] for setpoint in service.events()[-1].data["setpoints"]]


async def test_a_configuration_and_readings_become_a_cycle(service: Service) -> None:
    await started(service)

    assert service.types() == STARTED
    assert [event.event_seq for event in service.events()] == [1, 2, 3]
    assert limits_w(service) == [150_000, 150_000]
    assert service.counts.receipts == {Receipt.KEPT: 3}
    assert service.counts.cycles == {"published": 1}


async def test_readings_alone_become_the_next_cycle_when_it_is_due(service: Service) -> None:
    worker = await started(service)
    service.clock.advance(EIGHT + timedelta(seconds=1))
    await all_report(service, 2, status="Available")

    assert await worker.turn()
    assert not await worker.turn()
    assert service.types() == [*STARTED, "cycle.completed"]
    assert limits_w(service) == [0, 0]
    assert worker.cycles == 2


async def test_time_alone_makes_a_cycle_due(service: Service) -> None:
    worker = await started(service)
    service.clock.advance(EIGHT + timedelta(seconds=39))
    assert not await worker.turn()

    service.clock.advance(EIGHT + timedelta(seconds=40))
    assert await worker.turn()
    assert service.events()[-1].data["trigger"] == "timer"


async def test_a_cycle_without_news_is_run_and_not_published(service: Service) -> None:
    worker = await started(service)
    service.clock.advance(EIGHT + timedelta(seconds=5))
    await all_report(service, sequence=2)
    await settle(worker)

    assert service.types() == STARTED
    assert service.counts.cycles == {"published": 1, "unpublished": 1}


async def test_events_stand_in_the_trace_of_the_messages_that_caused_them(service: Service) -> None:
    await started(service)
    messages = [row.message for row in service.database.tables.outbox.values()]
    assert [envelope.attributes(message).traceparent for message in messages] == [TRACEPARENT] * 3


async def test_an_answer_names_the_message_that_it_answers_and_its_instant(service: Service) -> None:
    """Holds EVT-7."""
    await started(service)
    service.clock.advance(EIGHT + timedelta(seconds=3))
    await service.offer(DEPOT, version=2, max_import_w=-1)
    await service.offer(DEPOT, version=3, circuits=7)
    await settle(await service.start())

    offered = {
        (dict(message.headers)["ce_id"] or b"").decode(): json.loads(message.value or b"")["version"]
        for message in service.offered
    }
    answers = [event for event in service.events() if event.type.startswith("busbar.configuration.")]
    assert [offered[event.data["request_id"]] for event in answers] == [1, 2, 3]
    at = [event.data.get("applied_at") or event.data["rejected_at"] for event in answers]
    assert at == ["2026-11-22T08:00:00Z", "2026-11-22T08:00:03Z", "2026-11-22T08:00:03Z"]


async def test_events_of_a_tenants_depot_name_its_workspace() -> None:
    service = Service()
    await service.offer(replace(DEPOT, workspace_id="tenant"))
    worker = await service.start()
    await settle(worker)
    await all_report(service, 1)
    await settle(worker)
    await service.offer(replace(DEPOT, version=2, workspace_id="another"))
    await settle(worker)

    assert service.types() == [
        "microgrid.provisioned",
        "configuration.applied",
        "cycle.completed",
        "configuration.rejected",
    ]
    headers = [dict(row.message.headers) for row in service.database.tables.outbox.values()]
    assert [each["ce_workspaceid"] for each in headers] == [b"tenant"] * 4


async def test_a_worker_goes_on_where_another_stopped(service: Service) -> None:
    await started(service)
    successor = await service.start()
    assert not await successor.turn()

    service.clock.advance(EIGHT + timedelta(seconds=5))
    await all_report(service, 2, status="Available")
    await settle(successor)

    assert service.types() == [*STARTED, "cycle.completed"]
    assert [event.event_seq for event in service.events()] == [1, 2, 3, 4]


async def test_a_worker_that_takes_over_decides_in_time_without_hearing_anything(service: Service) -> None:
    await started(service)
    successor = await service.start()
    service.clock.advance(EIGHT + timedelta(seconds=39))
    assert not await successor.turn()

    service.clock.advance(EIGHT + timedelta(seconds=40))
    assert await successor.turn()
    assert service.types() == [*STARTED, "cycle.completed"]
    assert service.events()[-1].data["trigger"] == "timer"


async def test_a_worker_owns_what_it_provisions_or_refuses(service: Service) -> None:
    worker = await service.start()
    await service.offer(DEPOT)
    await service.offer(replace(DEPOT, microgrid_id="refused"), max_import_w="much")
    await settle(worker)

    assert set(service.mailbox.ids) == {"depot", "refused"}


async def test_a_worker_whose_partition_was_claimed_decides_nothing_more(service: Service) -> None:
    """Holds BUS-8."""
    overtaken = await started(service)
    await service.ownership.claim([service.partition_of("depot")])
    service.clock.advance(EIGHT + timedelta(seconds=40))

    with pytest.raises(Fenced):
        await overtaken.turn()

    assert service.types() == STARTED


async def test_what_came_while_a_worker_was_overtaken_is_taken_by_the_next(service: Service) -> None:
    overtaken = await started(service)
    await service.ownership.claim([service.partition_of("depot")])
    await service.offer(replace(DEPOT, version=2))
    with pytest.raises(Fenced):
        await overtaken.turn()

    await settle(await service.start())
    assert [event.data["version"] for event in service.events() if "version" in event.data] == [1, 2]


@pytest.mark.parametrize("commit", [1, 2, 3, 4])
@pytest.mark.parametrize("moment", ["lost_before_commit", "lost_after_commit"])
async def test_a_worker_lost_at_a_commit_costs_nothing_and_repeats_nothing(
    service: Service, moment: str, commit: int
) -> None:
    """Holds BUS-8."""
    setattr(service.transactions, moment, commit)
    worker = await service.start()
    lost = 0
    for second, version, status in ((0, 1, "Charging"), (5, 1, "Available"), (10, 2, "Charging")):
        service.clock.advance(EIGHT + timedelta(seconds=second))
        await service.offer(replace(DEPOT, version=version))
        await all_report(service, 1 + second, status)
        try:
            await settle(worker)
        except Lost:
            lost += 1
            worker = await service.start()
            await settle(worker)

    assert lost == 1
    events = service.events()
    assert [event.event_seq for event in events] == list(range(1, len(events) + 1))
    assert service.types().count("microgrid.provisioned") == 1
    assert [event.data["version"] for event in events if "version" in event.data] == [1, 2]
    cycles = [event.data for event in events if "cycle_seq" in event.data]
    assert [cycle["cycle_seq"] for cycle in cycles] == list(range(1, len(cycles) + 1))
    told = [[setpoint["limit_w"] for setpoint in cycle["setpoints"]] for cycle in cycles]
    assert told == [[150_000] * 2, [0] * 2, [150_000] * 2]


async def test_messages_are_taken_again_until_what_they_caused_is_committed(service: Service) -> None:
    """Holds BUS-8."""
    service.transactions.lost_before_commit = 1
    worker = await service.start()
    await service.offer(DEPOT)
    with pytest.raises(Lost):
        await worker.turn()
    assert service.types() == []

    await settle(await service.start())
    assert service.types() == STARTED

    assert not await (await service.start()).turn()


async def test_a_configuration_that_comes_again_is_counted_and_changes_nothing(service: Service) -> None:
    """Holds SITE-5."""
    worker = await started(service)
    await service.offer(DEPOT)
    await settle(worker)

    assert service.types() == STARTED
    assert service.counts.outdated_configurations == 1


async def test_another_configuration_of_the_version_in_force_is_refused_once(service: Service) -> None:
    worker = await started(service)
    for _ in range(2):
        await service.offer(replace(DEPOT, name="Renamed, but not newer"))
    await settle(worker)

    assert service.types() == [*STARTED, "configuration.rejected"]
    assert [fault["code"] for fault in service.events()[-1].data["faults"]] == ["version_not_newer"]
    assert service.counts.outdated_configurations == 1


async def test_what_cannot_be_read_becomes_a_dead_letter_and_the_rest_is_decided(service: Service) -> None:
    """Holds BUS-3."""
    worker = await service.start()
    await service.offer(DEPOT)
    unreadable = Message("depot", (("ce_type", b"circuit.telemetry.v1"), ("note", b"\xff\x00")), b"\xff{")
    await service.say(a_meter_says(0))
    await service.publish(TELEMETRY, unreadable)
    await service.say(a_charger_says())
    await settle(worker)

    (dead,) = await service.dead_letters()
    assert (dead.key, dead.value) == (unreadable.key, unreadable.value)
    assert dead.headers == (
        *unreadable.headers,
        ("dlq_topic", TELEMETRY.encode()),
        ("dlq_partition", str(partition_of("depot", 2)).encode()),
        ("dlq_offset", b"1"),
        ("dlq_code", b"invalid_json"),
        ("dlq_detail", b"The text is not UTF-8 at byte 0."),
    )
    assert service.counts.dead_letters == {"invalid_json": 1}
    assert service.counts.receipts == {Receipt.KEPT: 2}
    assert service.types() == STARTED


async def test_a_message_under_the_key_of_another_microgrid_becomes_a_dead_letter(service: Service) -> None:
    """Holds BUS-4."""
    worker = await service.start()
    payload = {
        "microgrid_id": "depot",
        "circuit_id": "gc-1",
        "sequence": 1,
        "measured_at": "2026-11-22T08:00:00Z",
        "power_w": 1,
    }
    await service.publish(TELEMETRY, a_message("circuit.telemetry.v1", payload, key="elsewhere"))
    await settle(worker)

    (dead,) = await service.dead_letters()
    assert dict(dead.headers)["dlq_code"] == b"key_mismatch"


async def test_a_record_in_a_partition_that_is_not_its_keys_becomes_a_dead_letter(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds BUS-4."""
    monkeypatch.setattr(service, "partition_of", lambda microgrid_id: 1 - partition_of(microgrid_id, 2))
    worker = await service.start()
    await service.offer(DEPOT)
    await service.say(a_meter_says(0))
    await settle(worker)

    assert service.types() == []
    letters = await service.dead_letters()
    assert [dict(each.headers)["dlq_code"] for each in letters] == [b"wrong_partition"] * 2


async def test_a_letter_that_is_refused_is_counted_and_the_reading_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds BUS-3."""

    async def refuse(self: DeadLetterTopic, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        raise PublicationRefused("it is too large")

    worker = await started(service)
    monkeypatch.setattr(DeadLetterTopic, "put", refuse)
    await service.publish(TELEMETRY, Message("depot", (), b"?"))
    service.clock.advance(EIGHT + timedelta(seconds=5))
    await all_report(service, 2, status="Available")
    await settle(worker)

    assert service.types() == [*STARTED, "cycle.completed"]
    partition = partition_of("depot", 2)
    assert [(each.topic, each.partition) for each in service.counts.refused_letters] == [(TELEMETRY, partition)]
    assert not await (await service.start()).turn()


async def test_no_more_than_some_microgrids_are_remembered_for_their_refusals(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds BUS-6."""
    monkeypatch.setattr(mailbox, "STRANGERS", 2)
    worker = await service.start()
    for microgrid_id in ("one", "another", "third", "one"):
        await service.offer(replace(DEPOT, microgrid_id=microgrid_id), circuits=7, note=len(service.offered))
        await settle(worker)
    await service.offer(replace(DEPOT, microgrid_id="fourth", max_import_w=-1))
    await service.offer(replace(DEPOT, microgrid_id="third"))
    await settle(worker)

    assert service.types("one") == ["configuration.rejected"] * 2
    assert service.types("another") == ["configuration.rejected"]
    assert service.types("third")[:2] == ["microgrid.provisioned", "configuration.applied"]
    assert service.types("fourth") == []
    letters = await service.dead_letters()
    assert sorted((each.key or "", dict(each.headers)["dlq_code"]) for each in letters) == [
        ("fourth", b"malformed"),
        ("third", b"malformed"),
    ]
    assert service.counts.untaken == []


async def test_a_null_configuration_is_counted_and_changes_nothing(service: Service) -> None:
    """Holds BUS-5."""
    worker = await started(service)
    await service.publish(CONFIGURATION, Message("depot", (), None))
    await settle(worker)

    assert service.counts.tombstones == 1
    assert service.types() == STARTED
    assert await service.dead_letters() == []


async def test_readings_of_a_microgrid_that_nobody_configured_cost_no_query(service: Service) -> None:
    worker = await service.start()
    begun = service.transactions.begun
    for sequence in range(1, 101):
        await service.say(a_meter_says(0, sequence, microgrid_id="nowhere"))
        await worker.turn()

    assert service.transactions.begun == begun
    assert service.counts.receipts == {Receipt.UNKNOWN: 100}
    assert await service.dead_letters() == []


async def test_a_microgrid_that_was_heard_of_in_vain_is_served_once_it_is_configured(service: Service) -> None:
    worker = await service.start()
    await service.say(a_charger_says())
    await settle(worker)

    await service.offer(DEPOT)
    await all_report(service, sequence=2)
    await settle(worker)
    assert service.types() == STARTED
    assert limits_w(service) == [150_000, 150_000]


async def test_a_microgrid_of_which_only_a_refusal_is_known_is_not_decided(service: Service) -> None:
    worker = await service.start()
    await service.offer(DEPOT, max_import_w="much")
    await service.say(a_charger_says())
    await settle(worker)

    assert service.types() == ["configuration.rejected"]
    assert worker.cycles == 0
    assert service.counts.receipts == {Receipt.UNKNOWN: 1}


@pytest.mark.parametrize("rivals", range(1, ATTEMPTS))
async def test_a_command_is_tried_again_when_somebody_else_committed_first(service: Service, rivals: int) -> None:
    worker = await service.start()
    service.transactions.rivals = rivals
    await service.offer(DEPOT)
    await settle(worker)
    assert service.types() == STARTED

    service.transactions.rivals = rivals
    service.clock.advance(EIGHT + timedelta(seconds=40))
    await settle(worker)
    assert service.types() == [*STARTED, "cycle.completed"]
    assert service.transactions.rivals == 0


async def test_after_too_many_attempts_the_messages_are_left_for_later(service: Service) -> None:
    worker = await service.start()
    service.transactions.rivals = ATTEMPTS
    await service.offer(DEPOT)
    with pytest.raises(ConcurrentChange):
        await worker.turn()

    await settle(await service.start())
    assert service.types() == STARTED


async def test_a_malformed_configuration_is_answered_once_and_before_provisioning_too(service: Service) -> None:
    """Holds BUS-6."""
    worker = await service.start()
    for _ in range(3):
        await service.offer(DEPOT, max_import_w="much")
        await settle(worker)
    await service.offer(DEPOT)
    await settle(worker)

    assert service.types() == ["configuration.rejected", *STARTED]
    rejected = service.events()[0].data
    assert (rejected["event_seq"], rejected["version"]) == (1, 1)
    assert [(fault["code"], fault["path"]) for fault in rejected["faults"]] == [("malformed", "/max_import_w")]
    assert await service.dead_letters() == []


async def test_a_malformed_configuration_is_answered_once_by_all_workers_together(service: Service) -> None:
    for _ in range(2):
        worker = await service.start()
        await service.offer(DEPOT, max_import_w="much")
        await settle(worker)
    assert service.types() == ["configuration.rejected"]


async def test_an_unreadable_version_is_answered_as_null(service: Service) -> None:
    worker = await started(service)
    await service.offer(DEPOT, version="seven")
    await settle(worker)

    assert service.types() == [*STARTED, "configuration.rejected"]
    assert service.events()[-1].data["version"] is None


async def test_a_malformed_configuration_that_is_not_newer_is_answered(service: Service) -> None:
    worker = await started(service)
    await service.offer(DEPOT, max_import_w="much")
    await settle(worker)

    assert service.types() == [*STARTED, "configuration.rejected"]
    assert {fault["code"] for fault in service.events()[-1].data["faults"]} == {"version_not_newer", "malformed"}


async def test_a_refused_configuration_leaves_the_last_good_one_in_force(service: Service) -> None:
    def on_no_circuit(version: int) -> SiteConfiguration:
        charge_points = tuple(replace(each, circuit_id="f-9") for each in DEPOT.charge_points)
        return replace(DEPOT, version=version, charge_points=charge_points)

    worker = await started(service)
    for version in (2, 2, 3):
        await service.offer(on_no_circuit(version))
    service.clock.advance(EIGHT + timedelta(seconds=40))
    await settle(worker)

    assert service.types() == [*STARTED, "configuration.rejected", "configuration.rejected", "cycle.completed"]
    assert {fault["code"] for fault in service.events()[-2].data["faults"]} == {"unknown_circuit"}
    assert service.events()[-1].data["configuration_version"] == 1


async def test_every_microgrid_has_its_own_sequence_of_events(service: Service) -> None:
    worker = await service.start()
    for microgrid_id in ("north", "south"):
        await service.offer(replace(DEPOT, microgrid_id=microgrid_id))
        await service.say(a_charger_says(microgrid_id=microgrid_id))
    await settle(worker)

    for microgrid_id in ("north", "south"):
        assert service.types(microgrid_id) == STARTED
        assert [event.event_seq for event in service.events(microgrid_id)] == [1, 2, 3]
        assert {event.data["microgrid_id"] for event in service.events(microgrid_id)} == {microgrid_id}


async def test_an_event_on_a_topic_of_the_worker_becomes_a_dead_letter_and_blocks_nothing() -> None:
    service = Service()
    await service.publish(TELEMETRY, registry.write(a_cycle_completed(), stream=STREAM))
    await service.offer(a_configuration(connectors=1))
    worker = await service.start()
    while await worker.turn():
        pass
    assert len(await service.dead_letters()) == 1
    assert service.types()[-1] == "cycle.completed"


async def two_started(service: Service) -> Worker:
    """A worker that has decided once on two depots."""
    worker = await service.start()
    for name in ("depot", "other"):
        await service.offer(replace(DEPOT, microgrid_id=name))
    await settle(worker)
    return worker


def cycles(service: Service, microgrid_id: str) -> int:
    return service.types(microgrid_id).count("cycle.completed")


async def seconds_later(service: Service, worker: Worker, second: float) -> None:
    service.clock.advance(EIGHT + timedelta(seconds=second))
    await settle(worker)


async def test_a_microgrid_whose_cycle_fails_is_parked_and_the_others_go_on(service: Service) -> None:
    """Holds BUS-10."""
    worker = await two_started(service)
    service.transactions.faults["depot"] = ZeroDivisionError()
    await service.say(a_charger_says(2, "Charging", EIGHT))
    for second in (40, 80, 120):
        await seconds_later(service, worker, second)

    assert (cycles(service, "depot"), cycles(service, "other")) == (1, 4)
    assert service.counts.failures == [(Stage.CYCLE, "depot", f"ZeroDivisionError {times}") for times in (1, 2, 3)]
    assert await service.dead_letters() == []


async def test_a_parked_microgrid_is_tried_again_after_longer_and_longer(service: Service) -> None:
    worker = await two_started(service)
    service.transactions.faults["depot"] = ZeroDivisionError()
    tried = []
    for second in range(40, 301):
        so_far = len(service.counts.failures)
        await seconds_later(service, worker, second)
        tried += [second - 40] * (len(service.counts.failures) - so_far)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]

    service.transactions.faults.clear()
    await seconds_later(service, worker, 342)
    assert cycles(service, "depot") == 1
    await seconds_later(service, worker, 343)
    assert cycles(service, "depot") == 2

    service.transactions.faults["depot"] = ZeroDivisionError()
    await seconds_later(service, worker, 400)
    assert service.counts.failures[-1] == (Stage.CYCLE, "depot", "ZeroDivisionError 1")


async def test_a_new_configuration_makes_a_parked_microgrid_tried_at_once(service: Service) -> None:
    worker = await two_started(service)
    service.transactions.faults["depot"] = ZeroDivisionError()
    for second in range(40, 60):
        await seconds_later(service, worker, second)
    service.transactions.faults.clear()

    await service.offer(DEPOT)
    await settle(worker)
    assert cycles(service, "depot") == 1

    await service.offer(replace(DEPOT, version=2))
    await settle(worker)
    assert cycles(service, "depot") == 2


async def test_a_configuration_that_makes_us_fail_is_a_dead_letter_and_the_others_are_applied(service: Service) -> None:
    worker = await service.start()
    service.transactions.faults["depot"] = ZeroDivisionError("a fault of ours")
    await service.offer(DEPOT)
    await service.offer(replace(DEPOT, microgrid_id="other"))
    await settle(worker)

    assert service.types("other") == ["microgrid.provisioned", "configuration.applied", "cycle.completed"]
    (letter,) = await service.dead_letters()
    offered = with_trace(registry.encode("site.configuration.v1", configuration_to(DEPOT)))
    assert (letter.key, letter.value) == (offered.key, offered.value)
    assert letter.headers[: len(offered.headers)] == offered.headers
    assert dict(letter.headers)["dlq_code"] == b"processing_failed"
    assert service.counts.dead_letters == {"processing_failed": 1}
    assert [(microgrid_id, error) for microgrid_id, _, error in service.counts.untaken] == [
        ("depot", "ZeroDivisionError")
    ]
    assert not await (await service.start()).turn()


@pytest.mark.parametrize("fault", [StorageUnavailable(), Fenced(), asyncio.CancelledError()])
async def test_what_concerns_the_whole_process_parks_nobody(service: Service, fault: BaseException) -> None:
    worker = await two_started(service)
    service.transactions.faults["depot"] = fault
    service.clock.advance(EIGHT + timedelta(seconds=40))
    with pytest.raises(type(fault)):
        await worker.turn()
    await service.offer(replace(DEPOT, version=2))
    with pytest.raises(type(fault)):
        await worker.turn()

    assert service.counts.failures == []
    assert await service.dead_letters() == []
    service.transactions.faults.clear()
    await settle(await service.start())
    assert [event.data["version"] for event in service.events() if "version" in event.data] == [1, 2]


async def test_a_microgrid_that_cannot_be_read_is_parked_at_a_take_over_and_read_later(service: Service) -> None:
    await two_started(service)
    service.transactions.unreadable["depot"] = ZeroDivisionError()
    successor = await service.start()
    assert service.owned.is_unread("depot")
    await seconds_later(service, successor, 40)
    await seconds_later(service, successor, 41)
    assert (cycles(service, "depot"), cycles(service, "other")) == (1, 2)
    assert service.counts.failures == [
        (Stage.TAKE_OVER, "depot", "ZeroDivisionError 1"),
        (Stage.TAKE_OVER, "depot", "ZeroDivisionError 2"),
    ]

    service.transactions.unreadable.clear()
    await seconds_later(service, successor, 42)
    assert cycles(service, "depot") == 2
    assert len(service.counts.failures) == 2


async def test_what_a_cycle_came_to_is_taken_down_with_the_age_of_its_input(service: Service) -> None:
    worker = await started(service)
    assert service.counts.input_ages == [timedelta(0)]
    service.clock.advance(EIGHT + timedelta(seconds=40))
    await settle(worker)
    assert service.counts.input_ages == [timedelta(0), timedelta(seconds=40)]


async def test_a_depot_nobody_hears_counts_as_degraded_until_it_is_heard(service: Service) -> None:
    worker = await service.start()
    await service.offer(DEPOT)
    await settle(worker)
    assert service.owned.figures().degraded == 1
    service.clock.advance(EIGHT + timedelta(seconds=40))
    await all_report(service, sequence=1)
    await settle(worker)
    assert service.owned.figures().degraded == 0


async def test_a_refused_configuration_is_taken_down(service: Service) -> None:
    worker = await service.start()
    await service.offer(DEPOT, circuits=[])
    await settle(worker)
    assert service.counts.refused_configurations == {"depot": 1}
