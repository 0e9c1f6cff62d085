"""What the viewer paints over the picture: words that fit, and signs that say what is so now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtGui import QFont, QImage
from PySide6.QtWidgets import QApplication

from maskcam.frames import Pixels
from maskcam.viewer.canvas import Canvas
from maskcam.viewer.palette import RECORD
from maskcam.viewer.shown import AlarmLight, Picture, Shown
from maskcam.viewer.status import StatusBar
from maskcam.viewer.timeline_strip import TimelineStrip
from maskcam.viewer.welcome import WelcomePage

LONG = (
    "/media/reception/USB DISK/recordings of the entrance hall: nothing can be written there (read-only file system);"
    " choose another folder"
)
PICTURE = Picture(np.full((480, 640, 3), 128, np.uint8), None, 0, 0.0)


def painted(canvas: Canvas, **shown: Any) -> Pixels:
    """The canvas with a grey picture, and over it what `shown` asks for, as `(h, w, 3) uint8`."""
    canvas.set_shown(Shown(source="Desk", picture=PICTURE, **shown))
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def canvas(qtbot: Any) -> Canvas:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(640, 480)
    return made


@pytest.fixture
def desktop_font(qtbot: Any) -> Iterator[Callable[[float], None]]:
    """Sets the points of the desktop's font."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    before = app.font()

    def use(points: float) -> None:
        font = QFont(before)
        font.setPointSizeF(points)
        app.setFont(font)

    yield use
    app.setFont(before)


@pytest.mark.parametrize("width", [320, 410, 640])
def test_a_long_notice_is_whole_and_leaves_a_video_s_time_alone(canvas: Canvas, width: int) -> None:
    canvas.resize(width, width * 3 // 4)
    video = {"position": 3.0, "duration": 8.0}
    plain, noticed = painted(canvas, **video), painted(canvas, notice=LONG, **video)
    changed = (plain != noticed).any(axis=2)
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    assert columns[0] > 2 and columns[-1] < width - 3, "nothing is cut off at the sides"
    time = (painted(canvas) != plain).any(axis=2)
    assert time.any() and not (time & changed).any()
    short = (painted(canvas, notice="A short line", **video) != plain).any(axis=2)
    assert rows[-1] - rows[0] > np.ptp(np.flatnonzero(short.any(axis=1))), "it has several lines"


@pytest.mark.parametrize("size", [(410, 308), (320, 400), (1100, 620), (480, 900)])
@pytest.mark.parametrize("points", [9, 18, 30])
def test_the_alarm_s_words_leave_a_video_s_time_and_a_notice_alone(
    canvas: Canvas, desktop_font: Callable[[float], None], size: tuple[int, int], points: float
) -> None:
    desktop_font(points)
    canvas.resize(*size)
    video = {"position": 3.0, "duration": 8.0}
    alarm = {"alarm": AlarmLight.RAISED, "alarmed": frozenset({1, 2, 3})}
    plain, raised = painted(canvas, **video), painted(canvas, **alarm, **video)
    frame = 24
    words = (raised != plain).any(axis=2)[frame:-frame, frame:-frame]
    time = (painted(canvas) != plain).any(axis=2)[frame:-frame, frame:-frame]
    notice = (painted(canvas, notice=LONG, **alarm, **video) != raised).any(axis=2)[frame:-frame, frame:-frame]
    assert words.any() and time.any() and notice.any()
    assert not (words & time).any() and not (words & notice).any()


def test_the_red_dot_says_that_something_is_recorded_now(canvas: Canvas) -> None:
    def red(**shown: Any) -> int:
        corner = painted(canvas, **shown)[:80, 320:].astype(int)
        return int((np.abs(corner - RECORD.getRgb()[:3]).max(axis=2) < 20).sum())

    assert red(recording=12.0) > 20
    assert red(recording=12.0, greyed=True) == 0, "what is greyed isn't recorded"
    assert red() == 0


def test_words_are_as_large_as_those_of_the_desktop(qtbot: Any, desktop_font: Callable[[float], None]) -> None:
    found = []
    for points in (9, 18, 30):
        desktop_font(points)
        status, strip, page = StatusBar(), TimelineStrip(), WelcomePage()
        for widget in (status, strip, page):
            qtbot.addWidget(widget)
        page.resize(1000, 700)
        page.show()
        lines = [status.alarm, status.source, page.title, page.words, page.demo_button]
        words = [one.fontMetrics().height() for one in lines]
        found.append([*words, status.minimumSizeHint().height(), strip.sizeHint().height()])
    usual, larger, largest = np.array(found)
    assert (larger[:-1] > 1.3 * usual[:-1]).all() and (largest > larger).all() and (larger > usual).all()


def test_the_welcome_page_is_whole_in_a_small_window(qtbot: Any, desktop_font: Callable[[float], None]) -> None:
    desktop_font(30)
    page = WelcomePage()
    qtbot.addWidget(page)
    page.looked([])
    page.resize(410, 310)
    page.show()
    for label in (page.title, page.words):
        assert label.height() >= label.heightForWidth(label.width())
    assert page.video_button.width() >= page.video_button.sizeHint().width()


def test_a_notice_is_as_large_as_the_desktop_s_words_where_there_is_room(
    canvas: Canvas, desktop_font: Callable[[float], None]
) -> None:
    def rows(points: float, size: tuple[int, int]) -> int:
        desktop_font(points)
        canvas.resize(*size)
        changed = painted(canvas) != painted(canvas, notice="Saved")
        return int(changed.any(axis=(1, 2)).sum())

    assert rows(18, (1200, 900)) > 1.4 * rows(9, (1200, 900))
    assert rows(18, (320, 240)) == rows(9, (320, 240)), "else not all words would be seen there"
