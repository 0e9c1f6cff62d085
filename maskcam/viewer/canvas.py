"""The widget that paints what is shown. It paints, and infers nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from maskcam.frames import Pixels
from maskcam.viewer.compose import compose, fitted
from maskcam.viewer.keys import KEYS
from maskcam.viewer.layers import alarm_badge, paint_corner, paint_foot, paint_help, paint_message
from maskcam.viewer.palette import GROUND
from maskcam.viewer.shown import Shown

_Look = tuple[object, ...]


class Canvas(QWidget):
    """Shows the newest picture with its verdicts, as large as fits, and the words over it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._shown = Shown()
        self._help = False
        self._look: _Look = ()
        self._pixels: Pixels | None = None
        self._image: QImage | None = None
        self.painted = 0
        self.ages: list[float] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Picture")

    @property
    def shown(self) -> Shown:
        """What is painted."""
        return self._shown

    @property
    def helping(self) -> bool:
        """Whether the keys are listed over the picture."""
        return self._help

    def show_help(self, on: bool) -> None:
        """List the keys over the picture, or stop."""
        self._help = on
        self._describe()
        self.update()

    def set_shown(self, shown: Shown) -> None:
        """Paint this from now on, and have a screen reader say what is new of it in words."""
        said, before = _spoken(shown), _spoken(self._shown)
        self._shown = shown
        if said != before:
            self._describe()
            if said:
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self.update()

    def _describe(self) -> None:
        keys = "; ".join(f"{one.keys[0]}: {one.words}" for one in KEYS) if self._help else ""
        self.setAccessibleDescription(". ".join(one for one in (_spoken(self._shown), keys) if one))

    def sizeHint(self) -> QSize:
        """A picture of 16 to 9 that leaves room on a small screen."""
        return QSize(960, 540)

    def minimumSizeHint(self) -> QSize:
        """Below this the words can't be read."""
        return QSize(320, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint all of it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        room = QRectF(self.rect())
        place = self._place()
        if place is not None and self._image is not None:
            painter.drawImage(place.topLeft(), self._image)
            room = QRectF(place)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        paint_corner(painter, room, self._shown)
        paint_message(painter, whole, self._shown)
        if self._help:
            paint_help(painter, whole)
        # Over the keys as well: they must not be missed.
        paint_foot(painter, whole, room, self._shown, self.devicePixelRatioF())
        painter.end()

    def _place(self) -> QRect | None:
        """Make the image of the picture ready, if it isn't, and say where it goes."""
        picture = self._shown.picture
        if picture is None:
            self._image, self._look = None, ()
            return None
        ratio = self.devicePixelRatioF()
        room = (max(round(self.width() * ratio), 1), max(round(self.height() * ratio), 1))
        x, y, width, height = fitted((picture.image.shape[1], picture.image.shape[0]), room)
        # The result is a new object with every glide, but the same one on a repaint that brings nothing new.
        what = (picture.number, id(picture.image), id(picture.result))
        look = (*what, width, height, ratio, self._shown.mirrored, self._shown.greyed)
        if look != self._look:
            self._look = look
            shown = self._shown
            self._pixels = compose(
                picture, mirrored=shown.mirrored, greyed=shown.greyed, counted=False, size=(width, height)
            )
            # QImage only borrows the pixels: they are kept beside it.
            self._image = QImage(self._pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._image.setDevicePixelRatio(ratio)
            self.painted += 1
            if self.ages is not None:
                self.ages.append(self._clock() - picture.at)
        return QRect(round(x / ratio), round(y / ratio), round(width / ratio), round(height / ratio))


def _spoken(shown: Shown) -> str:
    """What is painted in words, but for the seconds until the next try."""
    message = shown.message
    said = () if message is None else (message.title, message.advice, message.detail)
    return ". ".join(one for one in (alarm_badge(shown), *said, shown.notice) if one)
