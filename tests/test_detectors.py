"""Detectors side by side: the same answers as one, and an error in any of them is the caller's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from maskcam.errors import BrokenOff, UnusableInput
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import Faces, Hints, Pixels
from maskcam.runner import DetectorPool, detectors
from maskcam.signals import StopRequest
from tests.support import astronaut, scaled


@pytest.fixture(scope="module")
def pool() -> Iterator[DetectorPool]:
    with DetectorPool(3) as one:
        yield one


def same(first: Faces, second: Faces) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ("boxes", "scores", "keypoints"))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17])
def test_many_find_what_one_finds_in_the_same_order(pool: DetectorPool, count: int) -> None:
    pictures = [scaled(astronaut(), 0.3 + 0.05 * place) for place in range(count)]
    if count > 5:
        pictures[4] = np.full((90, 90, 3), 40, np.uint8)
    with FaceDetector() as detector:
        alone = detector.detect_all(pictures)
    together = pool.detect_all(pictures)
    assert len(together) == count
    assert all(same(*both) for both in zip(alone, together, strict=True))


def test_a_search_finds_the_same(pool: DetectorPool) -> None:
    picture = scaled(astronaut(), 0.8)
    with FaceDetector() as detector:
        assert same(FaceFinder(detector).detect(picture), FaceFinder(pool).detect(picture))


class Failing(FaceDetector):
    """The real detector, which raises when it sees a white picture."""

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        if image.min() == 255:
            raise MemoryError("too white")
        return super().detect(image, hints)


@pytest.mark.parametrize("place", [0, 3, 7])
def test_an_error_in_any_thread_is_raised_and_harms_nothing(place: int) -> None:
    pictures = [np.full((80, 80, 3), 60, np.uint8) for _ in range(8)]
    pictures[place] = np.full((80, 80, 3), 255, np.uint8)
    with DetectorPool(3, Failing) as pool:
        with pytest.raises(MemoryError, match="too white"):
            pool.detect_all(pictures)
        assert len(pool.detect_all([scaled(astronaut(), 0.5)])[0]) >= 1


def test_nothing_is_left_at_the_end() -> None:
    before = set(threading.enumerate())
    pool = DetectorPool(3)
    pool.detect_all([np.zeros((64, 64, 3), np.uint8)] * 6)
    assert set(threading.enumerate()) - before
    pool.close()
    pool.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(ValueError, match="closed"):
        pool.detect_all([np.zeros((64, 64, 3), np.uint8)])


def test_what_was_opened_is_closed_when_one_can_t_be() -> None:
    made: list[FaceDetector] = []

    def make() -> FaceDetector:
        if len(made) == 2:
            raise UnusableInput("no more")
        made.append(FaceDetector())
        return made[-1]

    with pytest.raises(UnusableInput, match="no more"):
        DetectorPool(3, make)
    for one in made:
        with pytest.raises(ValueError, match="closed"):
            one.detect(np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 2), (64, 4)])
def test_there_are_as_many_as_cores_but_not_too_many(
    monkeypatch: pytest.MonkeyPatch, cores: int, expected: int
) -> None:
    monkeypatch.setattr(detectors, "usable_cores", lambda: cores)
    made: list[FaceDetector] = []

    def make() -> FaceDetector:
        made.append(FaceDetector())
        return made[-1]

    with DetectorPool(make=make):
        assert len(made) == expected
    with pytest.raises(ValueError, match="one detector or more"):
        DetectorPool(0)


class Slow(FaceDetector):
    """The real detector, taking its time."""

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        time.sleep(0.02)
        return super().detect(image, hints)


def test_a_search_is_broken_off_some_time_after_a_request_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "GRACE", 60.0)
    pictures = [np.full((80, 80, 3), 60, np.uint8)] * 400
    stop = StopRequest()
    with DetectorPool(2, Slow, lambda: bool(stop)) as pool:
        assert len(pool.detect_all(pictures[:4])) == 4
        stop.signal = 2
        assert len(pool.detect_all(pictures[:4])) == 4, "what ends soon is ended"
        monkeypatch.setattr(detectors, "GRACE", 0.1)
        with pytest.raises(BrokenOff):
            pool.detect_all(pictures)
        with pytest.raises(BrokenOff):
            pool.detect_all(pictures[:1])


def test_the_others_stop_too_when_the_caller_is_interrupted() -> None:
    asked: list[int] = []

    class Interrupted(Slow):
        """Stops with Ctrl-C where the caller's own thread looks for the third time."""

        def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
            if threading.current_thread() is threading.main_thread():
                asked.append(1)
                if len(asked) == 4:  # one look is taken when the model is loaded
                    raise KeyboardInterrupt
            else:
                helped.append(1)
            return super().detect(image, hints)

    helped: list[int] = []
    with DetectorPool(2, Interrupted) as pool:
        asked.clear()
        with pytest.raises(KeyboardInterrupt):
            pool.detect_all([np.full((80, 80, 3), 60, np.uint8)] * 400)
    assert len(helped) < 40
