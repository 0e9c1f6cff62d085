"""Finds, in scenes whose heads are labelled, what the app's detector takes for a face and is none.

Two kinds: boxes far from every labelled head, and boxes on a head that frame its face badly (an ear, a forehead).
Scenes leave small faces in the background unlabelled, so of the first kind only those are taken in which a closer look
with neither of MediaPipe's detectors finds a face either; where nobody is, all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from maskcam.boxes import overlaps
from maskcam.crops import cut
from maskcam.faces import FaceDetector
from maskcam.finder import search
from maskcam.frames import Floats, Pixels
from maskcam.merging import merge_overlapping
from maskcam.search import plan_search
from training.heads import INSIDE_HEAD, face_of_head, shares_in
from training.manifest import Box

SMALLEST = 32
"""Pixels of width down to which scenes are searched for what is none."""
SAME_BOX = 0.5
FAR_FROM_HEADS = 0.1
"""Share of a box that may lie in labelled heads for it to count as background."""
BADLY_FRAMED = (0.05, 0.25)
"""Overlap with the face's own box (intersection over union) from which and up to which a box frames it badly."""
MIDDLE = 0.25
"""Half of the middle part of a box, as a share of its side."""
MOST_OF_A_FACE = 0.4
CLOSER = (2.0, 3.0)
STILL_A_FACE = 0.25
"""Score of a closer look from which a box may be an unlabelled face; masked ones and profiles score low."""


def mine(
    image: Pixels, heads: Floats, faces: Floats, detector: FaceDetector, other: FaceDetector, *, nobody: bool = False
) -> Iterator[Box]:
    """Yield boxes in `image` that are no faces, or frame one badly.

    `heads` `(n, 4)` are the labelled heads whatever their label, `faces` `(m, 4)` the boxes of those whose face is
    known; all are pixels xyxy. `detector` finds the boxes, it and the `other` look closer. With `nobody` there are
    surely no others, so that every box is none.
    """
    looked = search(detector, image, plan_search(image.shape[1], image.shape[0], SMALLEST).looks)
    boxes = merge_overlapping(looked, SAME_BOX).boxes
    in_heads = shares_in(boxes, heads).max(axis=1, initial=0)
    for box, inside in zip(boxes, in_heads, strict=True):
        background = inside < FAR_FROM_HEADS and (nobody or not _may_be_a_face(image, box, (detector, other)))
        if background or is_part_of_a_head(box, heads, faces):
            x0, y0, x1, y1 = (round(float(value), 1) for value in box)
            yield x0, y0, x1, y1


def is_part_of_a_head(box: Floats, heads: Floats, faces: Floats) -> bool:
    """Return whether `box` `(4,)` lies in the head of one of `faces` `(m, 4)`, frames it badly and no other face.

    What lies beside the head may be the face of somebody without a label.
    """
    if not frames_badly(box, faces) or face_of_head(heads, box[None]).any():
        return False
    face = faces[int(overlaps(faces, box[None])[0].argmax())]
    own = heads[int(shares_in(face[None], heads).argmax())]
    return bool(shares_in(box[None], own[None])[0, 0] >= INSIDE_HEAD)


def frames_badly(box: Floats, faces: Floats) -> bool:
    """Return whether `box` `(4,)` shows a part of one of `faces` `(m, 4)` so badly that it can't be judged.

    A box that holds a face's middle in its own middle, or most of the face, still shows enough of it.
    """
    if not len(faces):
        return False
    overlap = overlaps(faces, box[None])[0][:, 0]
    face = faces[int(overlap.argmax())]
    if not BADLY_FRAMED[0] <= overlap.max() < BADLY_FRAMED[1]:
        return False
    apart = np.abs((box[:2] + box[2:]) - (face[:2] + face[2:])) / 2 / (box[2:] - box[:2])
    return bool(apart.max() > MIDDLE and shares_in(face[None], box[None])[0, 0] < MOST_OF_A_FACE)


def _may_be_a_face(image: Pixels, box: Floats, detectors: Sequence[FaceDetector]) -> bool:
    """Return whether a look closer at `box` finds something in it."""
    centre, side = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max())
    for zoom in CLOSER:
        corner = np.rint(centre - side * zoom / 2).astype(np.int64)
        square = np.concatenate([corner, corner + max(round(side * zoom), 2)])
        near = cut(image, square)
        for found in (detector.detect(near) for detector in detectors):
            shared = shares_in(found.boxes + np.tile(corner, 2).astype(np.float32), box[None])[:, 0]
            if (found.scores[shared > SAME_BOX] >= STILL_A_FACE).any():
                return True
    return False
