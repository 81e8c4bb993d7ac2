"""How a length of time is written on the command line (CLI-2)."""

import click
import pytest

from entrypoints.cli.options import Duration


@pytest.mark.parametrize(("written", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200)])
def test_a_duration_is_a_whole_number_of_seconds_minutes_or_hours(written: str, seconds: int) -> None:
    assert Duration().convert(written, None, None) == seconds


@pytest.mark.parametrize("written", ["", "90", "s", "0s", "-5m", "1.5h", "1d", "1h30m", " 5m"])
def test_what_is_no_duration_is_answered_with_how_one_is_written(written: str) -> None:
    with pytest.raises(click.BadParameter, match="90s, 15m or 2h"):
        Duration().convert(written, None, None)
