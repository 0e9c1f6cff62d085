"""One frame's faces made ready for judging: checked, in an order of their own, clipped to the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskcam.frames import DOUBTS, UNCLEAR, Faces, Flags, Floats, Judgement, Reason, check_array
from maskcam.motion import Box

_DOUBTS = (None, *DOUBTS)


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What detector and classifier say of one frame, before anybody is followed.

    `time` is in seconds, `width` and `height` are the picture's in pixels. `judgement` and `doubts` are of each face:
    why it can't be judged, `too_small`, `too_blurred` or `cut_off`, or None. `judged`, `(n,) bool`, tells of which
    they are new; of the others they are those of the frames before. ValueError if they don't fit.
    """

    frame_index: int
    time: float
    width: int
    height: int
    faces: Faces
    judgement: Judgement
    doubts: tuple[Reason | None, ...]
    judged: Flags

    def __post_init__(self) -> None:
        check_array("judged", self.judged, (len(self.faces),), np.bool_)
        if not math.isfinite(self.time):
            raise ValueError(f"a time must be finite, not {self.time}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a picture has at least one pixel, not {self.width} x {self.height}")
        if len(self.judgement) != len(self.faces):
            raise ValueError(f"{len(self.faces)} faces need as many judgements, not {len(self.judgement)}")
        if len(self.doubts) != len(self.faces) or any(doubt not in _DOUBTS for doubt in self.doubts):
            raise ValueError(f"{len(self.faces)} faces need as many doubts: {', '.join(DOUBTS)} or None")

    def in_order(self, least_score: float) -> list[int]:
        """Rows of the faces of at least `least_score` that lie in the picture and aren't rejected, best first.

        Ties are broken by everything else known of a face, so that the order given never matters.
        """
        faces, judgement = self.faces, self.judgement
        doubtful = np.array([_DOUBTS.index(doubt) for doubt in self.doubts], np.int64)
        unclear = np.array([doubt in UNCLEAR for doubt in self.doubts], np.bool_)
        # Of a crop too poor to judge by, the network can't tell that it is no face either.
        rejected = judgement.rejected & ~unclear
        inside = visible(faces.boxes, self.width, self.height)
        # Scores are float32, and 0.15 as such is not quite the rule's 0.15.
        kept = np.flatnonzero((faces.scores >= np.float32(least_score)) & ~rejected & inside)
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
