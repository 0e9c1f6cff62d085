"""Makes pictures of what is no face and shows nothing in particular."""

from __future__ import annotations

import math

import numpy as np

from maskcam.frames import Floats, Pixels
from training.face_frame import grain
from training.pictures import Surrounded


def texture(size: int, random: np.random.Generator) -> Surrounded:
    """Return cloth, walls, foliage of no particular kind: grain of several sizes in two colours, perhaps striped."""
    mixed: Floats = np.zeros((size, size), np.float32)
    for cells in (2, 5, 12, 30):
        mixed += np.float32(random.uniform(0, 1)) * grain((size, size), cells, random)
    if random.random() < 0.4:
        rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
        angle, wave = float(random.uniform(0, math.pi)), float(random.uniform(4, size / 2))
        mixed += np.sin((columns * math.cos(angle) + rows * math.sin(angle)) * 2 * math.pi / wave)
    share = (1 / (1 + np.exp(-mixed * float(random.uniform(0.5, 3)))))[..., None]
    first, second = random.uniform(0, 255, 3), random.uniform(0, 255, 3)
    picture: Pixels = np.clip(first + (second - first) * share, 0, 255).astype(np.uint8)
    return Surrounded(picture, (0.0, 0.0, float(size), float(size)))
