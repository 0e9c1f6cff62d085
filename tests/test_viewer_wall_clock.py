"""When things happened by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.viewer.wall_clock import WallClock

EVENING = datetime(2026, 11, 23, 18, tzinfo=UTC)


@given(st.lists(st.tuples(st.floats(0.01, 60), st.sampled_from([0, 0, 0, 3600, -1800])), min_size=1, max_size=40))
def test_every_time_is_of_the_clock_as_it_stood_then(steps: list[tuple[float, int]]) -> None:
    clock, seconds, now = WallClock(), 0.0, EVENING
    told: list[tuple[float, datetime]] = []
    for gone, jump in steps:
        seconds += gone
        now += timedelta(seconds=gone + jump)
        clock.compare(seconds, now)
        told.append((seconds, now))
    for then, expected in told:
        assert abs(clock.at(then) - expected) < timedelta(milliseconds=1)


def test_a_little_drift_is_followed_and_another_engine_begins_anew() -> None:
    clock = WallClock()
    clock.compare(100.0, EVENING)
    clock.compare(200.0, EVENING + timedelta(seconds=100.5))
    assert clock.at(150.0) == EVENING + timedelta(seconds=50.5)
    clock.compare(1.0, EVENING + timedelta(hours=1))
    assert clock.at(0.5) == EVENING + timedelta(hours=1, seconds=-0.5)
    with pytest.raises(IndexError):
        WallClock().at(1.0)
