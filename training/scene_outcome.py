"""What becomes of the labelled faces of a scene, and which boxes of the app fit none of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import numpy as np

from maskcam.boxes import Doubles, overlaps
from maskcam.frames import Floats, Reason, Result, Verdict
from maskcam.modelcard import NO_MASK
from training.heads import face_of_head
from training.manifest import Box
from training.scan import HEAD_LABELS, INCORRECT
from training.scenes import Scene

FOUND_IOU = 0.3
"""Overlap from which a box is the face that a label's box holds."""
BANDS = (20, 32, 64)
"""Widths in pixels at which the next band of sizes begins."""
BAND_NAMES = (f"<{BANDS[0]}", *(f"{low}-{high}" for low, high in pairwise(BANDS)), f">={BANDS[-1]}")
TRUTHS = {**HEAD_LABELS, INCORRECT: NO_MASK}
"""A mask worn incorrectly protects nobody, so such a face counts as bare."""
RIGHT, WRONG, UNSURE, MISSED = OUTCOMES = ("right", "wrong", "unsure", "missed")


class Holds(StrEnum):
    """What the labels' boxes hold: the face alone, or the whole head."""

    FACE = "face"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Seen:
    """One box of the app, pixels xyxy, and what it says of it."""

    box: Box
    score: float
    not_face_probability: float
    no_mask_probability: float
    verdict: Verdict
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """One labelled face and what became of it; `box` is the label's, `seen` the app's, None where it is missed."""

    scene: Path
    box: Box
    label: str
    outcome: str
    seen: Seen | None = None

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES or (self.outcome == MISSED) != (self.seen is None):
            raise ValueError(f"a face is missed or has a box of the app; this one is {self.outcome}")

    @property
    def band(self) -> str:
        """The class of its label's width."""
        return band(self.box)


@dataclass(frozen=True, slots=True)
class Extra:
    """A box of the app that is given to no label; `overlap` is its greatest with one (intersection over union)."""

    scene: Path
    seen: Seen
    overlap: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """All scenes: what became of each face, which boxes fit none, and how long a picture took, in seconds."""

    faces: tuple[Face, ...]
    extra: tuple[Extra, ...]
    scenes: int
    seconds: float


def band(box: Box) -> str:
    """Return the class of a box's width."""
    return BAND_NAMES[int(np.digitize(box[2] - box[0], BANDS))]


def match(scene: Scene, result: Result, holds: Holds = Holds.FACE) -> tuple[list[Face], list[Extra]]:
    """Give every box to the label that it fits best, best pairs first; return the faces and the boxes left over.

    A box fits a labelled face that it overlaps by `FOUND_IOU`, and a labelled head as `prepare` wants it. One that fits
    a label but comes second is left over too: one person, one box. Heads with a label that says nothing of masks have
    their boxes, but are no faces to judge.
    """
    iou, _ = overlaps(scene.boxes, result.boxes)
    fit = fits(scene.boxes, result.boxes, holds)
    given: dict[int, int] = {}
    for flat in np.argsort(-fit, axis=None, kind="stable"):
        face, box = divmod(int(flat), len(result))
        if fit[face, box] <= 0:
            break
        if face not in given and box not in given.values():
            given[face] = box
    seen = [_seen(result, box) for box in range(len(result))]
    faces = [
        Face(scene.path, _four(scene.boxes[place]), label, _outcome(label, own), own)
        for place, label in enumerate(scene.labels)
        if label in TRUTHS
        for own in (seen[given[place]] if place in given else None,)
    ]
    free = [box for box in range(len(result)) if box not in given.values()]
    return faces, [Extra(scene.path, seen[box], float(iou[:, box].max(initial=0))) for box in free]


def fits(labels: Floats, boxes: Floats, holds: Holds) -> Doubles:
    """Return how well each of `boxes` `(m, 4)` fits each of `labels` `(n, 4)`, `(n, m)`; 0 where it doesn't."""
    if holds is Holds.HEAD:
        return face_of_head(labels, boxes)
    iou, _ = overlaps(labels, boxes)
    return np.where(iou >= FOUND_IOU, iou, 0)


def _outcome(label: str, seen: Seen | None) -> str:
    if seen is None:
        return MISSED
    if seen.verdict is Verdict.UNSURE:
        return UNSURE
    return RIGHT if str(seen.verdict) == TRUTHS[label] else WRONG


def _seen(result: Result, place: int) -> Seen:
    return Seen(
        _four(result.boxes[place]),
        float(result.scores[place]),
        float(result.not_face_probability[place]),
        float(result.no_mask_probability[place]),
        result.verdicts[place],
        result.reasons[place],
    )


def _four(box: Floats) -> Box:
    x0, y0, x1, y1 = (float(value) for value in box)
    return x0, y0, x1, y1
