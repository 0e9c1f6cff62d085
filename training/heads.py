"""Which of the detector's boxes is the face of a labelled head: labels hold whole heads, boxes eyes to chin."""

from __future__ import annotations

import numpy as np

from maskcam.boxes import Boxes, Doubles, areas, shared_areas
from maskcam.frames import Floats

INSIDE_HEAD = 0.6
"""Share of a detector's box that must lie in the labelled head for the box to be that head's face."""
FILLS_HEAD = 0.2
"""Share of the labelled head that the box must cover: less is an ear or a mouth."""


def face_of_head(heads: Floats, boxes: Floats) -> Doubles:
    """Return how well each of `boxes` `(m, 4)` fits as the face of each of `heads` `(n, 4)`, `(n, m)`.

    That is their overlap (intersection over union), and 0 where the box can't be the head's face.
    """
    shared, own, whole = shared_areas(heads, boxes), areas(boxes)[None], areas(heads)[:, None]
    fits = (shared >= INSIDE_HEAD * own) & (shared >= FILLS_HEAD * whole)
    return np.asarray(np.where(fits, shared / (own + whole - shared), 0))


def shares_in(boxes: Boxes, others: Boxes) -> Doubles:
    """Return the share of each of `boxes` `(n, 4)` that lies in each of `others` `(m, 4)`, `(n, m)`."""
    return np.asarray(shared_areas(boxes, others) / areas(boxes)[:, None])
