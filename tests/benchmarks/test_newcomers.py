"""How soon a live search finds who comes in: small faces that move through a 720p picture in which others are.

python -m pytest tests/benchmarks/test_newcomers.py --benchmark-only -s
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from maskcam.boxes import overlaps
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import Faces, Floats, Hints, Pixels
from maskcam.search import Effort
from tests.covered_faces import MASKS
from tests.support import astronaut, keypoints

WIDTH, HEIGHT = 1280, 720
FACE = np.array([177, 82, 272, 177], np.float32)
NEWCOMERS = 40
LIMIT = 15


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    with FaceDetector() as one:
        yield one


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
def test_a_face_of_40_pixels_that_enters_anywhere(benchmark: Any, detector: FaceDetector, others: int) -> None:
    """Counted in frames from the first in which it is whole; hints are the boxes found in the frame before."""
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
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
        turn = int(random.integers(1000))
        expected = Faces.none().boxes
        for frame_number in range(LIMIT + 10):
            frame = np.roll(noise, 2 * frame_number, axis=1).copy()
            for person, (x, y) in crowd:
                paste(frame, person, 80, (x + 6 * np.sin(frame_number / 9), y + 5 * np.cos(frame_number / 7)))
            entered = frame_number - 10
            box = None
            if entered >= 0:  # by then the others are known
                middle = np.clip(place + speed * entered, 25, (WIDTH - 25, HEIGHT - 25))
                box = paste(frame, guise, 40, (float(middle[0]), float(middle[1])))
            expected = finder.detect(frame, Hints(turn + frame_number, expected)).boxes
            if box is not None and (overlaps(box[None], expected)[0] > 0.3).any():
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
