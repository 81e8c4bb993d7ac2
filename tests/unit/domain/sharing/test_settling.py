"""Small changes wait, and nothing that is safe becomes unsafe by it (SEND-6)."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from adapters.messages.lines import LineError
from adapters.messages.snapshot import read_snapshot
from domain.knowledge.demand import Standing
from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.memory import Memory
from domain.knowledge.readings import KeptReading, Readings
from domain.knowledge.sendings import Sending
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.sharing import rebalance
from domain.sharing.figures import Decision
from domain.sharing.settling import LESS, SMALL_PERCENT, WAITS_FOR
from domain.site.configuration import ChargePoint, Connector
from domain.site.power_tree import PlacedConnector
from domain.site.site import Site
from tests.builders import EIGHT
from tests.oracle.snapshots import random_snapshot
from tests.unit.domain.depot import Depot, charger, grid


def send(situation: Situation) -> Decision:
    """What is decided, before the certificate judges it."""
    seen: list[Decision] = []
    rebalance.decide(situation, certifier=lambda _, decision: seen.append(decision))
    return seen[0]


def settled(depot: Depot) -> dict[str, int]:
    """What is sent now, by connector."""
    situation = depot.situation()
    names = [connector.node_id for connector in situation.tree.connectors]
    return dict(zip(names, send(situation).limits_w, strict=True))


def asks(depot: Depot, **requested_w: int) -> None:
    """Connector 1 of cp_1, cp_2, … charges with what it was told last and could take this much."""
    memory = depot.microgrid.state.memory.ledger
    for name, requested in requested_w.items():
        connector = f"{name.replace('_', '-')}/1"
        entry = memory.get(connector, NEVER_SENT)
        told_w = entry.setpoints[-1].limit_w if entry.setpoints else 0
        depot.hears(connector, min(told_w, requested), requested_w=requested, applied_limit_w=told_w)


def told(depot: Depot, **requested_w: int) -> None:
    """These requests, granted and applied."""
    for _ in range(3):
        asks(depot, **requested_w)
        depot.cycle()
        depot.later(25)
    asks(depot, **requested_w)
    assert settled(depot) == {f"{name.replace('_', '-')}/1": watts for name, watts in requested_w.items()}


def reconfigure(depot: Depot, **changes: Any) -> None:
    configuration = replace(depot.configuration, version=2, **changes)
    depot.microgrid = depot.microgrid.configure(configuration, EIGHT).microgrid


RATING_W = 80_000
SMALL_W = RATING_W * SMALL_PERCENT // 100
STEP_W = SMALL_W * (LESS - 1) // LESS


def two(capacity_w: int = 200_000, minimum_w: int = 0) -> Depot:
    return Depot(
        grid("gc-1", capacity_w),
        charger("cp-1", "gc-1", RATING_W, minimum_w=minimum_w),
        charger("cp-2", "gc-1", RATING_W, minimum_w=minimum_w),
    )


@pytest.mark.parametrize("change_w", [SMALL_W - 1, 1 - SMALL_W])
def test_a_change_under_two_percent_of_the_rating_waits(change_w: int) -> None:
    depot = two()
    told(depot, cp_1=40_000, cp_2=60_000)
    asks(depot, cp_1=40_000 + change_w)
    assert settled(depot) == {"cp-1/1": 40_000, "cp-2/1": 60_000}


@pytest.mark.parametrize("change_w", [SMALL_W, -SMALL_W])
def test_a_change_of_two_percent_is_sent(change_w: int) -> None:
    depot = two()
    told(depot, cp_1=40_000, cp_2=60_000)
    asks(depot, cp_1=40_000 + change_w)
    assert settled(depot) == {"cp-1/1": 40_000 + change_w, "cp-2/1": 60_000}


def test_small_changes_add_up_to_one_that_is_sent() -> None:
    depot = two()
    told(depot, cp_1=40_000, cp_2=60_000)
    sent = []
    for step in range(1, 5):
        asks(depot, cp_1=40_000 - 600 * step)
        sent.append(settled(depot)["cp-1/1"])
    assert sent == [40_000, 40_000, 38_200, 37_600]


def test_a_small_change_waits_only_while_the_setpoint_is_young() -> None:
    depot = two()
    told(depot, cp_1=40_000, cp_2=60_000)
    sent_at = depot.microgrid.state.memory.ledger["cp-1/1"].setpoints[-1].first_sent_at
    limits = []
    for age in (WAITS_FOR - timedelta(seconds=1), WAITS_FOR):
        depot.at = sent_at + age
        asks(depot, cp_1=39_000, cp_2=60_000)
        limits.append(settled(depot)["cp-1/1"])
    assert limits == [40_000, 39_000]


def test_nothing_waits_to_be_switched_off() -> None:
    depot = two()
    told(depot, cp_1=1_000, cp_2=60_000)
    asks(depot, cp_2=60_000)
    depot.hears("cp-1/1", 0, status="Available")
    assert settled(depot)["cp-1/1"] == 0


def test_nothing_waits_to_be_switched_on() -> None:
    depot = two(capacity_w=60_000)
    told(depot, cp_1=0, cp_2=40_000)
    asks(depot, cp_1=1_000)
    assert settled(depot)["cp-1/1"] == 1_000


def test_a_target_of_nothing_is_sent_however_little_was_told_before() -> None:
    depot = two(minimum_w=1_000)
    told(depot, cp_1=1_000, cp_2=60_000)
    asks(depot, cp_1=900)
    assert settled(depot)["cp-1/1"] == 0


def room_for_90_kw() -> Depot:
    """cp-1 and cp-2 share gc-1 and leave nothing of it; cp-3 has a connection of its own. A step of cp-2 are 768 W."""
    depot = Depot(
        grid("gc-1", 90_000),
        grid("gc-2", 90_000),
        charger("cp-1", "gc-1", RATING_W),
        charger("cp-2", "gc-1", 40_000),
        charger("cp-3", "gc-2", RATING_W),
    )
    told(depot, cp_1=60_000, cp_2=30_000, cp_3=60_000)
    return depot


def test_a_decrease_does_not_wait_while_a_raise_waits_for_its_room() -> None:
    depot = room_for_90_kw()
    asks(depot, cp_1=58_600, cp_2=31_400, cp_3=58_600)
    assert settled(depot) == {"cp-1/1": 60_000 - STEP_W, "cp-2/1": 30_000, "cp-3/1": 60_000}


def test_a_decrease_does_not_wait_while_a_raise_gets_only_a_part() -> None:
    depot = room_for_90_kw()
    reconfigure(depot, circuits=(grid("gc-1", 96_000), grid("gc-2", 90_000)))
    asks(depot, cp_1=58_600, cp_2=37_300)
    assert settled(depot) == {"cp-1/1": 60_000 - STEP_W, "cp-2/1": 36_000, "cp-3/1": 60_000}


def test_a_raise_that_would_be_small_takes_nobody_s_room() -> None:
    depot = room_for_90_kw()
    asks(depot, cp_1=58_600, cp_2=30_700)
    assert settled(depot) == {"cp-1/1": 60_000, "cp-2/1": 30_000, "cp-3/1": 60_000}


def test_a_connector_that_is_off_waits_for_room_however_little_it_wants() -> None:
    depot = Depot(grid("gc-1", RATING_W), charger("cp-1", "gc-1", RATING_W), charger("cp-2", "gc-1", RATING_W))
    told(depot, cp_1=RATING_W, cp_2=0)
    asks(depot, cp_1=RATING_W - 700, cp_2=700)
    assert settled(depot) == {"cp-1/1": RATING_W - STEP_W, "cp-2/1": 0}


def test_a_decrease_waits_where_what_is_sent_fits_although_exposures_have_not_come_down_yet() -> None:
    depot = room_for_90_kw()
    reconfigure(depot, circuits=(grid("gc-1", 85_000), grid("gc-2", 90_000)))
    asks(depot, cp_1=50_000, cp_2=29_500)
    assert settled(depot) == {"cp-1/1": 50_000, "cp-2/1": 30_000, "cp-3/1": 60_000}


def test_where_the_last_setpoints_no_longer_fit_who_has_the_furthest_to_go_comes_down_by_a_whole_step() -> None:
    depot = room_for_90_kw()
    reconfigure(depot, circuits=(grid("gc-1", 89_500), grid("gc-2", 90_000)))
    asks(depot, cp_1=59_400, cp_2=29_300, cp_3=58_600)
    assert settled(depot) == {"cp-1/1": 60_000, "cp-2/1": 30_000 - 768, "cp-3/1": 60_000}


def test_as_many_come_down_as_it_takes() -> None:
    depot = room_for_90_kw()
    reconfigure(depot, circuits=(grid("gc-1", 88_000), grid("gc-2", 90_000)))
    asks(depot, cp_1=58_500, cp_2=29_300, cp_3=58_600)
    assert settled(depot) == {"cp-1/1": 60_000 - STEP_W, "cp-2/1": 30_000 - 768, "cp-3/1": 60_000}


@pytest.mark.parametrize(("minimum_w", "limit_w"), [(39_000, 39_000), (0, 40_000 - STEP_W)])
def test_nobody_comes_down_below_its_minimum(minimum_w: int, limit_w: int) -> None:
    depot = two(capacity_w=100_000, minimum_w=minimum_w)
    told(depot, cp_1=40_000, cp_2=60_000)
    reconfigure(depot, circuits=(grid("gc-1", 99_900),))
    asks(depot, cp_1=39_500)
    assert settled(depot) == {"cp-1/1": limit_w, "cp-2/1": 60_000}


def test_nobody_comes_down_to_nothing_for_a_small_change() -> None:
    depot = two(capacity_w=61_500)
    told(depot, cp_1=1_500, cp_2=60_000)
    reconfigure(depot, circuits=(grid("gc-1", 61_400),))
    asks(depot, cp_1=1_400)
    assert settled(depot) == {"cp-1/1": 1_400, "cp-2/1": 60_000}


def test_the_end_of_a_charge_that_others_wait_for_changes_few_setpoints() -> None:
    """2 % of cp-2 are 800 W: it waits for every 900 W that cp-1 leaves."""
    depot = Depot(grid("gc-1", 40_000), charger("cp-1", "gc-1", RATING_W), charger("cp-2", "gc-1", 40_000))
    told(depot, cp_1=10_000, cp_2=30_000)
    sent = []
    for step in range(1, 9):
        asks(depot, cp_1=10_000 - 900 * step, cp_2=40_000)
        sent.append(settled(depot)["cp-1/1"])
        depot.cycle()
        depot.later(5)
    assert sent == [8_464, 8_464, 6_928, 6_928, 5_392, 5_392, 3_700, 2_164]


def test_a_capacity_that_falls_watt_by_watt_changes_few_setpoints() -> None:
    depot = two(capacity_w=100_000)
    told(depot, cp_1=40_000, cp_2=60_000)
    last, changes = settled(depot), 0
    for step in range(1, 41):
        depot.microgrid = depot.microgrid.configure(
            replace(depot.configuration, version=1 + step, circuits=(grid("gc-1", 100_000 - 100 * step),)), EIGHT
        ).microgrid
        asks(depot, cp_1=40_000, cp_2=60_000)
        sent = settled(depot)
        changes += sum(sent[connector] != last[connector] for connector in sent)
        last = sent
        depot.cycle()
        depot.later(5)
    assert sum(last.values()) <= 96_000
    assert changes == 3


def test_the_last_setpoints_of_a_charge_point_have_to_fit_its_rating_too() -> None:
    """The exposures of a charge point count only up to its rating: they would not tell."""
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", RATING_W, RATING_W, max_power_w=100_000))
    for _ in range(3):
        for connector in ("cp-1/1", "cp-1/2"):
            depot.hears(connector, 20_000, applied_limit_w=50_000)
        depot.cycle()
        depot.later(25)
    assert settled(depot) == {"cp-1/1": 50_000, "cp-1/2": 50_000}
    smaller = replace(depot.configuration.charge_points[0], max_power_w=99_000)
    reconfigure(depot, charge_points=(smaller,))
    assert settled(depot) == {"cp-1/1": 50_000 - STEP_W, "cp-1/2": 50_000}


@pytest.mark.parametrize(
    ("connector", "requested_w", "limit_w"),
    [(Connector(1, RATING_W, 41_000), 41_000, 41_000), (Connector(1, 39_500), 40_000, 39_500)],
    ids=["below a new minimum", "above a new rating"],
)
def test_a_setpoint_that_is_no_longer_allowed_is_not_sent_again(
    connector: Connector, requested_w: int, limit_w: int
) -> None:
    depot = two()
    told(depot, cp_1=40_000, cp_2=60_000)
    changed = ChargePoint("cp-1", "gc-1", RATING_W, (connector,), 0)
    reconfigure(depot, charge_points=(changed, depot.configuration.charge_points[1]))
    asks(depot, cp_1=requested_w)
    assert settled(depot)["cp-1/1"] == limit_w


def test_what_a_charger_only_reports_was_not_sent_and_is_not_waited_for() -> None:
    depot = two()
    depot.hears("cp-1/1", 40_000, requested_w=39_000, applied_limit_w=40_000)
    assert settled(depot)["cp-1/1"] == 39_000


def test_an_idle_connector_is_sent_its_idle_power() -> None:
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", RATING_W, idle_w=2_000))
    told(depot, cp_1=3_000)
    depot.hears("cp-1/1", 0, status="Available", applied_limit_w=3_000)
    assert settled(depot)["cp-1/1"] == 2_000


# --- Whatever happens -----------------------------------------------------------------------------------------------


class RandomNight:
    """A random depot through random cycles: small and large changes, lost readings, limits that fall."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        read = read_snapshot(json.dumps(random_snapshot(self.draw, most=12)).encode())
        assert not isinstance(read, LineError)
        self.site, self.at, self.readings = Site.of(read.configuration), read.at, Readings()
        for message in sorted(read.telemetry, key=lambda each: (each.measured_at, each.sequence)):
            self.readings.receive(message, self.site.tree, self.at)
        self.ledger: Mapping[str, LedgerEntry] = {
            connector.node_id: LedgerEntry(factor=self.draw.choice((1000, 1000, 1043, 1200)))
            for connector in self.site.tree.connectors
        }
        self.sendings: tuple[Sending, ...] = ()

    def next(self) -> tuple[Situation, Decision]:
        self.at += timedelta(seconds=self.draw.randint(1, 40))
        for key, index in self.site.tree.connector_index.items():
            known = self.readings.connectors.get(key)
            if known is not None and self.draw.random() < 0.9:
                self.readings.connectors[key] = self._changed(known, self.site.tree.connectors[index])
                self.readings.heard_at[key[0]] = self.at
        for circuit_id, meter in self.readings.meters.items():
            if self.draw.random() < 0.9:
                power_w = meter.power_w + round(meter.power_w * self.draw.uniform(-0.01, 0.01))
                self.readings.meters[circuit_id] = replace(meter, power_w=power_w, measured_at=self.at)
        if self.draw.random() < 0.5:
            self.site = _a_little_smaller(self.site, self.draw.uniform(0, 0.02))
        situation = assess(
            Snapshot(self.site, self.readings, self.at, Memory(ledger=self.ledger, sendings=self.sendings))
        )
        return situation, send(situation)

    def record(self, situation: Situation, limits_w: Sequence[int]) -> None:
        sending = Sending.of(len(self.sendings) + 1, self.at, self.site.windows)
        self.ledger = {
            line.connector.node_id: line.entry
            if line.standing in (Standing.RESERVED, Standing.UNRESPONSIVE)
            else line.entry.sent(line.entry.to_tell(limit), sending, self.sendings)
            for line, limit in zip(situation.lines, limits_w, strict=True)
        }
        self.sendings += (sending,)

    def _changed(self, known: KeptReading, connector: PlacedConnector) -> KeptReading:
        """A new reading: mostly much like the one before, of a charger that mostly obeys."""
        draw, entry = self.draw, self.ledger.get(connector.node_id, NEVER_SENT)
        requested = known.reading.requested_w
        if requested is None or draw.random() < 0.1:
            requested = draw.randrange(connector.max_power_w + 1)
        requested += round(requested * draw.choice([0, 0.01, -0.01, -0.015]))
        power = entry.setpoints[-1].limit_w if entry.setpoints and draw.random() < 0.8 else known.reading.power_w
        reading = replace(known.reading, power_w=power, requested_w=requested)
        return replace(known, reading=reading, measured_at=self.at, sent_as_measured_at=self.at)


def _a_little_smaller(site: Site, by: float) -> Site:
    circuits = tuple(
        each
        if each.default_capacity_w is None
        else replace(each, default_capacity_w=each.default_capacity_w - round(each.default_capacity_w * by))
        for each in site.configuration.circuits
    )
    return Site.of(replace(site.configuration, circuits=circuits))


def faults(situation: Situation, sent: Decision) -> list[str]:
    """What is wrong with what is sent, by the certificate and by the letter of the rule."""
    found = [
        f"connector {index} is sent {limit} W instead of {sendable} W"
        for index, (sendable, limit) in enumerate(zip(sent.sendable_w, sent.limits_w, strict=True))
        if limit != sendable and not _may_stand(situation, index, sendable, limit)
    ]
    refused = rebalance.certify(situation, sent)
    return found if refused is None else [*found, refused]


def _may_stand(situation: Situation, index: int, sendable_w: int, limit_w: int) -> bool:
    """The last limit sent again for a small change, or for a small decrease one a little lower still."""
    line, last_w = situation.lines[index], _last_w(situation)[index]
    is_small = 0 not in (last_w, sendable_w, limit_w) and abs(sendable_w - last_w) * 50 < line.rating_w
    lowered = line.minimum_w <= limit_w < sendable_w < last_w and (last_w - limit_w - 1) * 50 < line.rating_w
    return is_small and (limit_w == last_w or lowered)


def test_on_random_depots_what_waits_breaks_no_limit() -> None:
    waited: Counter[str] = Counter()
    for seed in range(250):
        night = RandomNight(seed)
        for _ in range(12):
            situation, sent = night.next()
            assert faults(situation, sent) == [], f"seed {seed}"
            waited.update(
                "lowered" if limit < min(sendable, last) else "raise" if limit < sendable else "decrease"
                for sendable, limit, last in zip(sent.sendable_w, sent.limits_w, _last_w(situation), strict=True)
                if limit != sendable
            )
            night.record(situation, sent.limits_w)
    assert min(waited["raise"], waited["decrease"], waited["lowered"]) > 20, waited


def _last_w(situation: Situation) -> list[int]:
    """The newest setpoints at the meter."""
    newest = [(line.entry, line.entry.newest) for line in situation.lines]
    return [0 if sent is None else entry.at_meter(sent.limit_w) for entry, sent in newest]
