"""Starts the viewer, and ends it in time whatever hangs."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from maskcam.assets import ICON, asset
from maskcam.errors import DONE, FAILED, FailedOnTheWay, UnusableInput
from maskcam.signals import call_on_signals
from maskcam.sinks.lines import one_line
from maskcam.sources.spec import SourceSpec
from maskcam.viewer.crash import LOG, CrashReporter, open_log
from maskcam.viewer.dialogs import tell, tell_of_crash
from maskcam.viewer.qt_messages import QtMessages
from maskcam.viewer.remember import Memory
from maskcam.viewer.settings import Settings
from maskcam.viewer.window import ViewerWindow


def run(
    spec: SourceSpec | None, weights: Path, threshold: float | None, smallest: int | None, trouble: str = ""
) -> int:
    """Open the window, and return when it is closed; `threshold` and `smallest` count before what is remembered.

    With `trouble`, one line about the source that was asked for, it says that and watches nothing yet. UnusableInput
    when the weights' card can't be used, FailedOnTheWay where Qt runs without windows already. The exit code is 1 where
    what is kept could not be completed at the end.
    """
    forget_opencvs_qt()
    messages = QtMessages()
    messages.install()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise FailedOnTheWay("a part of this program runs Qt without windows")
    app.setApplicationName("maskcam")
    app.setApplicationDisplayName("maskcam")
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(QIcon(str(asset(ICON))))
    log = open_log()
    messages.log()

    def overrides(settings: Settings) -> Settings:
        if threshold is not None:
            settings = replace(settings, threshold=threshold)
        return settings if smallest is None else replace(settings, smallest_face=smallest)

    window = ViewerWindow(weights, Memory(), overrides)
    reporter = CrashReporter(
        lambda words: tell_of_crash(window, words, None if log is None or log.failed else log.path)
    )
    reporter.install()

    failed_late: list[Exception] = []

    def failed(error: Exception) -> None:
        if window.finished:
            failed_late.append(error)
        elif isinstance(error, UnusableInput | FailedOnTheWay):
            LOG.warning("%s", error)
            tell(window, str(error))  # such an error's own line says what to do
        else:
            reporter.report(type(error), error)

    def stopped(error: Exception) -> None:
        # Whoever comes back must see why nothing is watched, whatever they were told before.
        reporter.tell_again()
        failed(error)

    window.failed.connect(failed)
    window.stopped.connect(stopped)
    window.ended.connect(app.quit)
    # Between two bytecodes anything may be half done: the event loop has the window closed. Python gets to run this
    # at all because the window's own timer calls into it every tenth of a second.
    call_on_signals(lambda: QTimer.singleShot(0, window.finish))
    window.show()
    if trouble:
        tell(window, trouble)
        window.sources.look()
    else:
        window.begin(spec)
    app.exec()
    window.finish()
    QApplication.sendPostedEvents()  # what failed in another thread meanwhile
    reporter.uninstall()
    messages.uninstall()
    code = _tell_late(failed_late)
    if not window.ended_cleanly:
        # Everything that must be final is; a thread that hangs in a driver could crash or delay what is left.
        logging.shutdown()
        os._exit(code)
    return code


def _tell_late(errors: Sequence[Exception]) -> int:
    """Tell of what failed when no window was left to tell of it in; return the exit code."""
    for error in errors:
        expected = isinstance(error, UnusableInput | FailedOnTheWay)
        LOG.warning("%s", error, exc_info=None if expected else error)
        with contextlib.suppress(OSError):  # nobody reads it
            sys.stderr.write(f"maskcam: {one_line(str(error))}\n")
            sys.stderr.flush()
    return FAILED if errors else DONE


def forget_opencvs_qt() -> None:
    """Keep our Qt from the plugins that OpenCV's wheel brings for its own, of another version."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if str(Path(cv2.__file__).parent) in os.environ.get(name, ""):
            del os.environ[name]
