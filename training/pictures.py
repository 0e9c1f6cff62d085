"""Loads samples: as the app would see them, or with the surroundings that augmentation needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from maskcam.crops import cut, resize, squares
from maskcam.frames import Pixels
from maskcam.modelcard import CropRule
from maskcam.pictures import read_picture
from training.manifest import Box, Sample

SURROUNDINGS = 0.4
"""How much wider than the crop, on each side and as a share of it, the kept picture of a boxed face is."""
LARGEST = 288
"""Pictures are kept in memory at no more than this side; the network sees less."""


@dataclass(frozen=True, slots=True, eq=False)
class Surrounded:
    """A picture `(h, w, 3) uint8 RGB` and the rectangle `(4,) float, pixels, xyxy` in it that is the crop."""

    picture: Pixels
    inner: tuple[float, float, float, float]


def whole_crop(path: Path, box: Box | None, rule: CropRule) -> Pixels:
    """Return the unscaled crop of a sample: around its box, or the whole picture. Raises UnusableInput."""
    picture = read_picture(path)
    return picture if box is None else cut(picture, squares(np.array([box], np.float32), rule)[0])


def app_crop(sample: Sample, rule: CropRule, size: int) -> Pixels:
    """Return `(size, size, 3) uint8 RGB`, exactly what the app's classifier would be given."""
    return resize(whole_crop(sample.path, sample.box, rule), size)


@lru_cache(maxsize=20_000)
def surrounded(path: Path, box: Box | None, rule: CropRule) -> Surrounded:
    """Load a sample with its surroundings, at most `LARGEST` px a side; kept in memory."""
    picture = read_picture(path)
    if box is None:
        height, width = picture.shape[:2]
        inner = (0.0, 0.0, float(width), float(height))
    else:
        square = squares(np.array([box], np.float32), rule)[0]
        side = int(square[2] - square[0])
        around = int(side * SURROUNDINGS)
        picture = np.ascontiguousarray(cut(picture, square + np.array([-around, -around, around, around])))
        inner = (float(around), float(around), float(around + side), float(around + side))
    return _limited(picture, inner)


def _limited(picture: Pixels, inner: tuple[float, float, float, float]) -> Surrounded:
    """Shrink a picture that is larger than training can use."""
    height, width = picture.shape[:2]
    if max(height, width) <= LARGEST:
        return Surrounded(picture, inner)
    shrunk = resize(picture, LARGEST)  # squeezed to a square, as a whole picture will be in any case
    fx, fy = LARGEST / width, LARGEST / height
    return Surrounded(shrunk, (inner[0] * fx, inner[1] * fy, inner[2] * fx, inner[3] * fy))
