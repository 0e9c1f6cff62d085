"""What the viewer paints over the picture: words that fit, and signs that say what is so now."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtGui import QImage

from maskcam.frames import Pixels
from maskcam.viewer.canvas import Canvas
from maskcam.viewer.palette import RECORD
from maskcam.viewer.shown import AlarmLight, Picture, Shown

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


def test_the_alarm_s_words_leave_a_video_s_time_and_a_notice_alone(canvas: Canvas) -> None:
    canvas.resize(410, 308)
    video = {"position": 3.0, "duration": 8.0}
    alarm = {"alarm": AlarmLight.RAISED, "alarmed": frozenset({1, 2, 3})}
    plain, raised = painted(canvas, **video), painted(canvas, **alarm, **video)
    frame = 12
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
