"""Small pictures that the overlay is put together from: text, symbols and the labels made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from maskcam.frames import Pixels, Verdict
from maskcam.words import counted

Colour = tuple[int, int, int]
Alpha = NDArray[np.uint8]

COLOURS: dict[Verdict, Colour] = {
    Verdict.MASK: (0, 158, 115),
    Verdict.NO_MASK: (213, 94, 0),
    Verdict.UNSURE: (240, 228, 66),
}
"""Bluish green, vermillion and yellow of the palette that colour-blind people too can tell apart.

Okabe and Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/; RGB.
"""
INK: Colour = (16, 18, 22)
PAPER: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A picture with transparency, ready to be laid over another.

    `colour` is `(h, w, 3) uint16`, already multiplied by the opacity (0 to 255 * 255); `clear` is
    `(h, w, 3) uint16`, what is left of the picture below, 0 to 255.
    """

    colour: NDArray[np.uint16]
    clear: NDArray[np.uint16]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.colour.shape[0])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.colour.shape[1])

    def lay(self, image: Pixels, x: int, y: int) -> None:
        """Blend the patch into `image` `(h, w, 3) uint8 RGB`, in place.

        Its top left corner comes to `x`, `y`, pixels; what lies outside is cut off.
        """
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + self.width, image.shape[1]), min(y + self.height, image.shape[0])
        if left >= right or top >= bottom:
            return
        part = (slice(top - y, bottom - y), slice(left - x, right - x))
        below = image[top:bottom, left:right]
        mixed = below * self.clear[part]
        mixed += self.colour[part]
        # (n + 128 + n / 256) / 256 is n / 255 rounded, without a division.
        mixed += 128
        mixed += mixed >> 8
        np.right_shift(mixed, 8, out=mixed)
        below[...] = mixed


class Canvas:
    """A picture with transparency in the making: layers of one colour each, one over another."""

    def __init__(self, width: int, height: int) -> None:
        self._colour = np.zeros((height, width, 3), np.float32)
        self._alpha = np.zeros((height, width, 1), np.float32)

    def add(self, alpha: Alpha, colour: Colour, x: int = 0, y: int = 0, opacity: float = 1.0) -> None:
        """Lay one colour over it at `x`, `y`, as opaque as `alpha (h, w) uint8` and `opacity` say."""
        height, width = alpha.shape
        part = (slice(y, y + height), slice(x, x + width))
        room = self._alpha[part]
        share = alpha[: room.shape[0], : room.shape[1], None] * np.float32(opacity / 255)
        self._colour[part] = self._colour[part] * (1 - share) + share * np.array(colour, np.float32)
        self._alpha[part] = room * (1 - share) + share

    def patch(self) -> Patch:
        """What has been drawn."""
        clear = 255 - np.rint(self._alpha * 255).astype(np.uint16)
        colour = np.minimum(np.rint(self._colour * 255), (255 - clear) * np.uint16(255))
        return Patch(colour.astype(np.uint16), np.repeat(clear, 3, axis=2))


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType and has no scalable font")
    return font


@lru_cache(maxsize=1024)
def _word(word: str, size: int) -> Alpha:
    font = _font(size)
    ascent, descent = font.getmetrics()
    # The font has one weight, a thin one: a hair of outline makes small text readable on a moving picture.
    bold = size / 45
    picture = Image.new("L", (math.ceil(font.getlength(word) + 2 * bold), ascent + descent))
    ImageDraw.Draw(picture).text((bold, 0), word, fill=255, font=font, stroke_width=bold, stroke_fill=255)
    return np.asarray(picture, np.uint8)


def text(words: str, size: int) -> Alpha:
    """The words at `size` pixels, as `(line height, width) uint8` opacity; all words sit on one baseline.

    Drawing letters is slow, so every word is kept; there are few besides the percentages and ids.
    """
    parts = [_word(word, size) for word in words.split(" ")]
    # The font's own word space is thin, and the outline makes it thinner: "No mask" would read as one word.
    space = round(0.3 * size)
    line = np.zeros((parts[0].shape[0], sum(part.shape[1] for part in parts) + space * (len(parts) - 1)), np.uint8)
    x = 0
    for part in parts:
        line[:, x : x + part.shape[1]] = part
        x += part.shape[1] + space
    return line


_FINE = 8


@lru_cache(maxsize=64)
def symbol(verdict: Verdict, size: int) -> tuple[Alpha, Alpha]:
    """The verdict's sign in a `size` pixel square: opacity of its shape and of the mark in it, uint8.

    A check mark in a disc, an exclamation mark in a triangle, a question mark in a diamond.
    """
    n = size * _FINE
    shape, mark = np.zeros((n, n), np.uint8), np.zeros((n, n), np.uint8)

    def points(*pairs: tuple[float, float]) -> NDArray[np.int32]:
        return np.asarray(np.rint(np.array(pairs) * n), np.int32)

    if verdict is Verdict.MASK:
        cv2.circle(shape, (n // 2, n // 2), round(n * 0.48), 255, -1)
        check = points((0.26, 0.53), (0.43, 0.69), (0.74, 0.33))
        cv2.polylines(mark, [check], False, 255, round(n * 0.13), cv2.LINE_AA)
    elif verdict is Verdict.NO_MASK:
        triangle = points((0.5, 0.1), (0.94, 0.88), (0.06, 0.88))
        cv2.fillPoly(shape, [triangle], 255)
        cv2.polylines(shape, [triangle], True, 255, round(n * 0.1))
        cv2.fillPoly(mark, [points((0.43, 0.32), (0.57, 0.32), (0.545, 0.63), (0.455, 0.63))], 255)
        cv2.circle(mark, (n // 2, round(n * 0.76)), round(n * 0.07), 255, -1)
    else:
        cv2.fillPoly(shape, [points((0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5))], 255)
        picture = Image.fromarray(mark)
        ImageDraw.Draw(picture).text(
            (n / 2, n / 2), "?", 255, _font(round(n * 0.72)), "mm", stroke_width=n / 60, stroke_fill=255
        )
        mark = np.asarray(picture)
    small = (size, size)
    return (
        np.asarray(cv2.resize(shape, small, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(mark, small, interpolation=cv2.INTER_AREA), np.uint8),
    )


@lru_cache(maxsize=64)
def plate(width: int, height: int, radius: int) -> Alpha:
    """Opacity of a rounded rectangle, `(height, width) uint8`."""
    radius = min(radius, width // 2, height // 2)
    # Distance from the inner rectangle, at pixel centres, gives an anti-aliased corner without drawing.
    x = np.maximum(np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius), 0)
    y = np.maximum(np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius), 0)
    inside = np.clip(radius + 0.5 - np.hypot(x[None, :], y[:, None]), 0, 1)
    return np.asarray(np.rint(inside * 255), np.uint8)


@lru_cache(maxsize=64)  # a picture's worth: in large pictures each holds a megabyte
def label(verdict: Verdict, words: str, details: str, size: int, faded: bool) -> Patch:
    """A face's label: its sign, what is said of it and, less strong, the details; `size` is the text's.

    A plate in the verdict's colour with dark text, so that the text's contrast is at least 5 to 1.
    """
    said, more = text(words, size), text(details, size) if details else None
    sign, mark = symbol(verdict, max(round(size * 1.05), 6))
    pad, gap = max(round(size * 0.3), 2), max(round(size * 0.32), 2)
    height = max(said.shape[0], len(sign)) + 2 * max(round(size * 0.12), 1)
    width = pad + len(sign) + gap + said.shape[1] + pad
    if more is not None:
        width += 2 * gap + more.shape[1]
    # Percentages change with every frame, so this is made afresh often: one pass over two colours, not layers.
    ink = np.zeros((height, width), np.float32)
    top = (height - len(sign)) // 2
    ink[top : top + len(sign), pad : pad + len(sign)] = sign * (1 - mark / np.float32(255))
    x, y = pad + len(sign) + gap, (height - said.shape[0]) // 2
    ink[y : y + said.shape[0], x : x + said.shape[1]] = said
    if more is not None:
        x += said.shape[1] + 2 * gap
        ink[y : y + more.shape[0], x : x + more.shape[1]] = more * np.float32(0.85)
    ink /= 255
    back = plate(width, height, round(size * 0.3)) * np.float32((0.72 if faded else 0.94) / 255) * (1 - ink)
    # Rounded down, both: more than 255 in all would overflow when laid. And plane by plane: NumPy is slow at
    # broadcasting over a last axis of three.
    planes = [back * (255.0 * c) + ink * (255.0 * i) for c, i in zip(COLOURS[verdict], INK, strict=True)]
    clear = np.maximum(255 * (1 - back - ink), 0).astype(np.uint16)
    return Patch(np.stack(planes, axis=2).astype(np.uint16), np.stack([clear] * 3, axis=2))


@lru_cache(maxsize=64)
def counts(numbers: tuple[tuple[Verdict, int], ...], size: int, short: bool) -> Patch:
    """How many people there are of each verdict, on a dark plate; `short` leaves out the verdicts' words."""
    people = sum(number for _, number in numbers)
    first = text(counted(people, "person", "people"), size)
    parts = [
        (verdict, number, text(str(number) if short else f"{number} {verdict.words}", size))
        for verdict, number in numbers
    ]
    side = max(round(size * 1.05), 6)
    pad, gap, step = max(round(size * 0.5), 3), max(round(size * 0.28), 2), max(round(size * 0.75), 4)
    height = max(first.shape[0], side) + 2 * max(round(size * 0.22), 1)
    width = 2 * pad + first.shape[1] + sum(step + side + gap + part.shape[1] for _, _, part in parts)
    canvas = Canvas(width, height)
    canvas.add(plate(width, height, round(size * 0.4)), INK, opacity=0.68)
    x, y = pad, (height - first.shape[0]) // 2
    canvas.add(first, PAPER, x, y)
    x += first.shape[1]
    for verdict, number, part in parts:
        # What nobody does is said more quietly, but keeps its place so that the plate doesn't jump about.
        strength = 1.0 if number else 0.6
        sign, mark = symbol(verdict, side)
        x += step
        canvas.add(sign, COLOURS[verdict], x, (height - side) // 2, strength)
        canvas.add(mark, INK, x, (height - side) // 2)
        x += side + gap
        canvas.add(part, PAPER, x, y, strength)
        x += part.shape[1]
    return canvas.patch()
