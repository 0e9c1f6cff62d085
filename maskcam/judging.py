"""Which faces of a frame are judged anew where there are many; of the others what was last said of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskcam.boxes import overlaps
from maskcam.finder import IN_PLACE
from maskcam.frames import Flags, Floats, Integers, Judgement, Reason, check_array

LONGEST = 0.4
"""Seconds after which everybody is judged anew, however many there are: where frames are seldom, nearly all are."""
UNDECIDED = 3.0
"""What waiting is multiplied by for people who are to be judged sooner: whose verdict is open or was just contradicted,
or whose box is weak, since they may have left."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The n people who were in view in the frame before, and what was last said of each.

    `boxes` is `(n, 4) float32, pixels, xyxy`, where they should be now; `judgement` and `doubts` are of the crop last
    judged, `waited` is `(n,) float32`, seconds since then; `decided` is `(n,) bool`, whether the verdict says the same.
    """

    boxes: Floats
    judgement: Judgement
    doubts: tuple[Reason | None, ...]
    waited: Floats
    decided: Flags

    def __post_init__(self) -> None:
        n = len(self.boxes)
        check_array("boxes", self.boxes, (n, 4))
        check_array("waited", self.waited, (n,))
        check_array("decided", self.decided, (n,), np.bool_)
        if len(self.judgement) != n or len(self.doubts) != n:
            raise ValueError(f"{n} people have as many judgements and doubts")


NOBODY = Known(
    np.zeros((0, 4), np.float32),
    Judgement(np.zeros(0, np.float32), np.zeros(0, np.float32)),
    (),
    np.zeros(0, np.float32),
    np.zeros(0, np.bool_),
)


def whose(boxes: Floats, known: Known) -> Integers:
    """Return who of `known` is in each of `boxes` `(m, 4) float32, pixels, xyxy`, best first; `(m,) int64`.

    -1 stands for nobody known. Nobody is in two boxes.
    """
    owners = np.full(len(boxes), -1, np.int64)
    if not len(known.boxes):
        return owners
    overlap, _ = overlaps(boxes, known.boxes)
    for row in range(len(boxes)):
        best = int(overlap[row].argmax())
        if overlap[row, best] >= IN_PLACE:
            owners[row] = best
            overlap[:, best] = 0
    return owners


def to_judge(owners: Integers, known: Known, plain: Flags, most: int | None) -> Flags:
    """Return which faces are judged anew, `(m,) bool`: strangers, and `most` of those known; all where it is None.

    `owners` is what `whose` says of them, `plain` `(m,) bool` whether the detector sees plainly that a face is there.
    Who waited longest comes first, and nobody waits longer than `LONGEST`.
    """
    chosen = np.ones(len(owners), np.bool_)
    if most is None:
        return chosen
    met = np.flatnonzero(owners >= 0)
    settled = known.decided[owners[met]] & plain[met]
    waited = known.waited[owners[met]] * np.where(settled, 1.0, UNDECIDED)
    later = np.argsort(-waited, kind="stable")[most:]
    chosen[met[later[waited[later] < LONGEST]]] = False
    return chosen


def completed(
    owners: Integers, known: Known, anew: Flags, said: Judgement, doubtful: Sequence[Reason | None]
) -> tuple[Judgement, tuple[Reason | None, ...]]:
    """Return what is said of all m faces, and their doubts: of those judged `anew`, `(m,) bool`, `said` and `doubtful`.

    Of the others it is what was last said of their `owners`.
    """
    rows = np.flatnonzero(anew)
    bare, no_face = (np.zeros(len(owners), np.float32) for _ in range(2))
    doubts: list[Reason | None] = [None if new else known.doubts[who] for new, who in zip(anew, owners, strict=True)]
    bare[~anew] = known.judgement.no_mask_probability[owners[~anew]]
    no_face[~anew] = known.judgement.not_face_probability[owners[~anew]]
    bare[rows], no_face[rows] = said.no_mask_probability, said.not_face_probability
    for row, doubt in zip(rows, doubtful, strict=True):
        doubts[row] = doubt
    return Judgement(bare, no_face), tuple(doubts)
