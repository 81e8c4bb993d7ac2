"""Scenes from the field keep the figures that the rules over time were found by."""

from dataclasses import replace

import pytest

from tests.scenes.figures import Figures
from tests.scenes.kept import Kept
from tests.scenes.table import SCENES


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_keeps_its_figures(name: str) -> None:
    scene = SCENES[name]
    figures = scene.play()
    assert not list(scene.kept.missed(figures)), figures


KEPT = Kept(10.0, over_s=20, well_over_s=10, switches=1, new_values=15, times_s={"found after": 5})
GOOD = Figures(
    energy_kwh=10.0,
    over_s=20,
    well_over_s=10,
    longest_s=20,
    worst_w=900,
    off_s=0,
    switches=1,
    new_values=15,
    unresponsive_cycles=0,
    safe_s=0,
    breaches=0,
    causes=(),
    times_s={"found after": 5},
)


def test_figures_that_are_as_they_must_be_miss_nothing() -> None:
    assert list(KEPT.missed(GOOD)) == []


@pytest.mark.parametrize(
    ("worse", "missed"),
    [
        (replace(GOOD, energy_kwh=9.9), "energy: 9.9 of 10.0 kWh"),
        (replace(GOOD, over_s=21), "over: 21, at most 20"),
        (replace(GOOD, well_over_s=11), "over by more than 1 %: 11, at most 10"),
        (replace(GOOD, switches=2), "switches: 2, at most 1"),
        (replace(GOOD, new_values=16), "new values: 16, at most 15"),
        (replace(GOOD, times_s={"found after": 6}), "found after: 6, at most 5"),
        (replace(GOOD, times_s={}), "found after: never, at most 5"),
    ],
)
def test_a_figure_that_is_worse_is_missed(worse: Figures, missed: str) -> None:
    assert list(KEPT.missed(worse)) == [missed]
