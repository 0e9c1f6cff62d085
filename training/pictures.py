"""Loads samples: as the app would see them, or with the surroundings that augmentation needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from maskcam.crops import cut, resize, squares
from maskcam.frames import KEYPOINTS, Floats, Pixels
from maskcam.modelcard import CropRule
from maskcam.pictures import read_picture
from training.manifest import Box, Keypoints, Sample

SURROUNDINGS = 0.4
"""How much wider than the crop, on each side and as a share of it, the kept picture of a boxed face is."""
LARGEST = 288
"""Pictures are kept in memory at no more than this side; the network sees less."""


@dataclass(frozen=True, slots=True, eq=False)
class Surrounded:
    """A picture `(h, w, 3) uint8 RGB` and the rectangle `(4,) float, pixels, xyxy` in it that is the crop.

    `keypoints` are the face's, `(6, 2) float32, pixels`, where they are known.
    """

    picture: Pixels
    inner: tuple[float, float, float, float]
    keypoints: Floats | None = None


def whole_crop(path: Path, box: Box | None, rule: CropRule) -> Pixels:
    """Return the unscaled crop of a sample: around its box, or the whole picture. Raises UnusableInput."""
    picture = read_picture(path)
    return picture if box is None else cut(picture, squares(np.array([box], np.float32), rule)[0])


def app_crop(sample: Sample, rule: CropRule, size: int) -> Pixels:
    """Return `(size, size, 3) uint8 RGB`, exactly what the app's classifier would be given."""
    return resize(whole_crop(sample.path, sample.box, rule), size)


def crop_of(source: Surrounded) -> Pixels:
    """Return the crop without its surroundings."""
    x0, y0, x1, y1 = (round(value) for value in source.inner)
    return source.picture[y0:y1, x0:x1]


@lru_cache(maxsize=20_000)
def surrounded(path: Path, box: Box | None, keypoints: Keypoints | None, rule: CropRule) -> Surrounded:
    """Load a sample with its surroundings, at most `LARGEST` px a side; kept in memory."""
    picture = read_picture(path)
    points = None if keypoints is None else np.array(keypoints, np.float32).reshape(KEYPOINTS, 2)
    if box is None:
        height, width = picture.shape[:2]
        return _limited(Surrounded(picture, (0.0, 0.0, float(width), float(height)), points))
    square = squares(np.array([box], np.float32), rule)[0]
    around = int((square[2] - square[0]) * SURROUNDINGS)
    height, width = picture.shape[:2]
    # Beyond the picture there is only what the crop itself needs: how a view goes on there isn't for the cut to say.
    low = np.minimum(np.maximum(square[:2] - around, 0), square[:2])
    high = np.maximum(np.minimum(square[2:] + around, (width, height)), square[2:])
    picture = np.ascontiguousarray(cut(picture, np.concatenate([low, high])))
    x0, y0, x1, y1 = (float(value) for value in square - np.tile(low, 2))
    if points is not None:
        points = np.asarray(points - low, np.float32)
    return _limited(Surrounded(picture, (x0, y0, x1, y1), points))


def _limited(source: Surrounded) -> Surrounded:
    """Shrink a picture that is larger than training can use."""
    height, width = source.picture.shape[:2]
    if max(height, width) <= LARGEST:
        return source
    factor = LARGEST / max(height, width)
    wide, high = max(round(width * factor), 1), max(round(height * factor), 1)
    shrunk = np.asarray(cv2.resize(source.picture, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
    fx, fy = wide / width, high / height
    x0, y0, x1, y1 = source.inner
    points = source.keypoints
    if points is not None:
        points = np.asarray(points * np.array([fx, fy], np.float32), np.float32)
    return Surrounded(shrunk, (x0 * fx, y0 * fy, x1 * fx, y1 * fy), points)


def compressed(picture: Pixels, quality: int) -> Pixels:
    """Return `(h, w, 3) uint8 RGB` as JPEG of this quality, 1 to 100, gives it back."""
    # OpenCV takes the channels for blue first; the order matters, since JPEG keeps less of colour than of light.
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
