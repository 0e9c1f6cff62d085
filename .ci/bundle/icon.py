"""Draws the icon: `python .ci/bundle/icon.py assets/icon.png`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 256
_FINE = 8
"""Drawn so many times as large, then scaled down, for smooth edges."""
_GROUND, _CORNERS, _SKIN, _CLOTH, _FOLD, _EYES = "#12141a", "#009e73", "#f3d9c4", "#56b4e9", "#2f86b8", "#12141a"


def draw(side: int = SIDE) -> Image.Image:
    """A face with a mask between the corners of a viewfinder, `side` pixels wide, RGBA."""
    image = Image.new("RGBA", (SIDE * _FINE, SIDE * _FINE))
    pen = ImageDraw.Draw(image)

    def scaled(*numbers: float) -> list[float]:
        return [number * _FINE for number in numbers]

    pen.rounded_rectangle(scaled(4, 4, 251, 251), radius=52 * _FINE, fill=_GROUND)
    for x, across in ((34, 1), (222, -1)):
        for y, down in ((34, 1), (222, -1)):
            for x1, y1 in ((x + 40 * across, y), (x, y + 40 * down)):
                pen.line(scaled(x, y, x1, y1), fill=_CORNERS, width=13 * _FINE)
                for end in ((x, y), (x1, y1)):
                    pen.ellipse(scaled(end[0] - 6.5, end[1] - 6.5, end[0] + 6.5, end[1] + 6.5), fill=_CORNERS)
    pen.ellipse(scaled(63, 44, 193, 214), fill=_SKIN)
    for x in (103, 153):
        pen.ellipse(scaled(x - 8, 98, x + 8, 114), fill=_EYES)
    for y, x in ((138, 66), (180, 80)):
        pen.line(scaled(x, y, 256 - x, y), fill=_CLOTH, width=6 * _FINE)
    pen.polygon(scaled(78, 134, 128, 122, 178, 134, 172, 184, 128, 208, 84, 184), fill=_CLOTH)
    for y in (150, 165, 180):
        pen.line(scaled(98, y, 158, y), fill=_FOLD, width=5 * _FINE)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def write_icons(folder: Path) -> None:
    """Write `maskcam.ico` for Windows and `maskcam.icns` for macOS, each with its usual sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    draw().save(folder / "maskcam.ico", sizes=[(side, side) for side in (16, 24, 32, 48, 64, 128, 256)])
    draw(1024).save(folder / "maskcam.icns")


if __name__ == "__main__":
    draw().save(Path(sys.argv[1]), optimize=True)
