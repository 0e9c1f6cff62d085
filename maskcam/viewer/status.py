"""The large, quiet status bar: who is in view, and how the alarm stands."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from maskcam.frames import Verdict
from maskcam.viewer.palette import desktop_scale, font, sign
from maskcam.viewer.shown import AlarmLight, Shown
from maskcam.words import clock, counted

_SIDE = 26
_NUMBER = 21.0
_WORD = 9.5
_NARROW = 800
_NAME = 24
"""Characters of a source's name that are shown where there is no room for all of it."""
_UNKNOWN = "\N{EN DASH}"
PALE = 0.8
"""Strength of the sign beside a zero; paler than this it could not be made out on some desktop's ground."""


class _Tile(QWidget):
    """One number, its word, and the sign of its verdict."""

    def __init__(self, word: str, verdict: Verdict | None) -> None:
        super().__init__()
        self._word, self._verdict = word, verdict
        self._sign = QLabel()
        self._number = QLabel(_UNKNOWN)
        self._number.setFont(font(_NUMBER * desktop_scale(), bold=True))
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("0"))
        self.words = QLabel(word)
        self.words.setFont(font(_WORD * desktop_scale()))
        row = self.row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
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
            self._paint_sign(1.0 if strong else PALE)
        self._count = count
        self._number.setText(_UNKNOWN if count is None else str(count))
        said = f"{self._word}: {'not known' if count is None else count}"
        self.setAccessibleName(said)
        self.setToolTip(said)

    def _paint_sign(self, strength: float) -> None:
        if self._verdict is not None:
            ratio = self.devicePixelRatioF()
            self._sign.setPixmap(
                QPixmap.fromImage(sign(self._verdict, round(_SIDE * desktop_scale()), ratio, strength))
            )


class Line(QLabel):
    """A line of words, on the right, in the longest of its wordings for which there is room."""

    def __init__(self, points: float) -> None:
        super().__init__()
        self._wordings: tuple[str, ...] = ("",)
        self.setFont(font(points * desktop_scale()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, wordings: tuple[str, ...]) -> None:
        """Say this, from the longest wording to the shortest; the longest is also read out and in the tooltip."""
        if wordings != self._wordings:
            self._wordings = wordings
            self.setText(wordings[0])
            self.setToolTip(wordings[0])
            self.update()

    def painted(self) -> str:
        """The words as they fit, the shortest wording cut at its end where even that doesn't."""
        measure, room = self.fontMetrics(), self.width()
        for words in self._wordings:
            if measure.horizontalAdvance(words) <= room:
                return words
        return measure.elidedText(self._wordings[-1], Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), self.painted())
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
        self.alarm, self.source = Line(10.5), Line(_WORD)
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
        return QSize(round(320 * desktop_scale()), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the signs stand for themselves; their words stay in the tooltips."""
        wide = self.width() >= _NARROW * desktop_scale()
        for tile in self._tiles:
            tile.words.setVisible(wide)
            tile.row.setSpacing(8 if wide else 5)
        self._row.setSpacing(26 if wide else 12)
        self._row.setContentsMargins(*(18, 7, 18, 7) if wide else (12, 7, 12, 7))

    def show_state(self, shown: Shown) -> None:
        """Show the numbers of now."""
        counts = shown.counts
        self.people.show_count(None if counts is None else counts.people)
        self.with_mask.show_count(None if counts is None else counts.mask)
        self.without.show_count(None if counts is None else counts.no_mask)
        self.unsure.show_count(None if counts is None else counts.unsure)
        self.alarm.say(alarm_words(shown))
        self.source.say(source_words(shown))


def alarm_words(shown: Shown) -> tuple[str, ...]:
    """How the alarm stands, from the longest wording to the shortest."""
    match shown.alarm:
        case AlarmLight.OFF:
            return ("Alarm off",)
        case AlarmLight.WATCHING:
            return ("Alarm on",)
        case AlarmLight.SNOOZED:
            left = clock(math.ceil(shown.snooze_left))
            return (f"Alarm silent for {left}", f"Silent {left}")
        case AlarmLight.RAISED:
            return ("ALARM: no mask", "ALARM")


def source_words(shown: Shown) -> tuple[str, ...]:
    """What is watched, and what was seen since it was chosen, from the longest wording to the shortest."""
    if shown.source is None:
        return ("",)
    name = shown.source
    short = name if len(name) <= _NAME else f"{name[: _NAME // 2 - 1]}…{name[-_NAME // 2 :]}"
    seen, without = shown.people, shown.people_without
    people = f"{counted(seen, 'person', 'people')} seen, {without} without a mask"
    few = f"{seen} seen, {without} without"
    # The name comes first to go: the window's user knows what they chose.
    return (
        f"{name}  ·  {people}",
        f"{short}  ·  {people}",
        people,
        f"{short}  ·  {few}",
        few,
        f"{without}/{seen} without",
    )
