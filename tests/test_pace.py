"""What holds pictures back until they are due: of films, and of cameras that send some seconds at once."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.sources.pace import FilmPace, LivePace
from maskcam.sources.stream import StreamSource
from tests.http_camera import read_number
from tests.http_films import HlsCamera, make_segments


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sixteen seconds in pieces of one."""
    return make_segments(tmp_path_factory.mktemp("pieces"), 16)


class Clock:
    """Time that goes on only while it is waited for."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def hold(self, seconds: float) -> None:
        self.now += seconds

    def until(self, now: float) -> None:
        """So late it is at least."""
        self.now = max(self.now, now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def seconds_for(pace: FilmPace | LivePace, clock: Clock, times: Iterable[float]) -> float:
    """How long it waits for pictures of these times, which are all there."""
    begun = clock.now
    for seconds in times:
        pace.wait(seconds)
    return clock.now - begun


def test_a_film_is_waited_for_however_long_its_pictures_stand(clock: Clock) -> None:
    pace = FilmPace(clock, clock.hold)
    assert seconds_for(pace, clock, [7.0]) == 0
    assert seconds_for(pace, clock, [9.0]) == pytest.approx(2.0)
    assert seconds_for(pace, clock, [3600.0]) == pytest.approx(3591.0)


@pytest.mark.parametrize("kind", [FilmPace, LivePace])
def test_a_picture_out_of_order_is_due_at_once_and_moves_nothing(
    kind: type[FilmPace] | type[LivePace], clock: Clock
) -> None:
    times = [0.0, 0.6, 0.2, 0.4, 1.2, 0.8, 1.0, 1.8]
    assert seconds_for(kind(clock, clock.hold), clock, times) == pytest.approx(1.8)


@given(steps=st.lists(st.floats(0, 1.1), max_size=30))
def test_what_is_all_there_takes_as_long_as_it_says(steps: list[float]) -> None:
    times = list(itertools.accumulate(steps, initial=0.0))
    for kind in (FilmPace, LivePace):
        clock = Clock()
        assert seconds_for(kind(clock, clock.hold), clock, times) == pytest.approx(times[-1], abs=1e-6)


def test_a_film_that_came_late_goes_on_at_its_own_speed(clock: Clock) -> None:
    pace = FilmPace(clock, clock.hold)
    pace.wait(0.0)
    clock.hold(1.5)
    assert seconds_for(pace, clock, [0.1, 0.6]) == pytest.approx(0.5)


def test_a_camera_whose_clock_is_set_anew_or_leaves_something_out_is_not_waited_for(clock: Clock) -> None:
    times = (100.0, 100.01, 102.0, 106.0, 5000.0, 5000.02, 3.0, 3.01)
    assert seconds_for(LivePace(clock, clock.hold), clock, times) == pytest.approx(0.04)


def test_what_a_camera_sends_late_is_made_good(clock: Clock) -> None:
    pace, begun = LivePace(clock, clock.hold), clock.now
    pace.wait(0.0)
    clock.hold(1.8)
    assert seconds_for(pace, clock, np.arange(0.04, 1.8, 0.04)) == 0, "what is late is shown at once"
    seconds_for(pace, clock, [2.0, 3.0])
    assert clock.now - begun == pytest.approx(3.0), "then it is as near as it was before"


def test_a_camera_that_stalls_with_every_piece_is_shown_evenly_in_the_end(clock: Clock) -> None:
    pace, begun, smooth = LivePace(clock, clock.hold), clock.now, []
    for piece in range(6):
        # Each piece comes when it ought to have ended.
        clock.until(begun + piece + (0.9 if piece else 0.0))
        smooth.append(seconds_for(pace, clock, np.arange(piece, piece + 0.9, 0.1)))
    assert min(smooth[1:3]) < 0.1, "at first the delay is made good"
    assert smooth[-1] > 0.7


def test_a_wait_can_be_cut_short() -> None:
    pace = FilmPace()
    pace.wait(0.0)
    later = threading.Timer(0.1, pace.cancel)
    later.start()
    pace.wait(1e12)  # this would never end otherwise
    assert pace.cancelled
    later.join()


def test_a_camera_in_pieces_is_shown_evenly_and_is_not_late_after_a_stall(segments: list[Path]) -> None:
    delays: list[float] = []
    gaps: list[float] = []
    stall: threading.Timer | None = None
    number = 0
    with HlsCamera(segments) as camera, contextlib.closing(StreamSource(camera.url, read_timeout=60)) as source:
        while number < 195:
            begun = time.monotonic()
            number = read_number(source.read())
            came = time.monotonic()
            delays.append(came - camera.began - number / 25)
            gaps.append(came - begun)
            if stall is None and number >= 45:
                camera.thawed.clear()
                stall = threading.Timer(3.0, camera.thawed.set)
                stall.start()
    assert stall is not None
    stall.join()
    assert max(gaps) > 1.0, "there was a stall"
    assert sum(gaps[1:40]) > 1.0, "they come one after the other, not all at once"
    assert np.median(delays[-25:]) < np.median(delays[:25]) + 1.0


def test_a_piece_that_is_missing_is_not_waited_out(segments: list[Path]) -> None:
    with HlsCamera(segments, dropped=range(5, 9)) as camera, contextlib.closing(StreamSource(camera.url)) as source:
        numbers, gaps = [], []
        while not numbers or numbers[-1] < 9 * 25 + 10:
            begun = time.monotonic()
            numbers.append(read_number(source.read()))
            gaps.append(time.monotonic() - begun)
    assert not set(numbers) & set(range(5 * 25, 9 * 25)), "four seconds are missing"
    assert max(gaps) < 2.5
