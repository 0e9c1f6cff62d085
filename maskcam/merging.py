"""Makes one box a person of the many that overlapping looks give."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import Boxes, overlaps
from maskcam.frames import Faces, Flags
from maskcam.odds import log_odds_of

SAME_IOU = 0.4
"""Two boxes that overlap more than this (intersection over union) are one face."""
SAME_SHARE = 0.7
"""So are two of which the smaller lies within the larger by more than this share: an eye, or head and shoulders."""
POOR_IOU, POOR_SHARE = 0.2, 0.5
"""The same for a box that is much poorer than the other: a second, badly placed one on the same face."""
POORER = 1.0
"""By how much its log-odds are lower then."""


def merge(faces: Faces) -> Faces:
    """Return the best-scored box of each face, best first.

    Of two boxes that are the same face by overlap or containment the one of lower score goes.
    """
    order = np.argsort(-faces.scores, kind="stable")
    boxes, odds = faces.boxes[order], log_odds_of(faces.scores[order])

    def same(place: int) -> Flags:
        iou, share = (one[0] for one in overlaps(boxes[place : place + 1], boxes))
        poorer = odds[place] - odds > POORER
        alike = (iou > SAME_IOU) | (share > SAME_SHARE) | (poorer & ((iou > POOR_IOU) | (share > POOR_SHARE)))
        return np.asarray(alike, np.bool_)

    return take(faces, order[[first for first, _ in _by_place(len(boxes), same)]])


def merge_overlapping(faces: Faces, same_iou: float) -> Faces:
    """Return the best-scored box of those that overlap more than `same_iou`, best first; a part of one may stay."""
    order = np.argsort(-faces.scores, kind="stable")
    boxes = faces.boxes[order]
    return take(faces, order[[first for first, _ in _by_place(len(boxes), _alike(boxes, same_iou))]])


def _alike(boxes: Boxes, same_iou: float) -> Callable[[int], Flags]:
    return lambda place: np.asarray(overlaps(boxes[place : place + 1], boxes)[0][0] > same_iou, np.bool_)


def _by_place(count: int, same: Callable[[int], Flags]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield of `count` rows the first that is left, and all that are left and the `same` as it, until none is.

    All against all at once would need memory by the square of their number.
    """
    left = np.ones(count, np.bool_)
    for first in range(count):
        if left[first]:
            ones = np.flatnonzero(same(first) & left)
            left[ones] = False
            yield first, ones


def blend(faces: Faces) -> Faces:
    """Return one face for each place, best first: the best score there, and the mean of all boxes that say so.

    Each box counts by the square of its score. The mean wavers less than any of them, between frames and between
    cuts: Bazarevsky et al., "BlazeFace", 2019, arXiv:1907.05047.
    """
    order = np.argsort(-faces.scores, kind="stable")
    boxes, weights = faces.boxes[order], np.maximum(faces.scores[order], 1e-3) ** 2  # even boxes of score 0 have a mean
    kept: list[int] = []
    mean_boxes, mean_keypoints = boxes.copy(), faces.keypoints[order]
    for place, ones in _by_place(len(boxes), _alike(boxes, SAME_IOU)):
        kept.append(place)
        mean_boxes[place] = np.average(boxes[ones], axis=0, weights=weights[ones])
        mean_keypoints[place] = np.average(faces.keypoints[order[ones]], axis=0, weights=weights[ones])
    return Faces(mean_boxes[kept], faces.scores[order[kept]], mean_keypoints[kept])


def take(faces: Faces, rows: NDArray[np.integer] | Flags) -> Faces:
    """Return some of the n faces, `rows` being places `(m,)` or flags `(n,) bool`."""
    return Faces(faces.boxes[rows], faces.scores[rows], faces.keypoints[rows])


def gather(parts: list[Faces]) -> Faces:
    """Return the faces of several looks as one, in their order."""
    parts = [Faces.none(), *parts]
    boxes, scores, keypoints = ([getattr(one, name) for one in parts] for name in ("boxes", "scores", "keypoints"))
    return Faces(np.concatenate(boxes), np.concatenate(scores), np.concatenate(keypoints))


def moved(faces: Faces, left: float, top: float) -> Faces:
    """Return the faces found in a part of a frame, in the frame's own pixels."""
    shift = np.array([left, top], np.float32)
    return Faces(faces.boxes + np.tile(shift, 2), faces.scores, faces.keypoints + shift)


def scaled(faces: Faces, factor: float) -> Faces:
    """Return the faces found in a picture that was scaled by `1 / factor`, in its own pixels."""
    if factor == 1:
        return faces
    return Faces(faces.boxes * np.float32(factor), faces.scores, faces.keypoints * np.float32(factor))
