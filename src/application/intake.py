"""What arrives: readings go into the mailbox, configurations are applied, what is done is acknowledged."""

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, assert_never

from application.answering import Answer
from application.cycles import Cycles
from application.decisions import ATTEMPTS, Committing, Decision
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import (
    DeadLetters,
    MalformedConfiguration,
    MessageSource,
    Offer,
    Position,
    PublicationRefused,
    PublishedEvent,
    Received,
    Retirement,
    Tombstone,
    Unreadable,
)
from application.ports.clock import Clock
from application.ports.observing import Counters
from application.ports.persistence import ConcurrentChange
from application.unanswered import Unanswered
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, Receipt, Telemetry
from domain.microgrid import Microgrid
from domain.site.configuration import SiteConfiguration

BATCH: Final = 500

AT_ONCE: Final = 16
"""Configurations, and retirements, of one transaction."""

LONGEST: Final = timedelta(milliseconds=25)
"""How long configurations are looked at before those that are go into a transaction, and cycles may be decided."""

TURN: Final = timedelta(milliseconds=100)
"""How long configurations are answered before it is looked what else arrived."""

NOT_TAKEN: Final = "processing_failed"
"""The code of a dead letter that can be read, and that made us fail."""

WRONG_PARTITION: Final = (
    "wrong_partition",
    "The record does not lie where Java's default partitioner puts its key (murmur2).",
)


class Intake:
    """Takes in what its source brings. Nothing here waits for a cycle, and no cycle for what is waited for here."""

    def __init__(
        self,
        source: MessageSource,
        dead_letters: DeadLetters,
        mailbox: Mailbox,
        owned: OwnedPartitions,
        decisions: Committing,
        cycles: Cycles,
        answer: Answer,
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._source = source
        self._dead_letters = dead_letters
        self._mailbox = mailbox
        self._owned = owned
        self._decisions = decisions
        self._cycles = cycles
        self._answer_to = answer
        self._counters = counters
        self._clock = clock
        self._unanswered = Unanswered()
        self._taken: deque[tuple[int, Sequence[Position]]] = deque()
        """Batches that are not acknowledged, with the turn of cycles that ends what they made due."""

        self._handed_over = owned.handed_over
        self._contested: Counter[str] = Counter()
        self._later: defaultdict[str, list[tuple[Telemetry, Received]]] = defaultdict(list)
        """Readings of microgrids with configurations that came before them."""

        self.is_behind = False
        """Whether there is more at hand, by the newest turn: a whole batch was, or configurations."""

        self._received_at = mailbox.moment()
        self._letters: list[tuple[Position, Unreadable]] = []
        self._receipts: Counter[Receipt] = Counter()

    async def turn(self) -> bool:
        """Take one batch, acknowledge those of which all is done; returns whether there was any.

        A message that makes us fail is a dead letter; one for a microgrid that cannot be read waits; all else goes on.
        Raises Fenced where somebody else owns one of the partitions: nothing is acknowledged.
        """
        if self._handed_over != self._owned.handed_over:
            self._handed_over = self._owned.handed_over
            self._unanswered = Unanswered()
            self._taken.clear()
        await self._acknowledge()
        # Readings are taken in however many configurations wait; of these no more than are answered within seconds.
        is_crowded = len(self._answerable()) >= BATCH
        batch = await self._source.receive(BATCH, self._unanswered.topics if is_crowded else ())
        await self._owned.read_again()
        # Once a batch: looking at both clocks takes a tenth as long as taking a reading in.
        self._received_at = self._mailbox.moment()
        for received in batch:
            self._take(received)
        await self._post_later()
        answered = await self._answer_in_time()
        # Once a batch: counting costs half as much as taking a reading in.
        self._counters.readings(self._receipts)
        self._receipts.clear()
        if self._letters:
            await self._send(self._letters)
        self._letters.clear()
        if batch:
            self._taken.append((self._cycles.begun + 1, [received.position for received in batch]))
        self.is_behind = len(batch) == BATCH or answered
        return bool(batch) or answered

    async def _acknowledge(self) -> None:
        done: list[Position] = []
        while self._taken and self._taken[0][0] <= self._cycles.ended:
            done += self._taken.popleft()[1]
        if acknowledged := self._unanswered.done(done):
            await self._source.acknowledge(acknowledged)

    def _take(self, received: Received) -> None:
        body = received.body
        match body:
            case ChargePointTelemetry() | CircuitTelemetry():  # nearly all there is
                if self._lies_right(body, received):
                    self._hear(body, received)
            case SiteConfiguration() | MalformedConfiguration() | Retirement():
                if self._lies_right(body, received):
                    self._unanswered.add(body.microgrid_id, received)
            case Tombstone():
                self._counters.tombstone()
            case Unreadable():
                self._put_aside(received.position, body)
            case PublishedEvent():
                raise TypeError("a worker reads configurations and telemetry, not events")
            case _:
                assert_never(body)

    def _lies_right(self, body: Offer | Telemetry, received: Received) -> bool:
        """Whether it lies where its key belongs; a dead letter where it does not."""
        if self._owned.lies_elsewhere(body.microgrid_id, received.position):
            self._put_aside(received.position, Unreadable(*WRONG_PARTITION, received.message))
            return False
        return True

    def _hear(self, body: Telemetry, received: Received) -> None:
        if self._is_answerable(body.microgrid_id):
            self._later[body.microgrid_id].append((body, received))
        else:
            self._post(body, received)

    async def _post_later(self) -> None:
        while asked := [*filter(self._is_answerable, self._later)]:
            await self._answer(asked[:AT_ONCE])
            self._received_at = self._mailbox.moment()
        for readings in self._later.values():
            for body, received in readings:
                self._post(body, received)
        self._later.clear()

    def _post(self, telemetry: Telemetry, received: Received) -> None:
        microgrid_id = telemetry.microgrid_id
        if not self._mailbox.knows(microgrid_id):
            self._receipts[Receipt.UNKNOWN] += 1
            return
        try:
            reception = self._mailbox.post(telemetry, received.traceparent, self._received_at)
        except Exception as error:
            self._not_taken(microgrid_id, received, error)
            return
        for receipt, count in reception.receipts.items():
            self._receipts[receipt] += count

    def _answerable(self) -> Sequence[str]:
        """The microgrids that have a configuration to be answered, and can be read."""
        return [*filter(self._is_answerable, self._unanswered.microgrids)]

    def _is_answerable(self, microgrid_id: str) -> bool:
        return microgrid_id in self._unanswered.microgrids and not self._owned.is_unread(microgrid_id)

    async def _answer_in_time(self) -> bool:
        """Answer configurations, as many as go into a turn; returns whether there were any."""
        began, answerable = self._clock.steady(), self._answerable()
        was_any = bool(answerable)
        while answerable:
            await self._answer(answerable[:AT_ONCE])
            answerable = self._answerable() if self._clock.steady() - began < TURN else []
        return was_any

    async def _answer(self, microgrid_ids: Sequence[str]) -> None:
        """Apply or refuse one configuration of each, or of as many as an instant allows."""
        async with self._decisions.one_at_a_time:
            await self._owned.read([each for each in microgrid_ids if self._mailbox.find(each) is None])
            decisions: list[Decision] = []
            began = self._clock.steady()
            for microgrid_id in microgrid_ids:
                if not self._owned.is_unread(microgrid_id):
                    decision = self._decide(microgrid_id, strangers=len(decisions))
                    if decision is None:
                        self._unanswered.answered(microgrid_id)
                    else:
                        decisions.append(decision)
                if self._clock.steady() - began >= LONGEST:
                    break
            failed = await self._decisions.commit(decisions, self._owned.epoch_of)
            for decision in decisions:
                await self._settle(decision, failed.get(decision.microgrid_id))

    def _decide(self, microgrid_id: str, *, strangers: int) -> Decision | None:
        """What its next configuration comes to; None where that is nothing, or a dead letter."""
        received = self._unanswered.first(microgrid_id)
        microgrid = self._mailbox.find(microgrid_id) or Microgrid(microgrid_id)
        at, has_room = self._mailbox.time_of(microgrid_id), self._mailbox.has_room_for(strangers + 1)
        try:
            answered = self._answer_to(microgrid, received, at, has_room=has_room)
        except Exception as error:
            self._not_taken(microgrid_id, received, error)
            return None
        if isinstance(answered, Unreadable):
            self._put_aside(received.position, answered)
            return None
        return answered

    async def _settle(self, decision: Decision, error: Exception | None) -> None:
        microgrid_id = decision.microgrid_id
        match error:
            case None:
                self._mailbox.open(decision.stored)
                self._contested.pop(microgrid_id, None)
            case ConcurrentChange():
                self._contested[microgrid_id] += 1
                if self._contested[microgrid_id] == ATTEMPTS:
                    raise error
                await self._owned.read([microgrid_id])
                return
            case _:
                self._not_taken(microgrid_id, self._unanswered.first(microgrid_id), error)
        self._unanswered.answered(microgrid_id)

    def _not_taken(self, microgrid_id: str, received: Received, error: Exception) -> None:
        self._counters.not_taken(microgrid_id, received.position, error)
        self._put_aside(received.position, Unreadable(NOT_TAKEN, str(error), received.message))

    async def _send(self, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        """All at once; where one of them is refused one after the other."""
        try:
            await self._dead_letters.put(letters)
        except PublicationRefused as error:
            if len(letters) == 1:
                self._counters.refused_letter(letters[0][0], error)
            else:
                for each in letters:
                    await self._send([each])

    def _put_aside(self, position: Position, unreadable: Unreadable) -> None:
        self._counters.dead_letter(position, unreadable)
        self._letters.append((position, unreadable))
