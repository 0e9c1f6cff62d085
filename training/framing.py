"""Where in a picture that has a class, but no box, the labelled face is: as the app would cut it, or all of it.

Collections from the web mix faces, heads and whole people, in all shapes. Scaled to the classifier's square as they
are, the shapes tell the classes apart (masks hang on tall cuts, chins are missing from wide ones), and no app sees a
person squeezed to a square. Cut over a picture's edge, the repeated pixels would tell the same.
"""

from __future__ import annotations

from enum import Enum, auto

import numpy as np

from maskcam.boxes import overlaps
from maskcam.crops import squares
from maskcam.frames import Faces
from maskcam.modelcard import CropRule
from training.manifest import Box

SURE = 0.5
"""The detector's score from which a box that takes up much of a picture is its face."""
SURER = 0.65
"""The score from which one that takes up little is: below it there are ears, earrings and letters.

A second face counts from this score on too, one larger than the surest from `SURE` on: in a crowd it may be meant.
"""
MUCH = 0.5
"""Share of a picture's longer side that a crop takes up at least to be much of it."""
SHRUNK = 0.7
"""A crop that reaches over the picture is made smaller to fit, down to this share; else the picture is the face."""
FACE_SIZED = 128
"""A picture up to this many pixels, longer side, is nobody's photograph: it was cut around a face."""
SAME_FACE = 0.1
"""Overlap (intersection over union) from which two boxes may be of one face."""


class Unclear(Enum):
    """Why a picture is no use: what its label means can't be known."""

    SEVERAL = auto()
    SMALL = auto()


def framing(found: Faces, width: int, height: int, rule: CropRule) -> Box | Unclear | None:
    """Return the box of the one face of a picture of `width` x `height` px in which `found` are the detector's boxes.

    Cut by `rule`, it lies within the picture. None where the picture is best taken whole.
    """
    if not len(found.boxes):
        return None
    best = int(found.scores.argmax())
    score, square = float(found.scores[best]), squares(found.boxes[best : best + 1], rule)[0]
    wanted = int(square[2] - square[0])
    much, cut_before = wanted >= MUCH * max(width, height), max(width, height) <= FACE_SIZED
    apart = overlaps(found.boxes, found.boxes[best : best + 1])[0][:, 0] < SAME_FACE
    larger = np.ptp(found.boxes[:, ::2], axis=1) > np.ptp(found.boxes[best, ::2])
    if (found.scores[apart] >= np.where(larger, SURE, SURER)[apart]).any():
        return None if cut_before else Unclear.SEVERAL
    if score < (SURE if much else SURER):
        return None if much or cut_before else Unclear.SMALL
    side = min(wanted, width, height)
    if side < SHRUNK * wanted:
        return None
    middle = (square[:2] + square[2:]) / 2
    left, top = (int(value) for value in np.clip(np.rint(middle - side / 2), 0, (width - side, height - side)))
    inset, inner = side * rule.margin / (1 + 2 * rule.margin), side / (1 + 2 * rule.margin)
    x0, y0, x1, y1 = left + inset, top + inset, left + inset + inner, top + inset + inner
    return float(f"{x0:g}"), float(f"{y0:g}"), float(f"{x1:g}"), float(f"{y1:g}")
