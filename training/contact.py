"""Contact sheets: many small pictures on a page, each with a few words below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskcam.crops import resize
from maskcam.frames import Pixels
from maskcam.modelcard import CropRule
from training.judge import Judged
from training.pictures import whole_crop

_GAP, _HEAD = 10, 40
RED, BLUE = (176, 58, 0), (0, 84, 150)
"""Inks for the serious errors and for the others."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How many tiles a page holds, the side of their pictures in pixels, the lines below and the size of their type."""

    columns: int
    rows: int
    side: int
    lines: int
    type_size: int

    @property
    def on_page(self) -> int:
        """How many tiles a page holds."""
        return self.columns * self.rows


LARGE = Layout(columns=6, rows=5, side=180, lines=3, type_size=13)
SMALL = Layout(columns=10, rows=16, side=120, lines=5, type_size=11)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A picture `(h, w, 3) uint8 RGB` and the words below it; all lines but the first are in `ink`."""

    picture: Pixels
    lines: tuple[str, ...]
    ink: tuple[int, int, int]


def page(tiles: Sequence[Tile], title: str, layout: Layout) -> Pixels:
    """Return a page, `(h, w, 3) uint8 RGB`, as high as its tiles need; ValueError for more than fit."""
    if len(tiles) > layout.on_page:
        raise ValueError(f"{len(tiles)} tiles don't fit a page of {layout.on_page}")
    step, font = layout.type_size + 2, ImageFont.load_default(layout.type_size)
    wide, high = layout.side + _GAP, layout.side + layout.lines * step + 5 + _GAP
    rows = -(-len(tiles) // layout.columns)
    sheet = Image.new("RGB", (layout.columns * wide + _GAP, _HEAD + rows * high + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 10), title, fill="black", font=ImageFont.load_default(18))
    for place, tile in enumerate(tiles):
        x, y = _GAP + place % layout.columns * wide, _HEAD + place // layout.columns * high
        sheet.paste(Image.fromarray(resize(tile.picture, layout.side)), (x, y))
        for line, text in enumerate(tile.lines):
            ink = "black" if line == 0 else tile.ink
            below = y + layout.side + 2 + step * line
            draw.text((x, below), _fit(text, font, layout.side), fill=ink, font=font)
    return np.array(sheet, np.uint8)


def sheets(judged: Judged, wrong: Sequence[int], rule: CropRule) -> Iterator[Pixels]:
    """Yield the pages, `(h, w, 3) uint8 RGB`, that show the faces `wrong` in this order; none for no face."""
    pages = -(-len(wrong) // LARGE.on_page)
    for number in range(pages):
        chosen = wrong[number * LARGE.on_page : (number + 1) * LARGE.on_page]
        tiles = [_wrong(judged, one, rule) for one in chosen]
        yield page(tiles, f"Wrong predictions, page {number + 1} of {pages}, {len(wrong)} in all", LARGE)


def _wrong(judged: Judged, number: int, rule: CropRule) -> Tile:
    face = judged.faces[number]
    ink, kind = (RED, "MISSED") if face.bare else (BLUE, "FALSE ALARM")
    said = "no face" if judged.rejected[number] else f"no mask {judged.no_mask_probability[number]:.3f}"
    lines = (
        face.path.name,
        f"{kind}, truth: {face.truth.replace('_', ' ')}",
        f"{said}, {judged.sizes[number]} px",
    )
    return Tile(whole_crop(face.path, face.box, rule), lines, ink)


def _fit(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, wide: int) -> str:
    """Shorten a text in its middle until it is no wider than its picture; the end of a file name tells most."""
    # A name that isn't text to the system still has to be drawn.
    text = text.encode(errors="replace").decode()
    kept = len(text)
    short = text
    while font.getlength(short) > wide and kept > 2:
        kept -= 1
        short = f"{text[: kept // 3]}...{text[-(kept - kept // 3) :]}"
    return short
