"""How soon a live search finds who comes in: small faces that move through a 720p picture in which others are.

python -m pytest tests/benchmarks/test_newcomers.py --benchmark-only -s
"""

from __future__ import annotations

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
from maskcam.pipeline import Pipeline
from maskcam.runner import DetectorPool
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
        pipeline = Pipeline(*parts)
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
