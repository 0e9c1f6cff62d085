"""The only definition of box -> crop -> batch; the app and training both use it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Floats, Pixels
from maskcam.modelcard import CropRule, ModelCard


def squares(boxes: Floats, rule: CropRule) -> NDArray[np.int64]:
    """Return the square that is cut for each box.

    `boxes` is `(n, 4) float32, pixels, xyxy`; so is the answer, as int64, and it may reach over the picture.
    """
    wide = np.asarray(boxes, np.float64).reshape(-1, 4)
    centres = (wide[:, :2] + wide[:, 2:]) / 2
    sides = np.maximum(np.rint((wide[:, 2:] - wide[:, :2]).max(axis=1) * (1 + 2 * rule.margin)), 2)
    corners = np.rint(centres - sides[:, None] / 2)
    return np.concatenate([corners, corners + sides[:, None]], axis=1).astype(np.int64)


def resize(picture: Pixels, size: int) -> Pixels:
    """Scale a picture `(h, w, 3) uint8` to `(size, size, 3)`: by area downwards, linearly upwards."""
    shrinks = max(picture.shape[:2]) > size
    return np.asarray(
        cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )


def cut(image: Pixels, square: NDArray[np.int64]) -> Pixels:
    """Return the part of `image` `(h, w, 3) uint8` inside `square` `(4,) pixels, xyxy`.

    What lies outside the picture repeats its nearest edge pixel.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (int(value) for value in square)
    if x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        return image[y0:y1, x0:x1]
    columns = np.clip(np.arange(x0, x1), 0, width - 1)
    rows = np.clip(np.arange(y0, y1), 0, height - 1)
    inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    (top, bottom), (left, right) = _excess(rows), _excess(columns)
    return np.asarray(cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)


def crop_faces(image: Pixels, boxes: Floats, card: ModelCard) -> Pixels:
    """Cut and scale every face for the classifier.

    `image` is `(h, w, 3) uint8 RGB`, `boxes` `(n, 4) float32, pixels, xyxy`. The answer is
    `(n, size, size, 3) uint8 RGB`; n = 0 is fine.
    """
    size = card.input_size
    batch = np.empty((len(boxes), size, size, 3), np.uint8)
    for row, square in enumerate(squares(boxes, card.crop)):
        batch[row] = resize(cut(image, square), size)
    return batch


def scale(batch: Pixels, card: ModelCard) -> Floats:
    """Turn `(n, h, w, 3) uint8` into the float32 values that the network was trained on."""
    return np.multiply(batch, np.float32(card.scale), dtype=np.float32) + np.float32(card.offset)


def _excess(positions: NDArray[np.int64]) -> tuple[int, int]:
    """Count the repeats at the start and at the end of clipped, ascending positions."""
    first, last = positions[0], positions[-1]
    before = int(np.searchsorted(positions, first, side="right")) - 1
    after = len(positions) - 1 - int(np.searchsorted(positions, last, side="left"))
    return (before, after) if first != last else (0, len(positions) - 1)
