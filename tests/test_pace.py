"""What holds pictures back until they are due: of films, and of cameras that send some seconds at once."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from maskcam.live_sources import StreamSource
from maskcam.pace import FilmPace, LivePace
from tests.http_camera import read_number
from tests.http_films import HlsCamera, make_segments


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sixteen seconds in pieces of one."""
    return make_segments(tmp_path_factory.mktemp("pieces"), 16)


def seconds_for(pace: FilmPace | LivePace, times: Iterable[float]) -> float:
    """How long it waits for pictures of these times, which are all there."""
    begun = time.monotonic()
    for seconds in times:
        pace.wait(seconds)
    return time.monotonic() - begun


def test_a_film_is_waited_for_however_long_its_pictures_stand() -> None:
    pace = FilmPace()
    assert seconds_for(pace, [7.0]) < 0.5
    assert seconds_for(pace, [9.0]) > 1.9


def test_a_picture_out_of_order_is_due_at_once_and_moves_nothing() -> None:
    for pace in (FilmPace(), LivePace()):
        assert 1.7 < seconds_for(pace, [0.0, 0.6, 0.2, 0.4, 1.2, 0.8, 1.0, 1.8]) < 2.3


def test_a_film_that_came_late_goes_on_at_its_own_speed() -> None:
    pace = FilmPace()
    pace.wait(0.0)
    time.sleep(1.5)
    assert seconds_for(pace, [0.1, 0.6]) > 0.4


def test_a_camera_whose_clock_is_set_anew_or_leaves_something_out_is_not_waited_for() -> None:
    assert seconds_for(LivePace(), (100.0, 100.01, 102.0, 106.0, 5000.0, 5000.02, 3.0, 3.01)) < 1.5


def test_what_a_camera_sends_late_is_made_good() -> None:
    pace, begun = LivePace(), time.monotonic()
    pace.wait(0.0)
    time.sleep(1.8)
    assert seconds_for(pace, np.arange(0.04, 1.5, 0.04)) < 1.0, "what is late is shown at once"
    seconds_for(pace, np.arange(1.5, 3.0, 0.04))
    assert 2.9 < time.monotonic() - begun < 4.0, "then it is as near as it was before"


def test_a_camera_that_stalls_with_every_piece_is_shown_evenly_in_the_end() -> None:
    pace, begun, smooth = LivePace(), time.monotonic(), []
    for piece in range(6):
        # Each piece comes when it ought to have ended.
        time.sleep(max(begun + piece + 0.9 - time.monotonic(), 0.0) if piece else 0.0)
        smooth.append(seconds_for(pace, np.arange(piece, piece + 0.9, 0.1)))
    assert min(smooth[1:3]) < 0.5, "at first the delay is made good"
    assert smooth[-1] > 0.7


def test_a_wait_can_be_cut_short() -> None:
    for pace in (FilmPace(), LivePace()):
        pace.wait(0.0)
        pace.cancel()
        assert seconds_for(pace, [1.1]) < 0.9
        assert pace.cancelled
    film = FilmPace()
    film.wait(0.0)
    later = threading.Timer(0.1, film.cancel)
    later.start()
    assert seconds_for(film, [1e12]) < 30
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
