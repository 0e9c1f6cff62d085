"""Turns and mirrors a video's pictures as its display matrix asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np

from maskcam.frames import Pixels

_MATRIX = "DISPLAYMATRIX"
_SLANT = 0.02
"""About a degree. Pictures that right angles alone don't bring upright stay as they are."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What brings a stored picture upright: swap rows and columns, then mirror left-right, then upside down."""

    swap: bool = False
    sideways: bool = False
    upended: bool = False

    def apply(self, image: Pixels) -> Pixels:
        """Return `image`, `(h, w, 3) uint8`, upright; the same array if there is nothing to do."""
        if self.swap:
            image = np.asarray(cv2.transpose(image), np.uint8)
        if self.sideways or self.upended:
            axis = 0 if not self.sideways else -1 if self.upended else 1
            image = np.asarray(cv2.flip(image, axis), np.uint8)
        return image


class Upright:
    """Turns the pictures of one video as each of them asks."""

    def __init__(self) -> None:
        self._rotation: int | None = None
        self._turn = Turn()

    def turn(self, picture: av.VideoFrame, image: Pixels) -> Pixels:
        """Return `image`, `(h, w, 3) uint8`, the colours of `picture`, upright."""
        if picture.rotation != self._rotation:
            # Side data that were looked at keep their picture in memory until the garbage collector comes, so they
            # are looked at only when they may have changed.
            self._rotation, self._turn = picture.rotation, turn_of(picture)
        return self._turn.apply(image)


_TURNS = {90: Turn(True, False, True), 180: Turn(False, True, True), 270: Turn(True, True, False)}


def turn_of(picture: av.VideoFrame) -> Turn:
    """Return how `picture` has to be turned; not at all where its file doesn't say."""
    # `picture.rotation` knows nothing of mirrors, but has to do where PyAV doesn't know all of a picture's side data.
    try:
        side_data: Any = picture.side_data
        found = [bytes(one) for one in side_data if one.type.name == _MATRIX]
    except ValueError:
        return _TURNS.get(picture.rotation % 360, Turn())
    if not found or len(found[0]) != 36:
        return Turn()
    # Rows (a, b, u), (c, d, v), (x, y, w) of ISO 14496-12: a stored point (x, y) is shown at (a x + c y, b x + d y).
    (a, b), (c, d) = np.frombuffer(found[0], np.int32).reshape(3, 3)[:2, :2].astype(np.float64)
    straight, crossed = min(abs(a), abs(d)), min(abs(b), abs(c))
    if max(abs(b), abs(c)) <= _SLANT * straight:
        return Turn(False, bool(a < 0), bool(d < 0))
    if max(abs(a), abs(d)) <= _SLANT * crossed:
        return Turn(True, bool(c < 0), bool(b < 0))
    return Turn()
