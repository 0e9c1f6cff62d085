"""What the tests of the window share: what it shows, keys, and a portrait to look at."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtGui import QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from maskcam.frames import Pixels
from maskcam.viewer.app import forget_opencvs_qt
from maskcam.viewer.keys import BY_NAME
from maskcam.viewer.window import ViewerWindow
from tests.support import astronaut, scaled

forget_opencvs_qt()

Make = Callable[..., ViewerWindow]


def until(qtbot: Any, true: Callable[[], bool]) -> None:
    """Wait; the limit is only for what never comes, so it suits a machine with other work too."""
    qtbot.waitUntil(true, timeout=60_000)


def shown(one: ViewerWindow) -> Any:
    return one.front.canvas.shown


def title(one: ViewerWindow) -> str:
    message = shown(one).message
    return "" if message is None else message.title


def flowing(one: ViewerWindow) -> bool:
    return shown(one).picture is not None and not shown(one).greyed and shown(one).message is None


def grabbed(one: ViewerWindow) -> Pixels:
    image = one.front.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def key(one: ViewerWindow, name: str) -> None:
    """Press the command's first key."""
    QTest.keySequence(one, QKeySequence(BY_NAME[name].keys[0]))
    QApplication.processEvents()


def portrait(width: int, height: int, number: int) -> Pixels:
    """The astronaut, swaying, with a sensor's noise."""
    face = scaled(astronaut()[:400, 30:430], height / 400)
    image = np.full((height, width, 3), 90, np.uint8)
    left = (width - face.shape[1]) // 2 + round(20 * np.sin(number / 10))
    image[:, left : left + face.shape[1]] = face[:height]
    image[:4, :, :] = np.random.default_rng(number).integers(0, 255, (4, width, 3))
    return image


def leave(qtbot: Any, one: ViewerWindow) -> None:
    """Close a window; one that is still loading its models would be left to the end of the process."""
    if one.engine.running and one.isVisible():
        until(qtbot, lambda: one.engine._classifier is not None)
        until(qtbot, lambda: shown(one).picture is None or one.state._sight.judged)
    one.close()
    assert one.ended_cleanly
