"""Augmentation against the shortcuts of the data: every change keeps the label and befalls both classes alike.

In the 12k set masked faces are large, pixelated and tilted and bare ones small, sharp and upright. A network
would learn that; so both classes are scaled down, tilted, blurred and pixelated with the same chances.
"""

from __future__ import annotations

import math
from collections.abc import Container

import cv2
import numpy as np

from maskcam.crops import resize
from maskcam.frames import Floats, Pixels
from training.pictures import Surrounded, compressed, crop_of
from training.recipe import PLAIN, Recipe

DARK_SHARE, DARKEST = 0.12, 0.05
"""Share of the views that are darkened, and the least share of the light that is left then."""
BLURRED = (0.004, 0.05)
"""From how little to how much the views that are out of focus are blurred, in sides; beyond it the app is in doubt."""
SQUEEZED_SHARE, SQUEEZED = 1 / 4, 1.7
"""Share of the views that are made wider or narrower, and by how much at most.

Whole pictures that aren't square are squeezed, and more masked faces are in such than bare ones: the shape must not
tell them apart.
"""
WARP, PATCH, COLOUR, DARK, SPOIL = "warp", "patch", "colour", "dark", "spoil"
KINDS = (WARP, PATCH, COLOUR, DARK, SPOIL)
"""What can be left out, to see what it is good for."""


def augment(
    source: Surrounded,
    size: int,
    random: np.random.Generator,
    without: Container[str] = (),
    recipe: Recipe = PLAIN,
) -> Pixels:
    """Return one random view `(size, size, 3) uint8 RGB` of a sample, leaving out the kinds named in `without`."""
    view = resize(crop_of(source), size) if WARP in without else _warp(source, size, random)
    if PATCH not in without and random.random() < 0.2:
        view = _patch(view, random)
    if COLOUR not in without:
        view = _colour(view, random)
    if DARK not in without and random.random() < DARK_SHARE:
        view = _darken(view, random)
    if SPOIL not in without:
        view = _spoil(view, size, random, recipe)
    return view


def _spoil(view: Pixels, size: int, random: np.random.Generator, recipe: Recipe) -> Pixels:
    """Blur, scale down, add noise, compress, scale up again."""
    if random.random() < 0.2:
        view = _blur(view, random)
    if random.random() < recipe.scaled_down:
        view = _scale_down(view, random, recipe)
    if random.random() < 0.2:
        view = _noise(view, random)
    if random.random() < 0.4:
        view = _jpeg(view, random)
    if view.shape[0] == size:
        return view
    if random.random() < recipe.blocky:
        return np.asarray(cv2.resize(view, (size, size), interpolation=cv2.INTER_NEAREST), np.uint8)
    return resize(view, size)


def _warp(source: Surrounded, size: int, random: np.random.Generator) -> Pixels:
    """Turn, shift, stretch, mirror: one resampling from the picture with its surroundings."""
    x0, y0, x1, y1 = source.inner
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    centre += random.normal(0, 0.05, 2).clip(-0.12, 0.12) * (x1 - x0, y1 - y0)
    zoom = math.exp(float(np.clip(random.normal(0, 0.12), -0.3, 0.3)))
    if random.random() < SQUEEZED_SHARE:
        stretch = SQUEEZED ** float(random.uniform(-0.5, 0.5))
    else:
        stretch = math.exp(float(np.clip(random.normal(0, 0.06), -0.15, 0.15)))
    degrees = random.normal(0, 9) if random.random() < 0.8 else random.uniform(-45, 45)
    angle = math.radians(degrees)
    wide, high = (x1 - x0) * zoom * stretch / size, (y1 - y0) * zoom / stretch / size
    if random.random() < 0.5:
        wide = -wide
    picture = source.picture
    shrink = min(abs(wide), high)
    if shrink > 1.5:  # sampled linearly it would sparkle, so first scale by area
        factor = 1 / shrink
        picture = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        centre, wide, high = centre * factor, wide * factor, high * factor
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = turn @ np.diag([wide, high])
    offset = centre - 0.5 - linear @ np.full(2, (size - 1) / 2)  # pixels are counted by their middles here
    border = cv2.BORDER_REPLICATE if random.random() < 0.6 else cv2.BORDER_CONSTANT
    fill = [int(value) for value in random.integers(0, 256, 3)]
    return np.asarray(
        cv2.warpAffine(
            picture,
            np.column_stack([linear, offset]),
            (size, size),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
            borderValue=fill,
        ),
        np.uint8,
    )


def _patch(view: Pixels, random: np.random.Generator) -> Pixels:
    """Hide a part, too small to be a mask, anywhere; cover alone must not decide."""
    size = view.shape[0]
    covered = view.copy()
    colour = [int(value) for value in random.integers(0, 256, 3)]
    centre = [int(value) for value in random.integers(0, size, 2)]
    axes = [max(int(value * size), 1) for value in random.uniform(0.04, 0.2, 2)]
    if random.random() < 0.5:
        cv2.ellipse(covered, centre, axes, float(random.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    else:
        corners = cv2.boxPoints((centre, (axes[0] * 1.6, axes[1] * 1.6), float(random.uniform(0, 90))))
        cv2.fillConvexPoly(covered, corners.astype(np.int32), colour, cv2.LINE_AA)
    if random.random() < 0.5:  # skin and cloth are never one flat colour
        texture = random.normal(0, 12, (max(size // 8, 1),) * 2).astype(np.float32)
        shade = cv2.resize(texture, (size, size), interpolation=cv2.INTER_CUBIC)[..., None]
        changed = (covered != view).any(axis=2, keepdims=True)
        covered = np.where(changed, np.clip(covered + shade, 0, 255), covered).astype(np.uint8)
    return covered


def _colour(view: Pixels, random: np.random.Generator) -> Pixels:
    """Change light, contrast, white balance and saturation; sometimes to grey."""
    changed: Floats = view.astype(np.float32)
    gain = math.exp(random.normal(0, 0.2))
    balance = np.exp(random.normal(0, 0.06, 3)).astype(np.float32)
    middle = float(changed.mean())
    contrast = math.exp(random.normal(0, 0.18))
    changed = ((changed - middle) * contrast + middle) * gain * balance
    grey = changed @ np.array([0.299, 0.587, 0.114], np.float32)
    kept = 0.0 if random.random() < 0.1 else float(np.clip(random.normal(1, 0.25), 0, 2))
    changed = grey[..., None] + (changed - grey[..., None]) * np.float32(kept)
    if random.random() < 0.2:
        changed = 255 * np.power(
            np.clip(changed, 0, 255) / 255, np.float32(math.exp(random.normal(0, 0.35))), dtype=np.float32
        )
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def _darken(view: Pixels, random: np.random.Generator) -> Pixels:
    """Take light away, down to a twentieth, and add the noise that a sensor then has."""
    left = math.exp(float(random.uniform(math.log(DARKEST), math.log(0.7))))
    dark: Floats = view.astype(np.float32) * np.float32(left)
    dark += random.normal(0, random.uniform(0, 2.5), view.shape).astype(np.float32)
    return np.asarray(np.clip(np.rint(dark), 0, 255), np.uint8)


def _blur(view: Pixels, random: np.random.Generator) -> Pixels:
    """Out of focus, or moved."""
    size = view.shape[0]
    if random.random() < 0.6:
        spread = math.exp(float(random.uniform(*np.log(BLURRED)))) * size
        return np.asarray(cv2.GaussianBlur(view, (0, 0), spread), np.uint8)
    length = max(int(random.uniform(0.03, 0.12) * size), 2)
    kernel = np.zeros((length, length), np.float32)
    middle, angle = (length - 1) / 2, random.uniform(0, math.pi)
    ends = [
        (round(middle + sign * middle * math.cos(angle)), round(middle + sign * middle * math.sin(angle)))
        for sign in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(view, -1, kernel / kernel.sum()), np.uint8)


def _scale_down(view: Pixels, random: np.random.Generator, recipe: Recipe) -> Pixels:
    """Lose detail, down to the smallest size that the recipe names."""
    size = view.shape[0]
    smallest = min(recipe.smallest, size)
    small = round(smallest * (size / smallest) ** (random.random() ** recipe.towards_small))
    return np.asarray(cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA), np.uint8)


def _noise(view: Pixels, random: np.random.Generator) -> Pixels:
    """Add a sensor's noise."""
    grain = random.normal(0, random.uniform(2, 16), view.shape)
    return np.asarray(np.clip(view + grain, 0, 255), np.uint8)


def _jpeg(view: Pixels, random: np.random.Generator) -> Pixels:
    """Compress, down to what poor cameras send."""
    return compressed(view, int(random.integers(20, 96)))
