"""The picture with its verdicts, at any size: what the canvas shows and what is saved."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from maskcam.frames import Floats, Pixels, Result
from maskcam.overlay import draw
from maskcam.viewer.shown import Picture

Size = tuple[int, int]

_GREY_LIGHT = 0.45
"""How much of its light a picture keeps that is not of now: it must not be taken for a live one."""


def fitted(picture: Size, room: Size) -> tuple[int, int, int, int]:
    """Place and size (x, y, width, height) of the largest picture of these proportions within `room`."""
    scale = min(room[0] / picture[0], room[1] / picture[1])
    width, height = max(round(picture[0] * scale), 1), max(round(picture[1] * scale), 1)
    return (room[0] - width) // 2, (room[1] - height) // 2, width, height


def compose(
    picture: Picture, *, mirrored: bool, greyed: bool = False, counted: bool = True, size: Size | None = None
) -> Pixels:
    """The picture, scaled to `size` (width, height), with every person framed and labelled, and `counted`.

    The window's status bar counts people already; what is saved has none, so there the count is in the picture.
    Scaled first and labelled then, so that lines and words are sharp at any size, and never mirrored. A greyed
    picture has no verdicts: nobody knows whether they still hold.
    """
    image = picture.image
    width, height = size or (image.shape[1], image.shape[0])
    if (width, height) != (image.shape[1], image.shape[0]):
        shrinks = width * height < image.shape[0] * image.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)
    if mirrored:
        image = np.asarray(cv2.flip(image, 1), np.uint8)
    if greyed:
        grey = cv2.convertScaleAbs(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), alpha=_GREY_LIGHT)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    if picture.result is None:
        return image
    return draw(image, moved(picture.result, (width, height), mirrored), counted=counted)


def moved(result: Result, size: Size, mirrored: bool) -> Result:
    """The result as it lies in a picture of another size, or in its mirror image."""
    width, height = size

    def place(boxes: Floats) -> Floats:
        boxes = boxes * np.array([width / result.width, height / result.height] * 2, np.float32)
        if mirrored:
            boxes = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)
        return np.asarray(boxes, np.float32)

    return replace(result, width=width, height=height, boxes=place(result.boxes), found=place(result.found))
