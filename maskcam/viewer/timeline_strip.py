"""The last ten minutes as a painted strip: people, and bare faces, second by second."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from maskcam.frames import Verdict
from maskcam.viewer.palette import colour, desktop_scale, font
from maskcam.viewer.timeline import SECONDS, Moment

_BARS = 29.0
_NARROW = 460
_LEFT, _RIGHT, _TOP, _FOOT = 18.0, 18.0, 6.0, 17.0


class TimelineStrip(QWidget):
    """Grey bars for people in view; the part of each that was without a mask is coloured and has a cap."""

    def __init__(self) -> None:
        super().__init__()
        self._moments: tuple[Moment, ...] = ()
        self._now = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The last ten minutes")

    def sizeHint(self) -> QSize:
        """As wide as there is room, and low."""
        return QSize(600, round(_TOP + _BARS + _FOOT * desktop_scale()))

    def show_moments(self, moments: tuple[Moment, ...], now: float) -> None:
        """Paint these from now on."""
        if int(now) == int(self._now) and moments == self._moments:
            return
        self._moments, self._now = moments, now
        bare = sum(one.bare > 0 for one in moments)
        self.setAccessibleDescription(f"{len(moments)} seconds watched, in {bare} of them somebody without a mask")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the strip."""
        painter = QPainter(self)
        words = self.palette().color(QPalette.ColorRole.WindowText)
        room = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _FOOT * desktop_scale())
        quiet = QColor(words)
        quiet.setAlpha(40)
        painter.fillRect(QRectF(room.left(), room.bottom(), room.width(), 1), quiet)
        people = QColor(words)
        people.setAlpha(115)
        step = room.width() / SECONDS
        most = max((one.people for one in self._moments), default=0)
        scale = room.height() / max(most, 3)
        for one in self._moments:
            x = room.right() - (int(self._now) - one.second + 1) * step
            if x < room.left() - step or not one.people:
                continue
            # Wider than a second's share, lest hairlines show between bars.
            wide = max(step, 1.0) + 0.3
            painter.fillRect(QRectF(x, room.bottom() - one.people * scale, wide, one.people * scale), people)
            if one.bare:
                bar = QRectF(x, room.bottom() - one.bare * scale, wide, one.bare * scale)
                painter.fillRect(bar, colour(Verdict.NO_MASK))
                # A dark cap tells bare faces apart without colour.
                painter.fillRect(QRectF(bar.left(), bar.top(), bar.width(), 2.0), words)
        self._scale(painter, room, words, most)
        painter.end()

    def _scale(self, painter: QPainter, room: QRectF, words: QColor, most: int) -> None:
        faint = QColor(words)
        faint.setAlpha(150)
        painter.setPen(faint)
        painter.setFont(font(7.5 * desktop_scale()))
        foot = QRectF(room.left(), room.bottom() + 2, room.width(), _FOOT * desktop_scale() - 3)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignLeft), "10 min ago")
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), "now")
        said = f"people (grey) and bare faces (capped), at most {most} at once" if most else "nobody seen yet"
        if room.width() > _NARROW * desktop_scale():
            painter.drawText(foot, int(Qt.AlignmentFlag.AlignHCenter), said)
