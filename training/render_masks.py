"""Draws masks of every shape, colour and print on faces, for what the data lack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Floats, Pixels
from training.face_frame import FaceFrame, blend, brightness, grain, light_on

BELOW_MOUTH = 1.15
"""Where the upper edge of a mask that was pulled down to the chin lies at the highest: the mouth is free."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A mask's outline in the face's units: half widths at places from its top (0) to its bottom (1)."""

    places: tuple[float, ...]
    half_widths: tuple[float, ...]
    top: tuple[float, float]
    bottom: tuple[float, float]
    sag: float
    pleats: int
    seam: bool
    folds: bool = False


_SHAPES = (
    _Shape((0, 0.4, 0.8, 1), (0.98, 0.98, 0.88, 0.62), (0.18, 0.5), (1.5, 1.75), 0.22, 3, False),  # pleated
    _Shape((0, 0.35, 0.75, 1), (0.72, 0.86, 0.66, 0.28), (0.1, 0.4), (1.5, 1.8), 0.45, 0, True),  # a cup
    _Shape((0, 0.3, 0.7, 1), (1.0, 0.95, 0.8, 0.35), (0.15, 0.5), (1.5, 1.8), 0.3, 0, True),  # sewn cloth
    _Shape((0, 0.5, 1), (1.08, 1.1, 1.2), (0.2, 0.55), (2.2, 3.0), 0.1, 0, False, folds=True),  # a tube or a scarf
    _Shape((0, 0.5, 1), (1.08, 0.85, 0.12), (0.2, 0.5), (2.0, 2.6), 0.12, 0, False, folds=True),  # a folded kerchief
    _Shape((0, 0.45, 0.6, 1), (0.8, 0.92, 0.9, 0.5), (0.15, 0.4), (1.5, 1.75), 0.35, 1, False),  # two flaps
)


def draw_random_mask(
    picture: Pixels, frame: FaceFrame, random: np.random.Generator, *, on_chin: bool = False
) -> Pixels:
    """Return `picture` `(h, w, 3) uint8 RGB` with a mask over nose and mouth, or with `on_chin` below the mouth."""
    shape = _SHAPES[int(random.integers(len(_SHAPES)))]
    top, bottom = float(random.uniform(*shape.top)), float(random.uniform(*shape.bottom))
    if on_chin:
        lower = float(random.uniform(BELOW_MOUTH, BELOW_MOUTH + 0.3)) + shape.sag * 0.5
        top, bottom = lower, lower + (bottom - top) * float(random.uniform(0.5, 0.9))
    wide = float(random.uniform(0.88, 1.12))
    lean = frame.lean * float(random.uniform(0.7, 1.1))
    x = (frame.sideways - lean * np.clip(1.5 - np.abs(frame.sideways), 0, 1)).astype(np.float32)
    middle = (frame.below - top) / (bottom - top)
    half = np.interp(middle, shape.places, shape.half_widths).astype(np.float32) * np.float32(wide)
    upper = top + shape.sag * np.minimum(np.abs(x) / wide, 1.2) ** 1.6 * float(random.uniform(0.4, 1.2))
    upper = upper - (0 if on_chin else 0.08 * np.exp(-((x / 0.18) ** 2)))  # it climbs the bridge of the nose
    lower_edge = bottom - (bottom - top) * 0.12 * np.minimum(np.abs(x) / wide, 1) ** 2
    inside = np.minimum(np.minimum(half - np.abs(x), frame.below - upper), lower_edge - frame.below)
    cover = frame.soft(inside.astype(np.float32))
    along = (x / wide, middle.astype(np.float32))
    if random.random() < 0.85 and not on_chin:
        picture = _straps(picture, frame, half_width=0.9 * wide, ends=(top + shape.sag, bottom - 0.4), random=random)
    return blend(picture, _cloth(picture, frame, shape, along, random), cover)


def _cloth(
    picture: Pixels, frame: FaceFrame, shape: _Shape, along: tuple[Floats, Floats], random: np.random.Generator
) -> Floats:
    """Return the cloth's colour at every pixel: print, folds, roundness, and the light that falls on the face."""
    x, y = along
    size = picture.shape[:2]
    colour = print_on(x, y, size, random)
    shade = 1 - float(random.uniform(0.1, 0.45)) * np.clip(np.abs(x), 0, 1.2) ** 2.5
    shade = shade * (1 - float(random.uniform(0, 0.35)) * np.clip(y, 0, 1) ** 2)
    if shape.pleats and random.random() < 0.8:
        phase = np.sin((y * (shape.pleats + 1) + float(random.uniform(0, 1))) * 2 * math.pi)
        shade = shade * (1 - float(random.uniform(0.05, 0.2)) * np.clip(phase, 0, 1) ** 5 * (np.abs(x) < 0.85))
    if shape.seam and random.random() < 0.7:
        side = np.where(x > 0, 1.0, float(random.uniform(0.8, 1.0)))
        shade = shade * side * (1 - 0.15 * np.exp(-((x / 0.03) ** 2)))
    if random.random() < 0.7:  # creases
        shade = shade * (1 + 0.06 * grain(size, float(random.uniform(6, 24)), random))
    if shape.folds and random.random() < 0.75:  # a scarf's folds run across the face
        folds = grain(size, float(random.uniform(10, 28)), random, longer=float(random.uniform(2, 6)))
        shade = shade * np.clip(1 + float(random.uniform(0.08, 0.3)) * folds, 0.35, 1.5)
    lit = light_on(picture, frame) if random.random() < 0.8 else np.ones(size, np.float32)
    level = float(np.clip(brightness(picture, frame) * 2, 0.25, 1.25)) * float(random.uniform(0.8, 1.1))
    return np.asarray(colour * (shade * lit * level)[..., None], np.float32)


def print_on(x: Floats, y: Floats, size: tuple[int, int], random: np.random.Generator) -> Floats:
    """Return the colours `(h, w, 3)` of something evenly lit, plain or printed, at its own places `x` and `y`."""
    ground, figure = _dye(random), _dye(random)
    kind = int(random.integers(10))
    many = float(random.uniform(3, 14))
    if kind < 5:  # most cloth is plain
        where: NDArray[Any] = np.zeros(size, np.bool_)
    elif kind == 5:
        angle = float(random.uniform(0, math.pi))
        where = np.sin((x * math.cos(angle) + y * math.sin(angle)) * many * 2) > float(random.uniform(-0.5, 0.7))
    elif kind == 6:
        where = (np.sin(x * many * 2) > 0.3) ^ (np.sin(y * many * 2) > 0.3)
    elif kind == 7:
        where = np.sin(x * many * 2) * np.sin(y * many * 2) > float(random.uniform(0.3, 0.8))
    elif kind == 8:
        where = grain(size, many * 3, random) > float(random.uniform(-0.3, 1))
    else:  # something round in the middle: a badge, a snout, a painted mouth
        where = np.hypot((x - float(random.uniform(-0.3, 0.3))) / float(random.uniform(0.5, 2)), y - 0.5) < 0.22
    soft = cv2.GaussianBlur(np.asarray(where, np.float32), (0, 0), 0.7)[..., None]
    return np.asarray(ground + (figure - ground) * soft, np.float32)


def _dye(random: np.random.Generator) -> Floats:
    """Return a colour, `(3,)` RGB 0 to 255; white, black, blue and skin's own more often than chance has them."""
    common = (
        ((235, 238, 240), 12),
        ((30, 30, 34), 12),
        ((150, 190, 215), 18),
        ((60, 90, 150), 20),
        ((200, 160, 130), 30),
        ((120, 80, 60), 25),
    )
    place = int(random.integers(2 * len(common)))
    if place < len(common):
        middle, spread = common[place]
        return np.clip(np.array(middle, np.float32) + random.normal(0, spread, 3), 0, 255).astype(np.float32)
    return random.uniform(0, 255, 3).astype(np.float32)


def _straps(
    picture: Pixels, frame: FaceFrame, half_width: float, ends: tuple[float, float], random: np.random.Generator
) -> Pixels:
    """Draw the straps from the mask's sides to the ears, or past them."""
    colour = np.full((*picture.shape[:2], 3), random.choice([235.0, 235.0, 40.0, 150.0]), np.float32)
    colour *= float(np.clip(brightness(picture, frame) * 2, 0.25, 1.0))
    thick = float(random.uniform(0.015, 0.04))
    cover = np.zeros(picture.shape[:2], np.float32)
    for sign, (ear_x, ear_y) in zip((-1, 1), frame.ears, strict=True):
        if sign * ear_x < 0.6:  # turned away: this ear is not seen
            continue
        for below in ends:
            away, _ = frame.rod((sign * half_width * 0.92 + frame.lean * 0.5, below), (ear_x, ear_y))
            cover = np.maximum(cover, frame.soft(thick - away))
    return blend(picture, colour, cover * np.float32(0.9))
