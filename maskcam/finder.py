"""Finds the faces of a frame wherever they are: looks at all its tiles, and closer where people are expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import overlaps
from maskcam.crops import cut
from maskcam.faces import Looker
from maskcam.frames import Faces, Floats, Hints, Pixels, check_image
from maskcam.merging import blend, gather, merge, moved, scaled, take
from maskcam.search import CLOSE_REACH, REACH, SMALLEST_FACE, SMALLEST_LIVE_FACE, Effort, Look, SearchPlan, plan_search

WORTH_A_VERDICT = 0.25
"""Score from which a box is worth a verdict; the third answer sorts them out better than another look at them."""
WORTH_OF_MANY = 0.3
"""The same where time is short or tiles are many: between the two lie a hundredth of the faces and a third of the
rest."""
STILL_THERE = 0.15
"""Score of a closer look that is enough where somebody is expected."""
PLAIN = 0.6
"""Score from which a box where somebody is expected needs no closer look."""
ZOOM = 3.0
"""A closer look shows this many times the box's side: there a face fills what the detector likes best."""
SAME_FACE = 0.2
"""Overlap with the box looked at from which what a closer look finds is the same face."""
IN_PLACE = 0.4
"""Overlap with where somebody is expected from which a box is taken for them."""
LARGEST = 512
"""Pixels a side that a closer look needs at most: the detector shrinks it further anyway."""
TURNS = 13
"""Frames within which all tiles have their turn, where they take turns: nearly half a second at 30 a second."""
TILES, STRANGERS, PEOPLE = 8, 4, 12
"""Most tiles a turn, and most strangers and closer looks at people a frame, so that its time is bounded.

Of more than `TURNS` times `TILES` tiles, as 1920x1080 has just about with faces from 40 px on, turns take longer.
"""


class FaceFinder:
    """Frame -> faces, without memory: a detector shown the frame part by part. It doesn't close the detector."""

    def __init__(self, detector: Looker, smallest: int | None = None, effort: Effort = Effort.EVERYTHING) -> None:
        """Look for faces from `smallest` pixels of width on with `detector`, which should keep weak boxes too.

        Without `smallest` it is what the effort is made for.
        """
        self._detector = detector
        self._smallest = smallest or (SMALLEST_LIVE_FACE if effort is Effort.IN_TURNS else SMALLEST_FACE)
        self._effort = effort

    def plan(self, width: int, height: int) -> SearchPlan:
        """Return where it looks in frames of this size."""
        least = math.ceil(max(width, height) / REACH) if self._effort is Effort.WHOLE_ONLY else 1
        reach = CLOSE_REACH if self._effort is Effort.CLOSELY else REACH
        return plan_search(width, height, max(self._smallest, least), reach)

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        """Return the faces in `image` `(h, w, 3) uint8 RGB`, best score first, one box for each."""
        check_image(image)
        hints = hints or Hints()
        in_turns = self._effort is Effort.IN_TURNS
        plan = self.plan(image.shape[1], image.shape[0])
        looks = plan.share(hints.turn, tiles(plan), hints.turns) if in_turns else plan.looks
        found = blend(search(self._detector, image, looks))
        overlap, _ = overlaps(found.boxes, hints.expected)
        here = overlap >= IN_PLACE
        plain = here.any(axis=1) & (found.scores >= PLAIN)
        poor = (here & ~here[plain].any(axis=0)).any(axis=1)  # of whom there is no plain box
        worth = WORTH_OF_MANY if in_turns or self._effort is Effort.CLOSELY else WORTH_A_VERDICT
        strangers = np.flatnonzero((overlap < IN_PLACE).all(axis=1) & (found.scores >= worth))
        # First those of whom there is nothing else.
        people = np.concatenate([hints.expected[~here.any(axis=0)], found.boxes[poor]])
        if in_turns:
            # Not always the best ones: what is no face may look better than who is to be found. By lot, since a fixed
            # order falls into step with the rate of the frames, and then always chooses the same ones.
            strangers = np.random.default_rng(hints.turn).permutation(strangers)[:STRANGERS]
            people = people[:PEOPLE]
        return merge(gather([take(found, plain | poor), take(found, strangers), *self._closer(image, people)]))

    def _closer(self, image: Pixels, boxes: Floats) -> list[Faces]:
        """Return for each of `boxes` `(n, 4)`, where somebody is, the face as a closer look shows it, or none."""
        places = [_Place.around(box, image) for box in boxes]
        seen = self._detector.detect_all([place.picture for place in places])
        return [_same_face(box, place.in_frame(faces)) for box, place, faces in zip(boxes, places, seen, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What a closer look is shown: a square `(h, w, 3) uint8 RGB`, where it begins in the frame, how much it shrank."""

    picture: Pixels
    corner: Floats
    factor: float

    @classmethod
    def around(cls, box: Floats, image: Pixels) -> _Place:
        side = max(float((box[2:] - box[:2]).max()) * ZOOM, 2.0)
        corner = (box[:2] + box[2:]) / 2 - side / 2
        part, origin, factor = _shrunk(image, corner, side)
        inside = np.rint((corner - origin) * factor).astype(np.int64)
        picture = cut(part, np.concatenate([inside, inside + round(side * factor)]))
        return cls(picture, np.asarray(origin + inside / factor, np.float32), factor)

    def in_frame(self, faces: Faces) -> Faces:
        return moved(scaled(faces, 1 / self.factor), float(self.corner[0]), float(self.corner[1]))


def _same_face(box: Floats, faces: Faces) -> Faces:
    overlap = overlaps(box[None], faces.boxes)[0][0]
    same = np.flatnonzero((overlap >= SAME_FACE) & (faces.scores >= STILL_THERE))
    # The best placed one, not the surest: of two people side by side that may be the other one.
    return take(faces, same[np.argsort(-overlap[same], kind="stable")[:1]])


def tiles(plan: SearchPlan) -> int:
    """Return how many tiles of a plan are looked at in a frame where they take turns, 1 for a plan without any."""
    return min(max(math.ceil((len(plan.looks) - 1) / TURNS), 1), TILES)


def search(detector: Looker, image: Pixels, looks: Sequence[Look]) -> Faces:
    """Return everything that `detector` finds in `looks` at `image` `(h, w, 3) uint8 RGB`, a face often twice."""
    seen = detector.detect_all([image[look.top : look.bottom, look.left : look.right] for look in looks])
    return gather([moved(faces, look.left, look.top) for look, faces in zip(looks, seen, strict=True)])


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
