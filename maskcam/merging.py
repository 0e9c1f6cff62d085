"""Makes one box a person of the many that overlapping looks give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import overlaps
from maskcam.frames import Faces, Flags

SAME_IOU = 0.4
"""Two boxes that overlap more than this (intersection over union) are one face."""
SAME_SHARE = 0.7
"""So are two of which the smaller lies within the larger by more than this share: an eye, or head and shoulders."""


def merge(faces: Faces, *, same_iou: float = SAME_IOU, same_share: float = SAME_SHARE) -> Faces:
    """Return the best-scored box of each face, best first.

    Of two boxes that are the same face by overlap or containment the one of lower score goes. With `same_share` 1
    only overlap counts.
    """
    order = np.argsort(-faces.scores, kind="stable")
    boxes = faces.boxes[order]
    iou, share = overlaps(boxes, boxes)
    same = (iou > same_iou) | (share > same_share)
    kept: list[int] = []
    for place in range(len(boxes)):
        if not same[place, kept].any():
            kept.append(place)
    return take(faces, order[kept])


def take(faces: Faces, rows: NDArray[np.integer] | Flags) -> Faces:
    """Return some of the faces, `rows` being places or flags."""
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
