"""Draws faces with and without a mask, and lays them out in folders as people share such data."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from maskcam.frames import Pixels
from maskcam.modelcard import MASK, NO_MASK
from training.manifest import LABELS


def draw_face(masked: bool, seed: int, side: int = 96) -> Pixels:
    """A face on a cluttered ground, `(side, side, 3) uint8 RGB`; no two seeds look alike."""
    random = np.random.default_rng([seed, int(masked)])
    image = np.kron(random.integers(0, 256, (6, 6, 3), np.uint8), np.ones((16, 16, 1), np.uint8))

    def colour(low: int, high: int) -> list[int]:
        return [int(value) for value in random.integers(low, high, 3)]

    x, y = (int(value) for value in random.integers(40, 57, 2))
    wide, high = int(random.integers(20, 33)), int(random.integers(26, 39))
    tone = int(random.integers(90, 226))
    cv2.ellipse(
        image, (x, y), (wide, high), float(random.uniform(-15, 15)), 0, 360, [tone, tone * 3 // 4, tone // 2], -1
    )
    for sign in (-1, 1):
        cv2.circle(image, (x + sign * wide // 2, y - high // 4), int(random.integers(2, 5)), colour(0, 60), -1)
    if masked:
        corners = [
            (x - wide, y + 2),
            (x, y - 4),
            (x + wide, y + 2),
            (x + wide // 2, y + high),
            (x - wide // 2, y + high),
        ]
        cv2.fillPoly(image, [np.array(corners, np.int32)], colour(120, 256))
    else:
        cv2.ellipse(image, (x, y + high // 2), (wide // 2, 4), 0, 0, 180, [150, 40, 50], 2)
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def save(picture: Pixels, path: Path, quality: int = 90) -> Path:
    """Write a picture in the format of its suffix, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": quality} if path.suffix == ".jpg" else {}
    Image.fromarray(picture).save(path, **options)
    return path


def save_classes(folder: Path, names: tuple[str, str], count: int, first_seed: int) -> None:
    """Fill two class folders, first the masked one, with `count` faces each: PNG and JPEG of many sizes."""
    for label, name in zip((MASK, NO_MASK), names, strict=True):
        for number in range(count):
            seed = first_seed + number
            picture = draw_face(label == LABELS[0], seed, side=48 + 7 * (number % 13))
            save(picture, folder / name / f"face{number:03}.{'png' if number % 2 else 'jpg'}")
