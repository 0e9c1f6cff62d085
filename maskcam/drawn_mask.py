"""Draws a mask on a face: a shaded cloth with pleats and straps, for the demo, the self-test and the tests."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Floats, Pixels

SURGICAL_BLUE = (146, 190, 214)
_FINE = 4
"""The cloth is drawn this many times larger than shown, then averaged down."""


def draw_mask(
    image: Pixels, keypoints: Floats, colour: tuple[int, int, int] = SURGICAL_BLUE, lowered: float = 0.0
) -> Pixels:
    """Return `image` `(h, w, 3) uint8 RGB` with a mask on the face whose `keypoints` `(6, 2) pixels` are given.

    `colour` is the cloth's, RGB; `lowered` moves the mask down by this many times the distance between eyes and
    mouth, as when it is put on or taken off.
    """
    height, width = image.shape[:2]
    right_eye, left_eye, nose, mouth, right_ear, left_ear = np.asarray(keypoints, np.float64)
    eyes = (right_eye + left_eye) / 2
    down = mouth - eyes
    across = np.array([down[1], -down[0]])
    if across @ (left_eye - right_eye) < 0:
        across = -across
    shift = down * lowered

    def at(sideways: float, below: float) -> NDArray[np.float64]:
        """Return the point so far from the bridge of the nose, in units of the eyes' distance to the mouth."""
        return np.asarray(eyes + shift + across * sideways + down * below)

    lean = float(((nose - eyes) @ across) / (across @ across))
    outline = np.array(
        [
            at(-0.98 + lean, 0.50),
            at(-0.45 + lean, 0.34),
            at(lean, 0.22),
            at(0.45 + lean, 0.34),
            at(0.98 + lean, 0.50),
            at(0.86 + lean, 1.05),
            at(0.52 + lean, 1.50),
            at(lean, 1.66),
            at(-0.52 + lean, 1.50),
            at(-0.86 + lean, 1.05),
        ]
    )
    cloth = _shape(outline, (height, width))
    drawn = image.astype(np.float32)
    strap = float(np.linalg.norm(down)) * 0.05
    for ear, upper, lower in ((right_ear, outline[0], outline[9]), (left_ear, outline[4], outline[5])):
        for corner in (upper, lower):
            line = _line(corner, ear + shift, max(strap, 0.8), (height, width))
            drawn += (np.float32(235) - drawn) * line[..., None] * np.float32(0.9)
    drawn += (_shaded(image, outline, np.array(colour, np.float32)) - drawn) * cloth[..., None]
    return np.asarray(np.clip(np.rint(drawn), 0, 255), np.uint8)


def _shaded(image: Pixels, outline: NDArray[np.float64], colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cloth's colour at every pixel: pleats, round at the sides, lit as the face below it is."""
    height, width = image.shape[:2]
    left, right = outline[0], outline[4]
    top, bottom = outline[2], outline[7]
    middle, half = (left + right) / 2, float(np.linalg.norm(right - left)) / 2
    sideways = (right - left) / (2 * half)
    down = (bottom - top) / float(np.linalg.norm(bottom - top))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x = ((columns - middle[0]) * sideways[0] + (rows - middle[1]) * sideways[1]) / half
    y = ((columns - top[0]) * down[0] + (rows - top[1]) * down[1]) / float(np.linalg.norm(bottom - top))
    round_off = 1 - 0.32 * np.clip(np.abs(x), 0, 1.2) ** 2.5 - 0.12 * np.clip(y, 0, 1) ** 2
    pleats = 1 - 0.10 * np.clip(np.sin((y * 4.2 + 0.1) * 2 * np.pi), 0, 1) ** 6 * (np.abs(x) < 0.85)
    seam = 1 - 0.08 * (np.abs(y - 0.07) < 0.02)
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), max(half / 3, 1.0))
    inside = max(int(min(bottom[1], height - 1)) - int(max(top[1], 0)), 1)
    light = np.clip(grey / max(float(grey[int(max(top[1], 0)) :][:inside].mean()), 20.0), 0.75, 1.2)
    return np.asarray(colour * (round_off * pleats * seam * light)[..., None], np.float32)


def _shape(outline: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return how much of each pixel, 0 to 1, a smooth closed outline covers."""
    smooth = _rounded(outline)
    fine = np.zeros((size[0] * _FINE, size[1] * _FINE), np.uint8)
    cv2.fillPoly(fine, [np.rint((smooth + 0.5) * _FINE).astype(np.int32)], 255)
    shown = cv2.resize(fine, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(shown.astype(np.float32) / 255, np.float32)


def _line(
    start: NDArray[np.float64], end: NDArray[np.float64], thickness: float, size: tuple[int, int]
) -> NDArray[np.float32]:
    fine = np.zeros((size[0] * _FINE, size[1] * _FINE), np.uint8)
    ends = [tuple(int(value) for value in np.rint((point + 0.5) * _FINE)) for point in (start, end)]
    cv2.line(fine, ends[0], ends[1], 255, max(round(thickness * _FINE), 1))
    shown = cv2.resize(fine, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(shown.astype(np.float32) / 255, np.float32)


def _rounded(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut the corners of a closed outline twice (Chaikin, 1974), which makes it a smooth curve."""
    for _ in range(2):
        following = np.roll(outline, -1, axis=0)
        outline = np.stack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], axis=1)
        outline = outline.reshape(-1, 2)
    return outline
