"""Random valid snapshots of every shape the contract speaks of, from a seed."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import note
from hypothesis import strategies as st

from tests.oracle.depot import Json
from tests.oracle.mood import any_mood, easy_mood
from tests.oracle.random_site import random_configuration, sparse
from tests.oracle.random_telemetry import charger_messages, meter_messages, rfc3339, strangers, twin

EPOCH = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def random_snapshot(rng: Random, *, easy: bool = False, most: int = 25) -> Json:
    """A valid `{"configuration", "at", "telemetry"}` with 1 to `most` connectors (now and then none at all).

    `easy` keeps to unit connector, equal share, no meters or safe capacities, every connector freshly heard
    and no reported limit. Distinct messages of one device never agree in both time and sequence.
    """
    mood = easy_mood(rng) if easy else any_mood(rng)
    at = EPOCH + timedelta(seconds=rng.randrange(10**6))
    configuration = random_configuration(rng, mood, most)
    settings = {"meter_stale_after_s": 30, "connector_stale_after_s": 90, **configuration["settings"]}
    telemetry = charger_messages(rng, mood, configuration, settings, at)
    telemetry += meter_messages(rng, mood, configuration, settings, at, telemetry)
    telemetry += [twin(rng, each) for each in telemetry if rng.random() < mood.noise / 4]
    if rng.random() < mood.noise:
        telemetry += strangers(rng, configuration, at)
    rng.shuffle(telemetry)
    return {"configuration": sparse(rng, configuration), "at": rfc3339(at), "telemetry": telemetry}


@st.composite
def snapshots(draw: st.DrawFn, *, easy: bool = False) -> Json:
    """Snapshots for Hypothesis. A failing case prints the call that makes it again."""
    seed = draw(st.integers(0, 2**32 - 1))
    most = draw(st.integers(1, 25))
    note(f"random_snapshot(Random({seed}), easy={easy}, most={most})")
    return random_snapshot(Random(seed), easy=easy, most=most)
