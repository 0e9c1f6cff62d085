"""Draws masks of six kinds, a hand and a cup on a face: flat and plain, unlike what training draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.drawn_mask import draw_mask
from maskcam.frames import Floats, Pixels

Draw = Callable[[Pixels, Floats], Pixels]
_FINE = 4


def _place(keypoints: Floats, points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Turn points, in units of the eyes' distance to the mouth from the bridge of the nose, into pixels."""
    right_eye, left_eye, _, mouth = np.asarray(keypoints[:4], np.float64)
    eyes = (right_eye + left_eye) / 2
    down = mouth - eyes
    across = np.array([-down[1], down[0]]) * (-1 if (left_eye - right_eye)[0] > 0 else 1)
    return np.array([eyes + x * across + y * down for x, y in points])


def _fill(image: Pixels, keypoints: Floats, points: Sequence[tuple[float, float]], colour: Pixels) -> Pixels:
    """Fill an outline with a colour, or with a picture as large as `image`, its edge averaged over fine pixels."""
    height, width = image.shape[:2]
    fine = np.zeros((height * _FINE, width * _FINE), np.uint8)
    cv2.fillPoly(fine, [np.rint(_place(keypoints, points) * _FINE).astype(np.int32)], 255)
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)[..., None] / np.float32(255)
    return np.asarray(np.rint(image + (colour.astype(np.float32) - image) * cover), np.uint8)


def _flat(*rgb: int) -> Pixels:
    return np.array(rgb, np.uint8)


def _pleated(*rgb: int) -> Draw:
    def draw(image: Pixels, keypoints: Floats) -> Pixels:
        return draw_mask(image, keypoints, (rgb[0], rgb[1], rgb[2]))

    return draw


_RESPIRATOR = ((-0.75, 0.5), (0, 0.25), (0.75, 0.5), (0.8, 0.95), (0.45, 1.5), (0, 1.65), (-0.45, 1.5), (-0.8, 0.95))


def respirator(image: Pixels, keypoints: Floats) -> Pixels:
    """A white cup with a valve."""
    image = _fill(image, keypoints, _RESPIRATOR, _flat(228, 230, 226))
    valve = [(0.25 + 0.2 * np.cos(turn), 1.0 + 0.2 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 20)]
    return _fill(image, keypoints, valve, _flat(150, 152, 155))


def kerchief(image: Pixels, keypoints: Floats) -> Pixels:
    """A red cloth, its tip below the chin."""
    return _fill(
        image, keypoints, [(-1.1, 0.35), (0, 0.3), (1.1, 0.35), (0.7, 1.4), (0, 2.2), (-0.7, 1.4)], _flat(165, 40, 45)
    )


def printed(image: Pixels, keypoints: Floats) -> Pixels:
    """A cloth with green and yellow checks."""
    rows, columns = np.indices(image.shape[:2])
    side = max(int(np.linalg.norm(keypoints[3] - keypoints[:2].mean(axis=0)) / 4), 1)
    checks = np.where(((rows // side + columns // side) % 2)[..., None], _flat(40, 120, 70), _flat(225, 205, 90))
    outline = [(-1, 0.5), (0, 0.25), (1, 0.5), (0.85, 1.2), (0.4, 1.65), (-0.4, 1.65), (-0.85, 1.2)]
    return _fill(image, keypoints, outline, checks.astype(np.uint8))


def hand(image: Pixels, keypoints: Floats) -> Pixels:
    """Four fingers laid over the mouth from the side, in the skin's own colour."""
    x, y = _place(keypoints, [(-0.45, 0.35)])[0].astype(int)
    skin = image[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(axis=0)
    image = _fill(image, keypoints, [(0.9, 0.5), (2, 0.4), (2.1, 1.9), (0.9, 1.75)], np.asarray(skin * 0.85, np.uint8))
    for number, reach in enumerate((-0.45, -0.7, -0.6, -0.3)):
        top = 0.5 + 0.3 * number
        finger = [(1, top), (reach, top), (reach - 0.1, top + 0.06), (reach - 0.14, top + 0.14)]
        finger += [(reach - 0.1, top + 0.22), (reach, top + 0.28), (1, top + 0.28)]
        image = _fill(image, keypoints, finger, np.asarray(skin * (0.98 - 0.04 * number), np.uint8))
        crease = [(0.9, top + 0.26), (reach, top + 0.26), (reach, top + 0.31), (0.9, top + 0.31)]
        image = _fill(image, keypoints, crease, np.asarray(skin * 0.55, np.uint8))
    return image


def cup(image: Pixels, keypoints: Floats) -> Pixels:
    """A mug at the mouth: darker to one side, its dark opening seen from above."""
    columns = np.linspace(-0.55, 0.55, 12)
    for left, right in pairwise(columns):
        shade = 1 - 0.5 * max(left + 0.3, 0)
        part = [(left, 0.85), (right, 0.85), (right * 0.85, 2.1), (left * 0.85, 2.1)]
        image = _fill(image, keypoints, part, np.asarray(np.array([205, 120, 60]) * shade, np.uint8))
    rim = [(0.55 * np.cos(turn), 0.85 + 0.12 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 24)]
    return _fill(image, keypoints, rim, _flat(90, 55, 30))


MASKS: dict[str, Draw] = {
    "blue": _pleated(146, 190, 214),
    "white": _pleated(235, 236, 238),
    "black": _pleated(32, 32, 36),
    "respirator": respirator,
    "kerchief": kerchief,
    "printed": printed,
}
COVERS: dict[str, Draw] = {"nothing": lambda image, _: image, "hand": hand, "cup": cup}
