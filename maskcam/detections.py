"""One frame's faces made ready for judging: checked, in an order of their own, clipped to the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Faces, Flags, Floats, Judgement, Reason
from maskcam.modelcard import NOT_FACE_FROM
from maskcam.motion import Box

_DOUBTS = (None, Reason.TOO_SMALL, Reason.TOO_BLURRED)


def check_detections(
    width: int, height: int, faces: Faces, judgement: Judgement, doubts: Sequence[Reason | None]
) -> None:
    """Raise ValueError unless there is a judgement, and a measured doubt or None, for every face."""
    if width < 1 or height < 1:
        raise ValueError(f"a picture has at least one pixel, not {width} x {height}")
    if len(judgement) != len(faces):
        raise ValueError(f"{len(faces)} faces need as many judgements, not {len(judgement)}")
    if len(doubts) != len(faces) or any(doubt not in _DOUBTS for doubt in doubts):
        raise ValueError(f"{len(faces)} faces need as many doubts: too_small, too_blurred or None")


def in_order(
    faces: Faces,
    judgement: Judgement,
    doubts: Sequence[Reason | None],
    size: tuple[int, int],
    least_score: float,
) -> list[int]:
    """Rows of the faces of at least `least_score` that lie in the picture and aren't rejected, best first.

    `size` is the picture's width and height. Ties are broken by everything else known of a
    face, so that the order given never matters.
    """
    # Scores are float32, and 0.15 as such is not quite the rule's 0.15.
    doubtful = np.array([_DOUBTS.index(doubt) for doubt in doubts], np.int64)
    # Of a crop too poor to judge by, the network can't tell that it is no face either.
    rejected = (judgement.not_face_probability >= NOT_FACE_FROM) & (doubtful == 0)
    kept = np.flatnonzero((faces.scores >= np.float32(least_score)) & ~rejected & visible(faces.boxes, *size))
    said = judgement.not_face_probability[kept], judgement.no_mask_probability[kept]
    keys = (doubtful[kept], *said, *faces.boxes[kept].T[::-1], -faces.scores[kept])
    return [int(row) for row in kept[np.lexsort(keys)]]


def visible(boxes: NDArray[np.floating], width: int, height: int) -> Flags:
    """Which boxes, `(n, 4) xyxy`, show at least a pixel each way within the picture; `(n,) bool`."""
    inside = clipped(boxes, width, height)
    return np.asarray((inside[:, 2:] - inside[:, :2] >= 1.0).all(axis=1), np.bool_)


def clipped(boxes: NDArray[np.floating], width: int, height: int) -> Floats:
    """The boxes, `(n, 4) xyxy`, cut off at the picture's edges, as float32."""
    inside: Floats = np.clip(boxes, 0.0, (width, height, width, height)).astype(np.float32)
    return inside


def as_box(row: NDArray[np.floating]) -> Box:
    """One row of boxes as plain numbers."""
    x0, y0, x1, y1 = row.tolist()
    return x0, y0, x1, y1
