"""Contact sheets: every face that was judged wrongly, with its name, the truth and the probability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskcam.crops import resize
from maskcam.frames import Pixels
from maskcam.modelcard import CropRule
from training.judge import Judged
from training.pictures import whole_crop

COLUMNS, ROWS = 6, 5
SIDE = 180
"""Pixels of a face on the sheet."""
_TEXT, _GAP, _HEAD = 50, 10, 40
_MISSED, _FALSE = (176, 58, 0), (0, 84, 150)


def sheets(judged: Judged, wrong: Sequence[int], rule: CropRule) -> Iterator[Pixels]:
    """Yield the pages, `(h, w, 3) uint8 RGB`, that show the faces `wrong` in this order; none for no face."""
    on_page = COLUMNS * ROWS
    pages = -(-len(wrong) // on_page)
    for page in range(pages):
        chosen = wrong[page * on_page : (page + 1) * on_page]
        yield _sheet(judged, chosen, rule, f"Wrong predictions, page {page + 1} of {pages}, {len(wrong)} in all")


def _sheet(judged: Judged, chosen: Sequence[int], rule: CropRule, title: str) -> Pixels:
    rows = -(-len(chosen) // COLUMNS)
    wide, high = SIDE + _GAP, SIDE + _TEXT + _GAP
    sheet = Image.new("RGB", (COLUMNS * wide + _GAP, _HEAD + rows * high + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 10), title, fill="black", font=_font(18))
    for place, number in enumerate(chosen):
        face = judged.faces[number]
        x, y = _GAP + place % COLUMNS * wide, _HEAD + place // COLUMNS * high
        crop = resize(whole_crop(face.path, face.box, rule), SIDE)
        sheet.paste(Image.fromarray(crop), (x, y))
        colour, kind = (_MISSED, "MISSED") if face.bare else (_FALSE, "FALSE ALARM")
        lines = [
            _fit(face.path.name, _font(13)),
            f"{kind}, truth: {face.truth.replace('_', ' ')}",
            f"no mask {judged.no_mask_probability[number]:.3f}, {judged.sizes[number]} px",
        ]
        for line, text in enumerate(lines):
            ink = "black" if line == 0 else colour
            draw.text((x, y + SIDE + 2 + 15 * line), _fit(text, _font(13)), fill=ink, font=_font(13))
    return np.array(sheet, np.uint8)


def _fit(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Shorten a text in its middle until it is as wide as a face; the end of a file name tells most."""
    # A name that isn't text to the system still has to be drawn.
    text = text.encode(errors="replace").decode()
    kept = len(text)
    short = text
    while font.getlength(short) > SIDE and kept > 2:
        kept -= 1
        short = f"{text[: kept // 3]}...{text[-(kept - kept // 3) :]}"
    return short


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
