"""The large, quiet status bar: who is in view, and how the alarm stands."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from maskcam.frames import Verdict
from maskcam.viewer.palette import font, sign
from maskcam.viewer.shown import AlarmLight, Shown

_SIDE = 26
_NUMBER = 21.0
_WORD = 9.5
_NARROW = 720
_UNKNOWN = "\N{EN DASH}"


class _Tile(QWidget):
    """One number, its word, and the sign of its verdict."""

    def __init__(self, word: str, verdict: Verdict | None) -> None:
        super().__init__()
        self._word, self._verdict = word, verdict
        self._sign = QLabel()
        self._number = QLabel(_UNKNOWN)
        self._number.setFont(font(_NUMBER, bold=True))
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("0"))
        self.words = QLabel(word)
        self.words.setFont(font(_WORD))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        if verdict is not None:
            row.addWidget(self._sign)
        row.addWidget(self._number)
        row.addWidget(self.words)
        self._count: int | None = 0
        self.show_count(None)

    def show_count(self, count: int | None) -> None:
        """Show this number, or a dash while it isn't known."""
        if count == self._count:
            return
        strong = bool(count)
        if strong is not bool(self._count) or self._sign.pixmap().isNull():
            self._paint_sign(1.0 if strong else 0.45)
        self._count = count
        self._number.setText(_UNKNOWN if count is None else str(count))
        said = f"{self._word}: {'not known' if count is None else count}"
        self.setAccessibleName(said)
        self.setToolTip(said)

    def _paint_sign(self, strength: float) -> None:
        if self._verdict is not None:
            ratio = self.devicePixelRatioF()
            self._sign.setPixmap(QPixmap.fromImage(sign(self._verdict, _SIDE, ratio, strength)))


class _Line(QLabel):
    """A line of words, cut at its end where there is no room for all of it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what there is room for, on the right."""
        painter = QPainter(self)
        said = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), said)
        painter.end()


class StatusBar(QWidget):
    """People in view, with mask, without, unsure; on the right the alarm, and what was seen in all."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Status")
        self.people = _Tile("in view", None)
        self.without = _Tile("without mask", Verdict.NO_MASK)
        self.with_mask = _Tile("with mask", Verdict.MASK)
        self.unsure = _Tile("unsure", Verdict.UNSURE)
        self.alarm = _Line()
        self.alarm.setFont(font(10.5))
        self.source = _Line()
        self.source.setFont(font(_WORD))
        for one in (self.alarm, self.source):
            one.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        right = QVBoxLayout()
        right.setSpacing(1)
        right.addWidget(self.alarm)
        right.addWidget(self.source)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(18, 7, 18, 7)
        row.setSpacing(26)
        # Else the words would keep a small window from being made smaller.
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._tiles = (self.people, self.without, self.with_mask, self.unsure)
        for tile in self._tiles:
            row.addWidget(tile)
        row.addLayout(right, 1)

    def minimumSizeHint(self) -> QSize:
        """Room for the numbers and signs alone."""
        return QSize(320, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the signs stand for themselves; their words stay in the tooltips."""
        wide = self.width() >= _NARROW
        for tile in self._tiles:
            tile.words.setVisible(wide)
        self.source.setVisible(wide)
        self._row.setSpacing(26 if wide else 12)

    def show_state(self, shown: Shown) -> None:
        """Show the numbers of now."""
        counts = shown.counts
        self.people.show_count(None if counts is None else counts.people)
        self.with_mask.show_count(None if counts is None else counts.mask)
        self.without.show_count(None if counts is None else counts.no_mask)
        self.unsure.show_count(None if counts is None else counts.unsure)
        _say(self.alarm, alarm_words(shown))
        _say(self.source, source_words(shown))


def alarm_words(shown: Shown) -> str:
    """How the alarm stands."""
    match shown.alarm:
        case AlarmLight.OFF:
            return "Alarm off"
        case AlarmLight.WATCHING:
            return "Alarm on"
        case AlarmLight.SNOOZED:
            minutes, seconds = divmod(int(shown.snooze_left + 0.999), 60)
            return f"Alarm silent for {minutes}:{seconds:02d}"
        case AlarmLight.RAISED:
            return "ALARM: no mask"


def source_words(shown: Shown) -> str:
    """What is watched, and what was seen since it was chosen."""
    if shown.source is None:
        return ""
    people = f"{shown.people} {'person' if shown.people == 1 else 'people'} seen, {shown.people_without} without a mask"
    return f"{shown.source}  ·  {people}"


def _say(label: QLabel, words: str) -> None:
    if label.text() != words:
        label.setText(words)
        label.setToolTip(words)
