"""Errors nobody expected, and windows opened and closed again and again."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import weakref
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QApplication, QLabel

from maskcam.assets import MASK_MODEL, asset
from maskcam.live import LiveSource
from maskcam.pipeline import Pipeline
from maskcam.sources.cameras import CameraInfo
from maskcam.sources.spec import SourceKind, SourceSpec
from maskcam.viewer import crash, dialogs, state, window
from maskcam.viewer.remember import Memory
from maskcam.viewer.source_control import demo_source
from maskcam.viewer.window import ViewerWindow
from tests.http_camera import HttpCamera
from tests.viewer_window.window_parts import Make, flowing, leave, shown, until


def test_an_unexpected_error_is_told_and_the_window_lives_on(
    make: Make, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()

    def broken(spec: SourceSpec) -> LiveSource:
        # Once the models are there, or the engine would be left behind with what it is loading.
        loaded.wait(60)
        raise RuntimeError("boom")

    monkeypatch.setattr(crash, "log_path", lambda: tmp_path / "state" / "maskcam.log")
    log_file = crash.open_log()
    assert log_file is not None
    log = log_file.path
    one = ViewerWindow(asset(MASK_MODEL), Memory(), opener=broken)
    qtbot.addWidget(one)
    one.show()
    told: list[str] = []
    reporter = crash.CrashReporter(lambda words: told.append(words) or dialogs.tell_of_crash(one, words, log))
    one.stopped.connect(lambda error: reporter.report(type(error), error))
    one.begin(SourceSpec(SourceKind.CAMERA, "0"))
    until(qtbot, lambda: one.engine._classifier is not None)
    qtbot.wait(300)
    loaded.set()
    until(qtbot, lambda: bool(told))
    assert one.isVisible()
    assert one.front.welcome.isVisible()
    assert "RuntimeError: boom" in log.read_text()
    words = [label.text() for box in QApplication.topLevelWidgets() for label in box.findChildren(QLabel)]
    assert any(str(log) in text for text in words)
    one.close()
    assert one.ended_cleanly
    for handler in crash.LOG.handlers[:]:
        handler.close()
        crash.LOG.removeHandler(handler)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_can_not_be_written_is_noted_and_makes_no_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "maskcam.log").symlink_to("/dev/full")
    monkeypatch.setattr(crash, "log_path", lambda: tmp_path / "maskcam.log")
    log = crash.open_log()
    assert log is not None
    assert log.failed
    crash.LOG.error("unexpected", exc_info=RuntimeError("boom"))
    crash.LOG.removeHandler(log)
    log.close()
    assert capsys.readouterr().err == ""


def test_after_an_error_the_cameras_that_are_there_are_offered(make: Make, qtbot: Any) -> None:
    one = make(cameras=(CameraInfo(0, "Desk", 0),))
    welcome = one.front.welcome
    one.sources.look()
    until(qtbot, lambda: welcome.title.text() == "Choose a camera in the menu Source")
    assert "Plug" not in welcome.words.text()
    one.sources._list = lambda: ()
    one.sources.look()
    until(qtbot, lambda: welcome.title.text() == "No camera found")
    assert "Plug" in welcome.words.text()


def test_the_menus_of_cameras_are_made_anew_only_for_others_and_leave_nothing(make: Make, qtbot: Any) -> None:
    one = make(cameras=(CameraInfo(0, "Desk", 0),))
    menus = one.sources.menus
    for number in range(30):
        menus.show_cameras((CameraInfo(0, "Desk", 0), CameraInfo(1, f"Door {number}", 0)), 0)
        menus.show_modes((), None, None, True)
    kept = menus.cameras.actions()
    menus.show_cameras((CameraInfo(0, "Desk", 0), CameraInfo(1, "Door 29", 0)), 0)
    assert menus.cameras.actions() == kept
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for menu in (menus.cameras, menus.modes):
        assert len(menu.findChildren(QActionGroup)) == 1


def test_opening_and_closing_leaves_nothing_behind(qtbot: Any) -> None:
    """Twenty times; MASKCAM_CYCLES=200 for a longer look."""
    threads, memory, kept = threading.active_count(), [], []
    for _ in range(int(os.environ.get("MASKCAM_CYCLES", "20"))):
        one = ViewerWindow(asset(MASK_MODEL), Memory())
        one.show()
        one.watch(demo_source(), "Demo", remember=False)
        until(qtbot, lambda one=one: shown(one).picture is not None)
        leave(qtbot, one)
        kept.append(weakref.ref(one))
        one.deleteLater()
        del one
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        give_back()
        memory.append(psutil.Process().memory_info().rss / 1e6)
    assert threading.active_count() <= threads
    assert not [one for one in kept if one() is not None]
    # Still, allocators take and give back tens of megabytes at a time, so peaks are compared: from half of them on
    # there may be no higher one.
    half = len(memory) // 2
    assert max(memory[half:]) - max(memory[:half]) < 40 + 0.5 * half, memory


def give_back() -> None:
    """Have the C library give back what it keeps for later: each new thread's share of that grows for 30 cycles."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None can't be lost from Python 3.12 on")
def test_qt_keeps_count_of_none(make: Make, qtbot: Any) -> None:
    """A binding that loses a reference with every call ends the program once they are used up."""
    one = make()
    before = sys.getrefcount(None)
    for _ in range(300):
        one.refresh()
        one.front.repaint()
    assert sys.getrefcount(None) > before - 300


def test_a_camera_is_watched_again_after_an_error_unless_it_breaks_at_once(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(pipeline: Pipeline) -> Pipeline:
        raise ZeroDivisionError

    def break_off() -> None:
        assert one.engine._runner is not None
        one.engine._runner.change_pipeline(broken)

    with HttpCamera(size=(160, 120), rate=20) as camera:
        one = ViewerWindow(asset(MASK_MODEL), Memory())
        gone_on: list[Exception] = []
        stopped: list[Exception] = []
        one.failed.connect(gone_on.append)
        one.stopped.connect(stopped.append)
        qtbot.addWidget(one)
        one.show()
        one.open_text(camera.url)
        until(qtbot, lambda: flowing(one) and one.engine._classifier is not None)
        monkeypatch.setattr(window, "_AGAIN_SECONDS", 0.0)
        monkeypatch.setattr(state, "NOTICE_SECONDS", 1e9)
        break_off()
        until(qtbot, lambda: bool(gone_on) and flowing(one))
        assert shown(one).source == camera.url and not stopped
        assert "unexpected" in shown(one).notice
        monkeypatch.setattr(window, "_AGAIN_SECONDS", 1e9)
        until(qtbot, lambda: one.engine._classifier is not None)
        break_off()
        until(qtbot, lambda: bool(stopped))
        assert shown(one).source is None and len(gone_on) == 1
        leave(qtbot, one)


def test_after_an_error_the_log_is_complete_and_goes_on_in_another_file(qtbot: Any, tmp_path: Path) -> None:
    """People's numbers begin at 1 again, and must not be taken for those of before."""
    one = ViewerWindow(asset(MASK_MODEL), Memory())
    errors: list[Exception] = []
    one.stopped.connect(errors.append)
    qtbot.addWidget(one)
    one.show()
    now = [datetime(2026, 11, 23, 12, 0, second, tzinfo=UTC) for second in (2, 1, 0)]
    one.keeper._now = lambda: now[-1]
    one.keeper.start_log(tmp_path)
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: shown(one).people == 1)
    now.pop()
    one._ticking.stop()
    one._waking = True  # what comes now is not looked at before the error

    def broken(pipeline: Pipeline) -> Pipeline:
        raise ZeroDivisionError

    assert one.engine._runner is not None
    runner = one.engine._runner
    runner.change_pipeline(broken)
    until(qtbot, lambda: runner._error is not None)
    one.refresh()
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert one.keeper.logging
    now.pop()
    one.watch(demo_source(), "Demo", remember=False)
    one._ticking.start()
    until(qtbot, lambda: shown(one).people == 1)
    leave(qtbot, one)
    logs = sorted(tmp_path.glob("*.csv"))
    assert len(logs) == 2
    for log in logs:
        rows = [line.split(",") for line in log.read_text().splitlines()[1:]]
        assert [row[1:3] for row in rows if row[2] != "verdict"] == [["1", "appeared"], ["1", "left"]], log
