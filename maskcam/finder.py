"""Finds the faces of a frame wherever they are: looks at all its tiles, then closer at what might be a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import overlaps
from maskcam.crops import cut
from maskcam.faces import Detector
from maskcam.frames import Faces, Floats, Pixels, check_image
from maskcam.merging import gather, merge, moved, scaled, take
from maskcam.search import SMALLEST_FACE, SearchPlan, plan_search

ZOOM = 3.0
"""A closer look shows this many times the box's side: there a face fills what the detector likes best."""
SAME_FACE = 0.2
"""Overlap with the box looked at from which what a closer look finds is the same face."""
WORTH_A_LOOK = 0.15
"""Score from which a box gets a closer look."""
SETTLED = 0.6
"""Score in the closer look from which a box is a face; most boxes that are none score less there."""
LARGEST = 512
"""Pixels a side that a closer look needs at most: the detector shrinks it further anyway."""


class FaceFinder:
    """Frame -> faces, without memory: a detector shown the frame part by part. It doesn't close the detector."""

    def __init__(self, detector: Detector, smallest: int = SMALLEST_FACE) -> None:
        """Look for faces from `smallest` pixels of width on with `detector`, which should keep weak boxes too."""
        self._detector = detector
        self._smallest = smallest

    def plan(self, width: int, height: int) -> SearchPlan:
        """Return where it looks in frames of this size."""
        return plan_search(width, height, self._smallest)

    def detect(self, image: Pixels) -> Faces:
        """Return the faces in `image` `(h, w, 3) uint8 RGB`, best score first, one box for each."""
        check_image(image)
        found = search(self._detector, image, self.plan(image.shape[1], image.shape[0]))
        candidates = merge(found, same_share=1.0)
        candidates = take(candidates, candidates.scores >= WORTH_A_LOOK)
        return merge(gather([self._closer(image, box) for box in candidates.boxes]))

    def _closer(self, image: Pixels, box: Floats) -> Faces:
        """Return the face in `box` `(4,)` as a closer look frames and scores it, or none."""
        side = max(float((box[2:] - box[:2]).max()) * ZOOM, 2.0)
        corner = (box[:2] + box[2:]) / 2 - side / 2
        part, origin, factor = _shrunk(image, corner, side)
        inside = np.rint((corner - origin) * factor).astype(np.int64)
        seen = self._detector.detect(cut(part, np.concatenate([inside, inside + round(side * factor)])))
        shift = origin + inside / factor
        faces = moved(scaled(seen, 1 / factor), float(shift[0]), float(shift[1]))
        same = (overlaps(box[None], faces.boxes)[0][0] >= SAME_FACE) & (faces.scores >= SETTLED)
        return take(faces, np.flatnonzero(same)[:1])


def search(detector: Detector, image: Pixels, plan: SearchPlan) -> Faces:
    """Return everything that `detector` finds in all looks at `image` `(h, w, 3) uint8 RGB`, a face often twice."""
    return gather(
        [
            moved(detector.detect(image[look.top : look.bottom, look.left : look.right]), look.left, look.top)
            for look in plan.looks
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
