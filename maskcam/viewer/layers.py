"""What is painted over the picture, each layer a function of what is shown."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from maskcam.frames import Verdict
from maskcam.viewer.keys import KEYS
from maskcam.viewer.palette import ALARM, HELP_PLATE, PLATE, QUIET_WORDS, RECORD, WORDS, desktop_scale, font, sign
from maskcam.viewer.shown import AlarmLight, Shown
from maskcam.words import clock

_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_WRAP = Qt.TextFlag.TextWordWrap
_LEAST = 0.72
"""The least scale at which words can be read."""
_COLUMN, _ROW = 400, 25.5
"""Width of a column and height of a row of the help at scale 1, in logical pixels."""


def paint_message(painter: QPainter, room: QRectF, shown: Shown) -> None:
    """The words over a picture that is missing or not of now."""
    message = shown.message
    if message is None:
        return
    scale = _scale(room)
    rows = [(message.title, font(17 * scale, bold=True), WORDS), (message.advice, font(11.5 * scale), WORDS)]
    rows += [(words, font(9.5 * scale), QUIET_WORDS) for words in (message.detail, shown.retry) if words]
    wide = min(room.width() - 32, 560 * scale)
    inner = QRectF(0, 0, wide - 48 * scale, 10000)
    heights = [QFontMetricsF(one).boundingRect(inner, int(_CENTRE | _WRAP), words).height() for words, one, _ in rows]
    gap = 9 * scale
    plate = QRectF(0, 0, wide, sum(heights) + gap * (len(rows) - 1) + 40 * scale)
    plate.moveCenter(room.center())
    _plate(painter, plate, 12 * scale)
    y = plate.top() + 20 * scale
    for (words, one, ink), high in zip(rows, heights, strict=True):
        painter.setFont(one)
        painter.setPen(ink)
        painter.drawText(QRectF(plate.left() + 24 * scale, y, inner.width(), high), int(_CENTRE | _WRAP), words)
        y += high + gap


def alarm_badge(shown: Shown) -> str:
    """The words that say whom a raised alarm means, "" while none is."""
    if shown.alarm is not AlarmLight.RAISED:
        return ""
    who = ", ".join(f"#{track}" for track in sorted(shown.alarmed))
    return f"No mask: {who}" if who else "No mask"


def paint_corner(painter: QPainter, room: QRectF, shown: Shown) -> None:
    """The red dot and the time of a recording, and the signs of private view and pause, at the top right."""
    scale = _scale(room)
    x, y = room.right() - 14 * scale, room.top() + 14 * scale
    parts = []
    if shown.recording is not None:
        # What is greyed isn't recorded.
        parts.append(("REC waits", False) if shown.greyed else (f"REC  {clock(shown.recording)}", True))
    if shown.private:
        parts.append(("Private", False))
    if shown.paused:
        parts.append(("Paused", False))
    one = font(10.5 * scale, bold=True)
    measure = QFontMetricsF(one)
    for words, dot in parts:
        high = measure.height() + 9 * scale
        lead = 20 * scale if dot else 0.0
        plate = QRectF(0, y, measure.horizontalAdvance(words) + 22 * scale + lead, high)
        plate.moveRight(x)
        _plate(painter, plate, high / 2)
        if dot:
            painter.setBrush(RECORD)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QPointF(plate.left() + 18 * scale, plate.center().y()), 5.5 * scale, 5.5 * scale)
        painter.setFont(one)
        painter.setPen(WORDS)
        painter.drawText(plate.adjusted(11 * scale + lead, 0, 0, 0), int(_LEFT), words)
        y += high + 7 * scale


def paint_foot(painter: QPainter, whole: QRectF, room: QRectF, shown: Shown, ratio: float) -> None:
    """From below: how far a video has come, whom the alarm means, and over them a line that goes by itself.

    The alarm is all over the window, `whole`; the others lie in the picture's part of it, `room`.
    """
    top = whole.bottom()
    if shown.position is not None and shown.duration:
        top = _paint_time(painter, room, shown.position, shown.duration, shown.looping)
    if shown.alarm is AlarmLight.RAISED:
        top = _paint_alarm(painter, whole, top, shown, ratio)
    if shown.notice:
        scale = _scale(room)
        bottom = min(room.bottom() - 26 * scale, top - 8 * scale)
        _badge(painter, room, bottom, shown.notice, scale)


def _paint_time(painter: QPainter, room: QRectF, position: float, duration: float, looping: bool) -> float:
    """How far a video has come; the top of that is returned, as it is by `_paint_alarm` and `_badge`."""
    scale = _scale(room)
    share = min(max(position / duration, 0.0), 1.0)
    bar = QRectF(room.left(), room.bottom() - 4 * scale, room.width(), 4 * scale)
    painter.fillRect(bar, PLATE)
    painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), WORDS)
    whole = f"{clock(position)} / {clock(duration)}{'   repeats' if looping else ''}"
    one = font(9.5 * scale)
    box = QRectF(0, 0, QFontMetricsF(one).horizontalAdvance(whole) + 20 * scale, 22 * scale)
    box.moveBottomRight(QPointF(room.right() - 14 * scale, bar.top() - 10 * scale))
    _plate(painter, box, box.height() / 2)
    painter.setFont(one)
    painter.setPen(WORDS)
    painter.drawText(box, int(_CENTRE), whole)
    return box.top()


def _paint_alarm(painter: QPainter, room: QRectF, below: float, shown: Shown, ratio: float) -> float:
    """The frame round the window, and over `below` the words that say whom the alarm means."""
    scale = _scale(room)
    line = 7 * scale
    pen = QPen(ALARM, line)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(room.adjusted(line / 2, line / 2, -line / 2, -line / 2))
    bottom = min(room.bottom() - line - 12 * scale, below - 8 * scale)
    return _badge(painter, room, bottom, alarm_badge(shown), scale * 1.35, alarm=True, ratio=ratio)


def paint_help(painter: QPainter, room: QRectF) -> None:
    """All keys, over everything."""
    columns, scale = help_layout(room)
    rows = math.ceil(len(KEYS) / columns)
    plate = QRectF(0, 0, (_COLUMN * columns + 30) * scale, (_ROW * rows + 78) * scale)
    plate.moveCenter(room.center())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(HELP_PLATE)
    painter.drawRoundedRect(plate, 12 * scale, 12 * scale)
    painter.setPen(WORDS)
    painter.setFont(font(14 * scale, bold=True))
    painter.drawText(QRectF(plate.left(), plate.top() + 14 * scale, plate.width(), 34 * scale), int(_CENTRE), "Keys")
    for place, key in enumerate(KEYS):
        column, row = divmod(place, rows)
        x = plate.left() + (26 + _COLUMN * column) * scale
        y = plate.top() + (54 + _ROW * row) * scale
        painter.setFont(font(10 * scale, bold=True))
        painter.setPen(WORDS)
        where = QRectF(x, y, 104 * scale, 25 * scale)
        painter.drawText(where, int(_LEFT), "  ".join(key.keys))
        painter.setFont(font(10 * scale))
        painter.setPen(QUIET_WORDS)
        painter.drawText(QRectF(where.right(), y, 300 * scale, 25 * scale), int(_LEFT), key.words)


def help_layout(room: QRectF) -> tuple[int, float]:
    """In one column or two, whichever lets the words be larger, and their scale."""

    def scale(columns: int) -> float:
        rows = math.ceil(len(KEYS) / columns)
        return min(_scale(room), room.height() / (_ROW * (rows + 4)), room.width() / (_COLUMN * columns + 40))

    columns = max((1, 2), key=scale)
    return columns, scale(columns)


def _scale(room: QRectF) -> float:
    fits = min(room.width() / 900, room.height() / 560)
    # In a small window large words would not all be seen.
    return min(max(fits, _LEAST), 1.6) * min(desktop_scale(), max(fits / _LEAST, 1.0))


def _plate(painter: QPainter, where: QRectF, radius: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(where, radius, radius)


def _badge(
    painter: QPainter,
    room: QRectF,
    bottom: float,
    words: str,
    scale: float,
    *,
    alarm: bool = False,
    ratio: float = 1.0,
) -> float:
    """Words on a plate of their own down to `bottom`, in as many lines as `room` is wide for."""
    one = font(11 * scale, bold=alarm)
    lead = 26 * scale if alarm else 0.0
    inner = QRectF(0, 0, max(room.width() - 56 * scale - lead, 40.0), 10000)
    needed = QFontMetricsF(one).boundingRect(inner, int(_CENTRE | _WRAP), words)
    plate = QRectF(0, 0, needed.width() + 33 * scale + lead, needed.height() + 14 * scale)
    plate.moveCenter(QPointF(room.center().x(), bottom - plate.height() / 2))
    _plate(painter, plate, 8 * scale)
    if alarm:
        side = round(19 * scale)
        painter.drawImage(
            QPointF(plate.left() + 15 * scale, plate.center().y() - side / 2), sign(Verdict.NO_MASK, side, ratio)
        )
    painter.setFont(one)
    painter.setPen(WORDS)
    painter.drawText(plate.adjusted(16 * scale + lead, 0, -16 * scale, 0), int(_LEFT | _WRAP), words)
    return plate.top()
