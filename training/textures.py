"""Makes pictures of what is no face: cloth, walls, foliage, and on some of them folds, letters, buttons, badges."""

from __future__ import annotations

import math
import string

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskcam.frames import Floats, Pixels
from training.face_frame import grain
from training.pictures import Surrounded

FOLDS_SHARE, ROUND_SHARE, LETTERS_SHARE = 0.3, 0.35, 0.35
"""Shares of the pictures with folds, with something round, with letters: what the detector often takes for faces."""
LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "&%@#?!+"


def texture(size: int, random: np.random.Generator) -> Surrounded:
    """Return something of no particular kind, `(size, size, 3) uint8 RGB`, all of which is the crop."""
    first, second = _colour(random), _colour(random)
    share = _cloth(size, random)
    picture = np.asarray(first + (second - first) * share[..., None], np.float32)
    if random.random() < FOLDS_SHARE:
        picture = picture * _folds(size, random)[..., None]
    if random.random() < ROUND_SHARE:
        for _ in range(int(random.integers(1, 6))):
            picture = _round(picture, random)
    if random.random() < LETTERS_SHARE:
        picture = _letters(picture, random)
    seen: Pixels = np.clip(picture, 0, 255).astype(np.uint8)
    return Surrounded(seen, (0.0, 0.0, float(size), float(size)))


def _cloth(size: int, random: np.random.Generator) -> Floats:
    """Return grain of several sizes, perhaps striped, `(size, size) float32` from 0 to 1."""
    mixed: Floats = np.zeros((size, size), np.float32)
    for cells in (2, 5, 12, 30):
        mixed += np.float32(random.uniform(0, 1)) * grain((size, size), cells, random)
    if random.random() < 0.4:
        mixed += np.sin(_along(size, random) * 2 * math.pi / float(random.uniform(4, size / 2)))
    return np.asarray(1 / (1 + np.exp(-mixed * float(random.uniform(0.5, 3)))), np.float32)


def _folds(size: int, random: np.random.Generator) -> Floats:
    """Return the light on cloth that hangs in folds, `(size, size) float32`, a factor."""
    across = _along(size, random) + size * 0.1 * grain((size, size), 3, random)
    phase = across * 2 * math.pi / float(random.uniform(size / 6, size))
    return np.asarray(1 + float(random.uniform(0.2, 0.6)) * np.sin(phase + 0.7 * np.sin(phase)), np.float32)


def _round(picture: Floats, random: np.random.Generator) -> Floats:
    """Draw a disc, a ring, or one in another, lit from one side."""
    size = len(picture)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    across, down = columns - float(random.uniform(0, size)), rows - float(random.uniform(0, size))
    radius = size * math.exp(float(random.uniform(math.log(0.04), math.log(0.5))))
    away = np.hypot(across, down * float(random.uniform(0.7, 1.4)))
    inside = np.clip(radius - away + 0.5, 0, 1)
    if random.random() < 0.5:
        inside = inside * np.clip(away - radius * float(random.uniform(0.3, 0.9)) + 0.5, 0, 1)
    light = 1 + float(random.uniform(-0.5, 0.5)) * (across + down) / radius
    return _laid_on(picture, np.asarray(inside, np.float32), np.asarray(_colour(random) * light[..., None], np.float32))


def _letters(picture: Floats, random: np.random.Generator) -> Floats:
    """Write a few letters, thin to fat, mostly so large that some are cut off."""
    size = len(picture)
    sheet = Image.new("L", (size, size))
    height = size * float(random.uniform(0.2, 1.2))
    text = "".join(random.choice(list(LETTERS), int(random.integers(1, 6))))
    place = float(random.uniform(0.2, 0.8)) * size, float(random.uniform(0.2, 0.8)) * size
    font = ImageFont.load_default(height)
    fat = int(height * float(random.uniform(0, 0.08)))
    ImageDraw.Draw(sheet).text(place, text, fill=255, font=font, stroke_width=fat, anchor="mm")
    cover = np.asarray(np.asarray(sheet, np.float32) / 255, np.float32)
    return _laid_on(picture, cover, _colour(random))


def _colour(random: np.random.Generator) -> Floats:
    """Return a colour `(3,) float32 RGB`, grey to garish."""
    colour = random.uniform(0, 255, 3)
    return np.asarray(colour.mean() + (colour - colour.mean()) * float(random.uniform(0, 1)), np.float32)


def _laid_on(picture: Floats, cover: Floats, colour: Floats) -> Floats:
    """Return `picture` with `colour` on it where `cover` `(h, w)` is 1."""
    return np.asarray(picture + (colour - picture) * cover[..., None], np.float32)


def _along(size: int, random: np.random.Generator) -> Floats:
    """Return how far each pixel lies in a random direction, `(size, size) float32`."""
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    angle = float(random.uniform(0, math.pi))
    return np.asarray(columns * math.cos(angle) + rows * math.sin(angle), np.float32)
