"""A room and people in it, for the tests of `maskcam.finder`."""

from __future__ import annotations

import numpy as np

from maskcam.boxes import overlaps
from maskcam.faces import FaceDetector
from maskcam.frames import Faces, Floats, Pixels
from tests.support import astronaut, scaled

WIDTH, HEIGHT = 1280, 720


def portrait_s_face() -> Floats:
    """The astronaut's face as the detector boxes it in the full portrait."""
    with FaceDetector() as detector:
        return detector.detect(astronaut()).boxes[0]


def room() -> Pixels:
    """A wall with the light falling off to one side, and some grain, but nobody."""
    light = np.linspace(150, 90, WIDTH)[None, :, None] + np.zeros((HEIGHT, 1, 3))
    return np.clip(light + np.random.default_rng(0).normal(0, 4, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)


def with_person(frame: Pixels, face: Floats, width: int, middle: tuple[int, int]) -> Floats:
    """Put the astronaut, head and shoulders, into `frame` with a face `width` wide there; return the face's box."""
    factor = width / float(face[2] - face[0])
    person = scaled(astronaut()[:300, 80:400], factor)
    box = (face - np.array([80, 0, 80, 0], np.float32)) * np.float32(factor)
    corner = np.rint(np.array(middle) - (box[:2] + box[2:]) / 2).astype(int)
    high, wide = person.shape[:2]
    x0, y0 = max(corner[0], 0), max(corner[1], 0)
    x1, y1 = min(corner[0] + wide, WIDTH), min(corner[1] + high, HEIGHT)
    frame[y0:y1, x0:x1] = person[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]]
    return box + np.tile(corner, 2).astype(np.float32)


def agree(found: Faces, expected: Floats) -> None:
    """Check that each face was found where it is, and once: by one box that beats whatever isn't on a face.

    Weak boxes elsewhere, on a badge or a fold, may be left; the third answer is there for them.
    """
    iou, _ = overlaps(expected, found.boxes)
    best = iou.argmax(axis=1)
    assert (iou.max(axis=1) > 0.3).all(), (iou.max(axis=1), found.boxes)
    assert len(set(best.tolist())) == len(expected), "each has a box of its own"
    others = np.delete(np.arange(len(found)), best)
    assert not len(others) or found.scores[best].min() > found.scores[others].max()
    shared, inside = overlaps(expected, found.boxes[others])
    assert (shared < 0.2).all() and (inside < 0.5).all(), "no second box, and no part of a face"
