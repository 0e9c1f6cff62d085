"""How much boxes have in common. Boxes are `(n, 4)`, pixels xyxy, with an area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating]
Doubles = NDArray[np.float64]


def areas(boxes: Boxes) -> Doubles:
    """Area of each of `boxes` `(n, 4)`, `(n,) float64`, square pixels."""
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1, dtype=np.float64))


def shared_areas(a: Boxes, b: Boxes) -> Doubles:
    """Area that each of `a` `(n, 4)` shares with each of `b` `(m, 4)`, `(n, m) float64`, square pixels."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=2, dtype=np.float64))


def overlaps(a: Boxes, b: Boxes) -> tuple[Doubles, Doubles]:
    """Overlap of each of `a` `(n, 4)` with each of `b` `(m, 4)`.

    Returns intersection over union and intersection over the smaller box, each `(n, m) float64`, 0 to 1.
    """
    shared = shared_areas(a, b)
    area_a, area_b = areas(a)[:, None], areas(b)[None, :]
    return shared / (area_a + area_b - shared), shared / np.minimum(area_a, area_b)
