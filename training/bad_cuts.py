"""Makes pictures of what is no face: cuts that frame a head badly, and textures."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from maskcam.frames import Floats, Pixels
from training.pictures import Surrounded

OVERLAP = (0.05, 0.25)
"""Overlap with the right cut (intersection over union) from which and up to which a cut is a bad one."""
OFF_CENTRE = 0.12
"""How far, in sides of the right cut, a fragment's middle lies from that of the face: the very middle tells enough."""


def badly_framed(source: Surrounded, random: np.random.Generator) -> Surrounded:
    """Return the picture with a bad cut: beside the face where its surroundings are known, or a fragment of it."""
    x0, y0, x1, y1 = source.inner
    beside = x0 > 0 and random.random() < 0.5
    dx, dy, side = _beside(random) if beside else _fragment(random)
    wide, high = x1 - x0, y1 - y0
    middle = (x0 + x1) / 2 + dx * wide, (y0 + y1) / 2 + dy * high
    inner = (
        middle[0] - wide * side / 2,
        middle[1] - high * side / 2,
        middle[0] + wide * side / 2,
        middle[1] + high * side / 2,
    )
    return replace(source, inner=inner, keypoints=None)


def overlap(dx: float, dy: float, side: float) -> float:
    """Return how much a square moved by `dx`, `dy` and scaled to `side` overlaps the unit square it came from."""
    shared = math.prod(max(min(0.5, d + side / 2) - max(-0.5, d - side / 2), 0.0) for d in (dx, dy))
    return shared / (1 + side * side - shared)


def _beside(random: np.random.Generator) -> tuple[float, float, float]:
    while True:
        dx, dy, side = *(float(value) for value in random.uniform(-0.9, 0.9, 2)), float(random.uniform(0.75, 1.3))
        if OVERLAP[0] <= overlap(dx, dy, side) < OVERLAP[1]:
            return dx, dy, side


def _fragment(random: np.random.Generator) -> tuple[float, float, float]:
    while True:
        side = float(random.uniform(math.sqrt(OVERLAP[0]), 0.45))
        dx, dy = (float(value) for value in random.uniform(side / 2 - 0.5, 0.5 - side / 2, 2))
        if math.hypot(dx, dy) >= OFF_CENTRE:
            return dx, dy, side


def texture(size: int, random: np.random.Generator) -> Surrounded:
    """Return cloth, walls, foliage of no particular kind: grain of several sizes in two colours, perhaps striped."""
    mixed: Floats = np.zeros((size, size), np.float32)
    for cells in (2, 5, 12, 30):
        coarse = random.normal(0, float(random.uniform(0, 1)), (cells, cells)).astype(np.float32)
        mixed += cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    if random.random() < 0.4:
        rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
        angle, wave = float(random.uniform(0, math.pi)), float(random.uniform(4, size / 2))
        mixed += np.sin((columns * math.cos(angle) + rows * math.sin(angle)) * 2 * math.pi / wave)
    share = (1 / (1 + np.exp(-mixed * float(random.uniform(0.5, 3)))))[..., None]
    first, second = random.uniform(0, 255, 3), random.uniform(0, 255, 3)
    picture: Pixels = np.clip(first + (second - first) * share, 0, 255).astype(np.uint8)
    return Surrounded(picture, (0.0, 0.0, float(size), float(size)))
