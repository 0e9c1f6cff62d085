"""The coordinates in which things are drawn on a face, whatever its size, tilt and turn."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Floats, Pixels

MOUTH = 1.0
"""Where the mouth lies, below the eyes."""
LEAST_UNIT = 4.0
"""Pixels between eyes and mouth below which nothing can be drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceFrame:
    """For every pixel how far it lies sideways and below the eyes, the unit being the eyes' distance to the mouth.

    `sideways` and `below` are `(h, w) float32`: 0 and 0 between the eyes, about 0 and 1 at the mouth, sideways
    positive towards the face's left ear. `unit` is the unit in pixels, `lean` how far the nose lies sideways, as
    in a face that is turned.
    """

    sideways: Floats
    below: Floats
    unit: float
    lean: float
    ears: tuple[tuple[float, float], tuple[float, float]]

    def soft(self, inside: Floats) -> Floats:
        """Turn a distance to an outline, in units and positive inside, into cover from 0 to 1 with a soft edge."""
        return np.asarray(np.clip(inside * self.unit + 0.5, 0, 1), np.float32)

    def rod(self, start: tuple[float, float], end: tuple[float, float]) -> tuple[Floats, Floats]:
        """Return each pixel's distance from the segment, and its place along it: 0 at the start, 1 at the end."""
        (ax, ay), (bx, by) = start, end
        dx, dy = bx - ax, by - ay
        along = ((self.sideways - ax) * dx + (self.below - ay) * dy) / max(dx * dx + dy * dy, 1e-6)
        nearest = np.clip(along, 0, 1)
        away = np.hypot(self.sideways - ax - nearest * dx, self.below - ay - nearest * dy)
        return np.asarray(away, np.float32), np.asarray(along, np.float32)

    def turned(self, centre: tuple[float, float], angle: float) -> tuple[Floats, Floats]:
        """Return coordinates about `centre`, turned by `angle` radians: across and along."""
        x, y = self.sideways - centre[0], self.below - centre[1]
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return np.asarray(x * cos + y * sin, np.float32), np.asarray(y * cos - x * sin, np.float32)


def face_frame(size: tuple[int, int], keypoints: NDArray[np.floating]) -> FaceFrame | None:
    """Return the coordinates for a picture of `size` (h, w) with the face's `keypoints` `(6, 2) pixels`.

    None when the face is too small to draw on.
    """
    right_eye, left_eye, nose, mouth, right_ear, left_ear = np.asarray(keypoints, np.float64)
    eyes = (right_eye + left_eye) / 2
    down = mouth - eyes
    length = float(np.linalg.norm(down))
    if length < LEAST_UNIT:
        return None
    across = np.array([down[1], -down[0]])
    if across @ (left_eye - right_eye) < 0:
        across = -across
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    x, y = columns - np.float32(eyes[0]), rows - np.float32(eyes[1])
    squared = np.float32(length * length)

    def local(point: NDArray[np.float64]) -> tuple[float, float]:
        return float((point - eyes) @ across / squared), float((point - eyes) @ down / squared)

    return FaceFrame(
        sideways=(x * np.float32(across[0]) + y * np.float32(across[1])) / squared,
        below=(x * np.float32(down[0]) + y * np.float32(down[1])) / squared,
        unit=length,
        lean=float(np.clip(local(nose)[0], -0.5, 0.5)),
        ears=(local(right_ear), local(left_ear)),
    )


def blend(picture: Pixels, colour: Floats, cover: Floats) -> Pixels:
    """Lay `colour` `(h, w, 3)` over `picture` `(h, w, 3) uint8` where `cover` `(h, w)`, 0 to 1, says so."""
    below = picture.astype(np.float32)
    return np.asarray(np.clip(below + (colour - below) * cover[..., None], 0, 255), np.uint8)


def light_on(picture: Pixels, frame: FaceFrame) -> Floats:
    """Return how brightly each place of the face is lit, `(h, w)`, about 1 on average."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), max(frame.unit * 0.5, 1.0))
    on_face = np.abs(frame.sideways) + np.abs(frame.below - 0.6) < 1
    middle = float(smooth[on_face].mean()) if on_face.any() else 128.0
    return np.asarray(np.clip(smooth / max(middle, 20.0), 0.6, 1.4), np.float32)


def brightness(picture: Pixels, frame: FaceFrame) -> float:
    """Return the face's mean brightness, 0 to 1: what is laid over a dark picture must be dark too."""
    on_face = np.abs(frame.sideways) + np.abs(frame.below - 0.6) < 1
    return float(picture[on_face].mean()) / 255 if on_face.any() else 0.5


def grain(size: tuple[int, int], cells: float, random: np.random.Generator, longer: float = 1.0) -> Floats:
    """Return smooth noise `(h, w)` of mean 0 and deviation about 1, with so many cells down.

    `longer` stretches the cells sideways.
    """
    counts = max(round(cells), 2), max(round(cells / longer), 2)
    coarse = random.normal(0, 1, counts).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
