"""Fits pictures of another shape into a video's, without stretching anybody."""

from __future__ import annotations

import cv2
import numpy as np

from maskcam.frames import Pixels


def letterboxed(image: Pixels, width: int, height: int, wider: float = 1.0) -> Pixels:
    """Return `image` `(h, w, 3) uint8`, scaled to fit into `width` x `height` pixels, in the middle of black.

    `wider` is how much wider its pixels are than those it is fitted into.
    """
    own_height, own_width = image.shape[:2]
    if (own_width, own_height) == (width, height):
        return image
    factor = min(width / (own_width * wider), height / own_height)
    wide = max(1, min(width, round(own_width * wider * factor)))
    high = max(1, min(height, round(own_height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    result = np.zeros((height, width, 3), np.uint8)
    left, top = (width - wide) // 2, (height - high) // 2
    result[top : top + high, left : left + wide] = cv2.resize(image, (wide, high), interpolation=way)
    return result
