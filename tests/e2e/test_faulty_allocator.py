"""A fill that ignores limits: the certificate stops every bad plan, and without it the violations are seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from adapters.observability import names
from adapters.simulation.scenarios import SCENARIOS
from domain.knowledge.situation import Situation
from domain.microgrid import Decide
from domain.sharing import allocation, rebalance
from domain.sharing.claims import Claims, Fill
from domain.sharing.figures import Decision
from domain.sharing.plan import Plan
from domain.sharing.rebalance import Certifier, certify
from domain.sharing.rotation import Rotation
from domain.site.power import Watts
from entrypoints.container import Container
from entrypoints.demo.in_one_process import open_demo
from tests.databases import sqlite_url
from tests.faults.ablations import limitless_fill

DEPOTS = ("joondalup-small", "malaga")
TICKS = 120

TARGETS, SENDING = 0, 1
"""The two fills of a decision, in their order."""


def decide(
    situation: Situation, memory: Rotation, before: Plan | None, broken: frozenset[int], certifier: Certifier
) -> Plan:
    """A decision whose fills of these numbers are broken; where any is, all are filled anew."""
    number = count()

    def filler(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
        fill = limitless_fill if next(number) in broken else allocation.fill
        return fill(parents, capacities_w, claims)

    return rebalance.decide(situation, memory, None if broken else before, filler=filler, certifier=certifier)


def no_certificate(situation: Situation, decision: Decision) -> None:
    """Finds nothing wrong with anything."""


@dataclass(slots=True)
class WatchedCertificate:
    """The certificate, and for each plan: whether it was bad by a plain sum, whether it was refused."""

    verdicts: list[tuple[bool, bool]] = field(default_factory=list)

    def __call__(self, situation: Situation, decision: Decision) -> str | None:
        fault = certify(situation, decision)
        self.verdicts.append((is_bad(situation, decision), fault is not None))
        return fault


def is_bad(situation: Situation, decision: Decision) -> bool:
    """Whether at some node the targets do not fit, or the raises do not fit beside what is held already."""
    raises_w = [max(0, limit - line.exposure_w) for limit, line in zip(decision.limits_w, situation.lines, strict=True)]
    too_much_granted = exceeds(situation, decision.targets.targets_w, situation.net_capacities_w)
    return too_much_granted or exceeds(situation, raises_w, [max(0, room) for room in situation.free_room_w])


def exceeds(situation: Situation, watts: Sequence[Watts], capacities_w: Sequence[Watts]) -> bool:
    below = [0] * len(situation.tree.nodes)
    for connector, each in zip(situation.tree.connectors, watts, strict=True):
        node = connector.charge_point
        while node >= 0:
            below[node] += each
            node = situation.tree.parents[node]
    return any(load > capacity for load, capacity in zip(below, capacities_w, strict=True))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to, and how many plans the service says were refused."""

    summary: dict[str, Any]
    refused_plans: int


async def played(folder: Path, scenario: str, decide: Decide) -> Outcome:
    """A demo in this process, with another way to decide."""
    container = Container(database_url=sqlite_url(folder / "demo.sqlite3"), scenario=SCENARIOS[scenario], seed=1)
    reader = InMemoryMetricReader()
    container.meter_provider.override(providers.Object(MeterProvider([reader])))
    container.decide.override(providers.Object(decide))
    async with open_demo(container) as demo:
        for _ in range(TICKS):
            await demo.tick()
        return Outcome(demo.summary(), refused_plans(reader))


def refused_plans(reader: InMemoryMetricReader) -> int:
    data = reader.get_metrics_data()
    assert data is not None
    points = [
        point
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == names.REFUSED_PLANS
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint)
    ]
    return int(sum(point.value for point in points))


@pytest.mark.parametrize(
    ("scenario", "broken"),
    [
        ("joondalup-small", {TARGETS}),
        ("joondalup-small", {TARGETS, SENDING}),
        ("malaga", {TARGETS}),
        ("malaga", {SENDING}),
        ("malaga", {TARGETS, SENDING}),
    ],
)
async def test_the_certificate_stops_every_bad_plan(tmp_path: Path, scenario: str, broken: set[int]) -> None:
    certificate = WatchedCertificate()
    outcome = await played(tmp_path, scenario, partial(decide, broken=frozenset(broken), certifier=certificate))

    assert (True, True) in certificate.verdicts
    assert (True, False) not in certificate.verdicts
    assert outcome.refused_plans == sum(refused for _, refused in certificate.verdicts)
    assert outcome.summary["limit_violations"] == 0
    assert outcome.summary["true_overload_ticks"] == 0


@pytest.mark.parametrize("scenario", DEPOTS)
async def test_without_the_certificate_too_the_violations_are_seen(tmp_path: Path, scenario: str) -> None:
    broken = frozenset({TARGETS, SENDING})
    outcome = await played(tmp_path, scenario, partial(decide, broken=broken, certifier=no_certificate))

    assert outcome.refused_plans == 0
    assert outcome.summary["limit_violations"] > TICKS / 2


@pytest.mark.parametrize("scenario", DEPOTS)
async def test_too_high_targets_are_still_sent_only_into_free_room(tmp_path: Path, scenario: str) -> None:
    outcome = await played(tmp_path, scenario, partial(decide, broken=frozenset({TARGETS}), certifier=no_certificate))
    assert outcome.summary["limit_violations"] == 0


@pytest.mark.parametrize("scenario", DEPOTS)
async def test_the_certificate_refuses_no_good_plan(tmp_path: Path, scenario: str) -> None:
    certificate = WatchedCertificate()
    outcome = await played(tmp_path, scenario, partial(decide, broken=frozenset(), certifier=certificate))

    assert set(certificate.verdicts) == {(False, False)}
    assert outcome.refused_plans == 0
    assert outcome.summary["limit_violations"] == 0
