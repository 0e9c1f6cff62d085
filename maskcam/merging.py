"""Makes one box a person of the many that overlapping looks give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import overlaps
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
    poorer = odds[None] - odds[:, None] > POORER
    iou, share = overlaps(boxes, boxes)
    same = (iou > SAME_IOU) | (share > SAME_SHARE) | (poorer & ((iou > POOR_IOU) | (share > POOR_SHARE)))
    return take(faces, order[_first_of(same)])


def merge_overlapping(faces: Faces, same_iou: float) -> Faces:
    """Return the best-scored box of those that overlap more than `same_iou`, best first; a part of one may stay."""
    order = np.argsort(-faces.scores, kind="stable")
    boxes = faces.boxes[order]
    return take(faces, order[_first_of(overlaps(boxes, boxes)[0] > same_iou)])


def _first_of(same: Flags) -> list[int]:
    """Return the rows of `same (n, n)` that are the same as no earlier one returned."""
    kept: list[int] = []
    for place in range(len(same)):
        if not same[place, kept].any():
            kept.append(place)
    return kept


def blend(faces: Faces) -> Faces:
    """Return one face for each place, best first: the best score there, and the mean of all boxes that say so.

    Each box counts by the square of its score. The mean wavers less than any of them, between frames and between
    cuts: Bazarevsky et al., "BlazeFace", 2019, arXiv:1907.05047.
    """
    order = np.argsort(-faces.scores, kind="stable")
    boxes, weights = faces.boxes[order], np.maximum(faces.scores[order], 1e-3) ** 2  # even boxes of score 0 have a mean
    same = overlaps(boxes, boxes)[0] > SAME_IOU
    free = np.ones(len(boxes), np.bool_)
    kept: list[int] = []
    mean_boxes, mean_keypoints = boxes.copy(), faces.keypoints[order]
    for place in range(len(boxes)):
        if free[place]:
            ones = np.flatnonzero(same[place] & free)
            free[ones] = False
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
