"""Finds the faces of a frame wherever they are: looks at all its tiles, then closer at what might be a face."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import overlaps
from maskcam.crops import cut
from maskcam.faces import Detector
from maskcam.frames import Faces, Floats, Hints, Pixels, check_image
from maskcam.merging import gather, merge, moved, scaled, take
from maskcam.search import REACH, SMALLEST_FACE, SMALLEST_LIVE_FACE, Effort, Look, SearchPlan, plan_search

ZOOM = 3.0
"""A closer look shows this many times the box's side: there a face fills what the detector likes best."""
SAME_FACE = 0.2
"""Overlap with the box looked at from which what a closer look finds is the same face."""
IN_PLACE = 0.4
"""Overlap with where somebody is expected from which a box is looked at in place of that."""
WORTH_A_LOOK = 0.2
"""Score from which a box gets a closer look."""
SETTLED = 0.27
"""Score of both looks together from which a box is worth a verdict; the third answer sorts them out."""
STILL_THERE = 0.15
"""Score of the closer look alone that is enough where somebody is expected."""
PLAIN = 0.6
"""Score from which a box where somebody is expected needs no closer look."""
LARGEST = 512
"""Pixels a side that a closer look needs at most: the detector shrinks it further anyway."""
TILES, STRANGERS, PEOPLE = 6, 4, 12
"""Most tiles, and closer looks at strangers and at people expected, in a frame where the tiles take turns.

So the time is bounded; and in a picture of 1920 pixels all tiles have their turn within half a second.
"""


class FaceFinder:
    """Frame -> faces, without memory: a detector shown the frame part by part. It doesn't close the detector."""

    def __init__(self, detector: Detector, smallest: int | None = None, effort: Effort = Effort.EVERYTHING) -> None:
        """Look for faces from `smallest` pixels of width on with `detector`, which should keep weak boxes too.

        Without `smallest` it is what the effort is made for.
        """
        self._detector = detector
        self._smallest = smallest or (SMALLEST_LIVE_FACE if effort is Effort.IN_TURNS else SMALLEST_FACE)
        self._effort = effort

    def plan(self, width: int, height: int) -> SearchPlan:
        """Return where it looks in frames of this size."""
        least = math.ceil(max(width, height) / REACH) if self._effort is Effort.WHOLE_ONLY else 1
        return plan_search(width, height, max(self._smallest, least))

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        """Return the faces in `image` `(h, w, 3) uint8 RGB`, best score first, one box for each."""
        check_image(image)
        hints = hints or Hints()
        plan = self.plan(image.shape[1], image.shape[0])
        if self._effort is Effort.IN_TURNS:
            return self._in_turns(image, plan, hints)
        found = self._search(image, plan.looks)
        overlap, _ = overlaps(found.boxes, hints.expected)
        known, here = np.asarray((overlap >= SAME_FACE).any(axis=1)), overlap >= IN_PLACE
        people = np.concatenate([found.boxes[here.any(axis=1)], hints.expected[~here.any(axis=0)]])
        return self._settle(image, Faces.none(), take(found, ~known), people)

    def _in_turns(self, image: Pixels, plan: SearchPlan, hints: Hints) -> Faces:
        found = self._search(image, plan.share(hints.turn, TILES))
        overlap, _ = overlaps(found.boxes, hints.expected)
        known, here = np.asarray((overlap >= SAME_FACE).any(axis=1)), overlap >= IN_PLACE
        plain = here.any(axis=1) & (found.scores >= PLAIN)
        poor = here & ~here[plain].any(axis=0)  # of whom there is no plain box
        people = np.concatenate([found.boxes[poor.any(axis=1)], hints.expected[~here.any(axis=0)]])
        # Not always the best ones: what is no face may look better than who is to be found.
        strangers = np.roll(np.flatnonzero(~known), -hints.turn * STRANGERS)[:STRANGERS]
        return self._settle(image, take(found, plain), take(found, strangers), people[:PEOPLE])

    def _search(self, image: Pixels, looks: Sequence[Look]) -> Faces:
        """Return what is worth a closer look, one box for each place."""
        found = search(self._detector, image, looks)
        return merge(take(found, found.scores >= WORTH_A_LOOK), same_share=1.0)

    def _settle(self, image: Pixels, settled: Faces, strangers: Faces, people: Floats) -> Faces:
        """Look closer at strangers, and where people are expected; return who is there, one box for each."""
        looked = [settled]
        for box, score in zip(strangers.boxes, strangers.scores, strict=True):
            face = self._closer(image, box)
            both = Faces(face.boxes, together(face.scores, score), face.keypoints)
            looked.append(take(both, both.scores >= SETTLED))
        for box in people:
            face = self._closer(image, box)
            looked.append(take(face, face.scores >= STILL_THERE))
        return merge(gather(looked))

    def _closer(self, image: Pixels, box: Floats) -> Faces:
        """Return the face in `box` `(4,)` as a closer look frames and scores it, or none."""
        side = max(float((box[2:] - box[:2]).max()) * ZOOM, 2.0)
        corner = (box[:2] + box[2:]) / 2 - side / 2
        part, origin, factor = _shrunk(image, corner, side)
        inside = np.rint((corner - origin) * factor).astype(np.int64)
        seen = self._detector.detect(cut(part, np.concatenate([inside, inside + round(side * factor)])))
        shift = origin + inside / factor
        faces = moved(scaled(seen, 1 / factor), float(shift[0]), float(shift[1]))
        return take(faces, np.flatnonzero(overlaps(box[None], faces.boxes)[0][0] >= SAME_FACE)[:1])


def together(scores: Floats, other: np.floating) -> Floats:
    """Return `(n,) float32` the score in the middle between each of `scores` and `other`, by their log-odds."""
    odds = [np.clip(one, 1e-6, 1 - 1e-6) / (1 - np.clip(one, 1e-6, 1 - 1e-6)) for one in (scores, other)]
    root = np.sqrt(odds[0] * odds[1])
    return np.asarray(root / (1 + root), np.float32)


def search(detector: Detector, image: Pixels, looks: Sequence[Look]) -> Faces:
    """Return everything that `detector` finds in `looks` at `image` `(h, w, 3) uint8 RGB`, a face often twice."""
    return gather(
        [
            moved(detector.detect(image[look.top : look.bottom, look.left : look.right]), look.left, look.top)
            for look in looks
        ]
    )


def _shrunk(image: Pixels, corner: NDArray[np.floating], side: float) -> tuple[Pixels, Floats, float]:
    """Return the part of `image` in a square, no larger than `LARGEST`, where it begins, and by how much it shrank."""
    factor = LARGEST / side
    if factor >= 1:
        return image, np.zeros(2, np.float32), 1.0
    height, width = image.shape[:2]
    left, top = (int(value) for value in np.clip(corner, 0, (width - 1, height - 1)))
    right, bottom = (int(value) for value in np.clip(np.ceil(corner + side), (left + 1, top + 1), (width, height)))
    size = max(round((right - left) * factor), 1), max(round((bottom - top) * factor), 1)
    part = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    return np.asarray(part, np.uint8), np.array([left, top], np.float32), factor
