"""How soon a live search finds who comes in: small faces that move through a 720p picture in which others are.

Once by frames, each of which is analysed, and once by the clock, as in the viewer, where frames are left out.

python -m pytest tests/benchmarks/test_newcomers.py --benchmark-only -s
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.boxes import overlaps
from maskcam.classifier import MaskClassifier
from maskcam.finder import FaceFinder
from maskcam.frames import Floats, Frame, Pixels
from maskcam.live import LiveSource
from maskcam.pipeline import MOST_JUDGED, Pipeline
from maskcam.runner import DetectorPool, LiveRunner
from maskcam.search import Effort
from tests.covered_faces import MASKS
from tests.support import astronaut, keypoints

WIDTH, HEIGHT = 1280, 720
FACE = np.array([177, 82, 272, 177], np.float32)
NEWCOMERS = 40
LIMIT = 15


Parts = tuple[FaceFinder, MaskClassifier]


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    with DetectorPool() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        yield FaceFinder(detector, effort=Effort.IN_TURNS), classifier


def people() -> list[Pixels]:
    """The astronaut bare and with every drawn mask, as she is and mirrored, lighter and darker."""
    bare = astronaut()
    guises = [bare, *(draw(bare, keypoints(bare)) for draw in MASKS.values())]
    guises += [np.roll(one[:, ::-1], -62, axis=1) for one in guises]
    return [np.clip(one * light, 0, 255).astype(np.uint8) for one in guises for light in (0.7, 1.0)]


def paste(frame: Pixels, person: Pixels, width: float, middle: tuple[float, float]) -> Floats:
    """Put a person, head and shoulders, into `frame` with a face `width` wide there; return the face's box."""
    factor = width / float(FACE[2] - FACE[0])
    # The face's middle is that of the cut, mirrored or not.
    head = cv2.resize(person[30:300, 80:370], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    x, y = (round(middle[0] - 145 * factor), round(middle[1] - 100 * factor))
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + head.shape[1], WIDTH), min(y + head.shape[0], HEIGHT)
    frame[top:bottom, left:right] = head[top - y : bottom - y, left - x : right - x]
    half = width / 2
    return np.array([middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half], np.float32)


@pytest.mark.parametrize("others", [0, 10])
def test_a_face_of_40_pixels_that_enters_anywhere(benchmark: Any, parts: Parts, others: int) -> None:
    """Counted in frames, 30 a second, from the first in which it is whole until somebody is shown there."""
    random = np.random.default_rng(7)
    guises = people()
    noise = cv2.GaussianBlur(random.integers(60, 190, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 3)
    waits: list[int] = []

    def one(number: int) -> None:
        place = np.array([random.uniform(40, WIDTH - 40), random.uniform(40, HEIGHT - 40)])
        speed = random.uniform(-4, 4, 2)
        guise = guises[int(random.integers(len(guises)))]
        places = [(130 + 250 * (n % 5), 180 + 340 * (n // 5)) for n in range(others)]
        crowd = [(guises[int(random.integers(len(guises)))], middle) for middle in places]
        pipeline = Pipeline(*parts, most_judged=MOST_JUDGED)
        enters = 30 + int(random.integers(10))  # by then the others are known
        for frame_number in range(LIMIT + enters):
            frame = np.roll(noise, 2 * frame_number, axis=1).copy()
            for person, (x, y) in crowd:
                paste(frame, person, 80, (x + 6 * np.sin(frame_number / 9), y + 5 * np.cos(frame_number / 7)))
            entered = frame_number - enters
            box = None
            if entered >= 0:
                middle = np.clip(place + speed * entered, 25, (WIDTH - 25, HEIGHT - 25))
                box = paste(frame, guise, 40, (float(middle[0]), float(middle[1])))
            shown = pipeline.process(Frame(frame, frame_number, frame_number / 30)).boxes
            if box is not None and (overlaps(box[None], shown)[0] > 0.3).any():
                waits.append(entered + 1)
                return
        waits.append(LIMIT + 1)

    def all_of_them() -> None:
        waits.clear()
        for number in range(NEWCOMERS):
            one(number)

    benchmark.pedantic(all_of_them, rounds=1)
    found = [wait for wait in waits if wait <= LIMIT]
    figures = {
        "found": f"{len(found)} of {NEWCOMERS}",
        "frames_median": float(np.median(waits)),
        "frames_most": max(waits),
    }
    benchmark.extra_info.update(figures)
    print(f"\na face of 40 px among {others} others, found within {LIMIT} frames: {figures}")
    assert len(found) == NEWCOMERS


class Entrance(LiveSource):
    """A live source of 30 pictures a second, of people who move, and of one more from when `enter` is called."""

    name = "entrance"

    def __init__(self, crowd: list[Pixels], guise: Pixels, start: Floats, speed: Floats) -> None:
        self.crowd, self.guise, self.start, self.speed = crowd, guise, start, speed
        self.wanted = threading.Event()
        self.entered: float | None = None
        self._begun = time.monotonic()
        self._closed = threading.Event()
        self._number = 0

    def read(self) -> Pixels:
        self._number += 1
        self._closed.wait(max(self._begun + self._number / 30 - time.monotonic(), 0))
        frame = self.crowd[self._number % len(self.crowd)].copy()
        if self.wanted.is_set():
            now = time.monotonic()
            self.entered = self.entered or now
            x, y = self.middle(now)
            paste(frame, self.guise, 40, (float(x), float(y)))
        return frame

    def middle(self, at: float) -> Floats:
        """Where the newcomer's face is, `(2,) float32, pixels`."""
        middle = self.start + self.speed * (at - (self.entered or at)) * 30
        return np.asarray(np.clip(middle, 25, (WIDTH - 25, HEIGHT - 25)), np.float32)

    def close(self) -> None:
        self._closed.set()


@pytest.mark.parametrize(
    ("others", "most_judged"), [(0, MOST_JUDGED), (4, None), (4, MOST_JUDGED), (10, None), (10, MOST_JUDGED)]
)
def test_a_face_of_40_pixels_by_the_clock(benchmark: Any, parts: Parts, others: int, most_judged: int | None) -> None:
    """Counted in seconds, from the first picture in which it is whole until it is known that somebody is there.

    Once as the viewer does, in turns, and for comparison with everybody judged in each picture.
    """
    random = np.random.default_rng(11)
    guises = people()
    noise = cv2.GaussianBlur(random.integers(60, 190, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 3)
    crowd: list[Pixels] = []
    who = [guises[int(random.integers(len(guises)))] for _ in range(others)]
    for number in range(60):
        frame = noise.copy()
        for place, person in enumerate(who):
            x, y = 130 + 250 * (place % 5), 180 + 340 * (place // 5)
            turn = 2 * np.pi * number / 60
            paste(frame, person, 80, (x + 12 * np.sin(turn), y + 8 * np.cos(turn)))
        crowd.append(frame)
    waits: list[float] = []
    analysed: list[float] = []

    def one() -> None:
        start = np.array([random.uniform(40, WIDTH - 40), random.uniform(40, HEIGHT - 40)], np.float32)
        speed = random.uniform(-4, 4, 2).astype(np.float32)
        source = Entrance(crowd, guises[int(random.integers(len(guises)))], start, speed)
        runner = LiveRunner(lambda: source, Pipeline(*parts, most_judged=most_judged))
        runner.start()
        time.sleep(1.5)  # by then the others are known
        begun, before = time.monotonic(), runner.view().newest
        source.wanted.set()
        seen: set[float] = set()
        while time.monotonic() < begun + 3:
            for each in runner.drain():
                seen.add(each.at)
                late = source.entered is not None and each.captured.at >= source.entered
                middle = source.middle(each.captured.at)
                box = np.concatenate([middle - 20, middle + 20])
                if late and (overlaps(box[None], each.result.boxes)[0] > 0.3).any():
                    waits.append(each.at - float(source.entered or 0))
                    break
            else:
                time.sleep(0.005)
                continue
            break
        else:
            waits.append(3.0)
        analysed.extend(later - earlier for earlier, later in itertools.pairwise(sorted(seen)))
        assert runner.stop(30) and before is not None

    def all_of_them() -> None:
        for _ in range(20):
            one()

    benchmark.pedantic(all_of_them, rounds=1)
    figures = {
        "found": f"{sum(wait < 3 for wait in waits)} of {len(waits)}",
        "seconds_median": round(float(np.median(waits)), 2),
        "within_half_a_second": sum(wait <= 0.5 for wait in waits),
        "seconds_most": round(max(waits), 2),
        "analysed_a_second": round(1 / float(np.mean(analysed)), 1),
    }
    benchmark.extra_info.update(figures)
    judged = "everybody judged each time" if most_judged is None else "judged in turns"
    print(f"\na face of 40 px among {others} others, {judged}, by the clock: {figures}")
    assert most_judged is None or figures["found"] == f"{len(waits)} of {len(waits)}"
