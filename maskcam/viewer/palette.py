"""The viewer's colours and fonts, the overlay's where they mean the same."""

from __future__ import annotations

import sys

import numpy as np
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QImage

from maskcam.frames import Verdict
from maskcam.overlay_patches import COLOURS, INK, PAPER, symbol

GROUND = QColor(18, 20, 24)
"""Behind the picture, in both themes: a picture is judged best on a dark ground."""
PLATE = QColor(*INK, 205)
HELP_PLATE = QColor(*INK, 240)
WORDS = QColor(*PAPER)
QUIET_WORDS = QColor(*PAPER, 190)
ALARM = QColor(*COLOURS[Verdict.NO_MASK])
RECORD = QColor(229, 57, 53)

_USUAL = {"win32": 9.0, "darwin": 13.0}.get(sys.platform, 12.0)
"""Points of the words of a desktop on which nobody has asked for larger ones; the largest of them on Linux."""


def colour(verdict: Verdict) -> QColor:
    """The verdict's colour, as in the picture."""
    return QColor(*COLOURS[verdict])


def font(points: float, *, bold: bool = False) -> QFont:
    """The desktop's own font at this size."""
    made = QFont(QGuiApplication.font())
    made.setPointSizeF(points)
    made.setBold(bold)
    return made


def desktop_scale() -> float:
    """How many times larger than usual the desktop's words are, 1 to 2: whoever can't read small ones sets that."""
    return min(max(QFontInfo(QGuiApplication.font()).pointSizeF() / _USUAL, 1.0), 2.0)


def sign(verdict: Verdict, side: int, ratio: float, strength: float = 1.0) -> QImage:
    """The verdict's sign as in the picture, `side` logical pixels wide, for a screen of this pixel ratio."""
    pixels = max(round(side * ratio), 6)
    shape, mark = symbol(verdict, pixels)
    share = mark[..., None] / np.float32(255)
    rgba = np.empty((pixels, pixels, 4), np.uint8)
    rgba[..., :3] = np.rint(np.array(COLOURS[verdict]) * (1 - share) + np.array(INK) * share)
    rgba[..., 3] = np.rint(shape * strength)
    image = QImage(rgba.data, pixels, pixels, 4 * pixels, QImage.Format.Format_RGBA8888).copy()
    image.setDevicePixelRatio(ratio)
    return image
