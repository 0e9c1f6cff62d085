"""Makes faces unrecognisable."""

from __future__ import annotations

import math

import cv2
import numpy as np

from maskcam.frames import Floats, Pixels, check_array, check_image

_MARGIN = 0.2
"""Share of a face's size by which the box is grown on each side: hair, ears and chin tell people too."""
_BLOCKS = 6
"""Blocks along a face's longer side at most."""
_LEAST_BLOCK = 6
"""Pixels. On faces so small that they'd be coarse anyway a box may be off by as much as they measure."""


def pixelate(image: Pixels, boxes: Floats) -> Pixels:
    """Return a copy of `image`, `(h, w, 3) uint8`, with every face in blocks of at least a sixth of its size.

    `boxes` is `(n, 4) float32, xyxy`, in pixels, and may reach over the edge. ValueError for anything else.
    """
    check_image(image)
    check_array("boxes", boxes, (len(boxes), 4))
    result = image.copy()
    height, width = image.shape[:2]
    for x0, y0, x1, y1 in boxes.astype(float):
        wide, high = max(x1 - x0, 0.0), max(y1 - y0, 0.0)
        left, right = _within(x0 - _MARGIN * wide, x1 + _MARGIN * wide, width)
        top, bottom = _within(y0 - _MARGIN * high, y1 + _MARGIN * high, height)
        if right <= left or bottom <= top:
            continue
        block = max(max(wide, high) / _BLOCKS, _LEAST_BLOCK)
        # Rounding down the number of blocks can only make them larger.
        columns, rows = max(1, int((right - left) / block)), max(1, int((bottom - top) / block))
        # Always from the untouched picture: where boxes overlap, neither may leave a seam of the other's face.
        coarse = cv2.resize(image[top:bottom, left:right], (columns, rows), interpolation=cv2.INTER_AREA)
        blocks = cv2.resize(coarse, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
        result[top:bottom, left:right] = np.asarray(blocks, np.uint8)
    return result


def _within(low: float, high: float, size: int) -> tuple[int, int]:
    return max(0, math.floor(low)), min(size, math.ceil(high))
