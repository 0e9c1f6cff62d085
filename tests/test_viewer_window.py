"""The window on real sources, offscreen: a network camera that misbehaves, a video, nothing at all; every key."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import psutil
import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDropEvent, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from maskcam.assets import DEMO_CLIP, MASK_MODEL, asset
from maskcam.cameras import CameraInfo, CameraMode
from maskcam.frames import Pixels, Verdict
from maskcam.handle import Handle
from maskcam.live import Cause, LiveSource, SourceLost
from maskcam.live_sources import SourceKind, SourceSpec, open_source, parse_source
from maskcam.sources import VideoSource
from maskcam.viewer import crash, dialogs, keep_control, wiring
from maskcam.viewer.app import forget_opencvs_qt
from maskcam.viewer.camera_menu import SURVEY
from maskcam.viewer.canvas import Canvas
from maskcam.viewer.compose import compose
from maskcam.viewer.keeper import Keeper
from maskcam.viewer.keys import BY_NAME, KEYS
from maskcam.viewer.messages import OPENING, PRIVATE, Trouble, message
from maskcam.viewer.remember import Memory
from maskcam.viewer.settings import Settings
from maskcam.viewer.shown import AlarmLight, Counts, Picture, Shown
from maskcam.viewer.source_control import demo_source
from maskcam.viewer.window import ViewerWindow
from tests.http_camera import HttpCamera
from tests.support import ROOT, astronaut, scaled, write_clip
from tests.viewer_parts import result

forget_opencvs_qt()

Make = Callable[..., ViewerWindow]


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture
def make(qtbot: Any, tmp_path: Path) -> Iterator[Make]:
    made: list[ViewerWindow] = []
    errors: list[Exception] = []

    def new(cameras: tuple[CameraInfo, ...] = (), **more: Any) -> ViewerWindow:
        shown = ViewerWindow(asset(MASK_MODEL), Memory(), **more)
        shown.sources._list = lambda: cameras
        shown.failed.connect(errors.append)
        made.append(shown)
        qtbot.addWidget(shown)
        shown.show()
        # Keys go to the active window alone.
        until(qtbot, shown.isActiveWindow)
        return shown

    yield new
    for one in made:
        leave(qtbot, one)
    assert not errors


def leave(qtbot: Any, one: ViewerWindow) -> None:
    """Close a window; one that is still loading its models would be left to the end of the process."""
    if one.engine.running and one.isVisible():
        until(qtbot, lambda: one.engine._classifier is not None)
        until(qtbot, lambda: shown(one).picture is None or one.state._sight.judged)
    one.close()
    assert one.ended_cleanly


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    path.mkdir()
    return path


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


def test_without_a_camera_the_demo_is_one_click_away(make: Make, qtbot: Any) -> None:
    one = make()
    assert "Looking" in one.front.welcome.title.text()
    one.begin(None)
    until(qtbot, lambda: one.front.welcome.title.text() == "No camera found")
    assert one.front.welcome.isVisible()
    assert one.front.welcome.demo_button.hasFocus()
    QTest.mouseClick(one.front.welcome.demo_button, Qt.MouseButton.LeftButton)
    until(qtbot, lambda: flowing(one))
    until(qtbot, lambda: shown(one).counts is not None and shown(one).counts.people == 1)
    assert shown(one).source == "Demo"
    assert not shown(one).mirrored
    assert Memory().source() is None


def test_a_network_camera_starts_late_dies_comes_back_and_changes_its_size(make: Make, qtbot: Any) -> None:
    one = make()
    camera = HttpCamera(size=(640, 480), rate=25, draw=portrait)
    try:
        one.begin(parse_source(camera.url))
        until(qtbot, lambda: title(one) == "The stream can't be opened")
        assert "Trying again" in shown(one).retry
        camera.start()
        until(qtbot, lambda: flowing(one) and shown(one).people == 1)
        assert grabbed(one).std() > 20

        camera.freeze()
        until(qtbot, lambda: shown(one).greyed)
        assert "no pictures" in title(one)
        assert shown(one).counts is None
        grey = grabbed(one)
        assert np.ptp(grey[grey.shape[0] // 5, ::40].astype(int), axis=1).max() < 12
        camera.thaw()
        until(qtbot, lambda: flowing(one))

        camera.kill()
        until(qtbot, lambda: shown(one).greyed)
        until(qtbot, lambda: title(one) == "The stream is gone")
        camera.start()
        until(qtbot, lambda: flowing(one))
        assert 1 <= shown(one).people <= 3

        camera.resize(320, 240)
        until(qtbot, lambda: shown(one).picture.image.shape == (240, 320, 3))
        until(qtbot, lambda: flowing(one) and shown(one).counts is not None)
    finally:
        one.close()
        camera.kill()


def test_a_camera_that_can_not_be_opened_and_then_can(make: Make, qtbot: Any) -> None:
    cause: list[Cause | None] = [Cause.BUSY]

    def opener(spec: SourceSpec) -> LiveSource:
        if spec.kind is SourceKind.CAMERA:
            if cause[0] is not None:
                raise SourceLost("it says why", cause[0])
            return open_source(SourceSpec(SourceKind.FILE, str(asset(DEMO_CLIP)), loop=True))
        return open_source(spec)

    one = make(cameras=(CameraInfo(0, "Front door", 0), CameraInfo(2, "Desk", 0)), opener=opener)
    one.begin(None)
    for now, words in ((Cause.BUSY, "another program"), (Cause.DENIED, "may not"), (Cause.MISSING, "No camera")):
        cause[0] = now
        until(qtbot, lambda words=words: words in title(one))
    assert shown(one).source == "Front door"
    cause[0] = None
    until(qtbot, lambda: flowing(one))
    assert shown(one).mirrored
    key(one, "camera")
    assert shown(one).source == "Desk"
    names = [action.text() for action in one.sources.menus.cameras.actions()]
    assert names == ["Front door", "Desk"]
    assert one.sources.menus.cameras.actions()[1].isChecked()
    last = Memory().source()
    assert last is not None
    assert last.index == 2


class Webcam:
    """A camera with two modes of its own that, like a real one, can be opened only once at a time."""

    name = "webcam"
    held = threading.Lock()
    asked: ClassVar[list[SourceSpec]] = []

    def __init__(self, spec: SourceSpec) -> None:
        if not self.held.acquire(timeout=0.05):
            raise SourceLost("held", Cause.BUSY)
        self.asked.append(spec)
        large = (spec.width or 0) > 640
        self.mode = CameraMode(1280, 720, 30.0) if large else CameraMode(640, 480, 30.0)
        self._number, self._handle = 0, Handle(self.name, self.held.release)

    def read(self) -> Pixels:
        with self._handle.using():
            time.sleep(0.03)
            self._number += 1
            return portrait(self.mode.width // 2, self.mode.height // 2, self._number)

    def close(self) -> None:
        self._handle.close()


def modes_menu(one: ViewerWindow) -> list[str]:
    return [action.text() for action in one.sources.menus.modes.actions() if not action.isSeparator()]


def choose_mode(one: ViewerWindow, words: str) -> None:
    next(action for action in one.sources.menus.modes.actions() if action.text().startswith(words)).trigger()


def test_the_size_and_rate_of_cameras_can_be_chosen(make: Make, qtbot: Any) -> None:
    one = make(cameras=(CameraInfo(0, "Desk", 0),), opener=Webcam)
    one.begin(None)
    until(qtbot, lambda: flowing(one) and modes_menu(one)[0] == "Now: 640 x 480, 30 pictures a second")
    assert not one.sources.menus.modes.actions()[0].isEnabled()
    choose_mode(one, "1920 x 1080, 60")
    until(qtbot, lambda: flowing(one) and modes_menu(one)[0] == "Now: 1280 x 720, 30 pictures a second")
    spec = Webcam.asked[-1]
    assert (spec.width, spec.height, spec.rate) == (1920, 1080, 60.0)
    said = next(words for words in modes_menu(one) if words.startswith("1920 x 1080, 60"))
    assert said.endswith("this camera gives 1280 x 720, 30 pictures a second")
    assert [action.text() for action in one.sources.menus.modes.actions() if action.isChecked()] == [said]
    assert Memory().mode() == (1920, 1080, 60.0)
    choose_mode(one, "The camera's own")
    until(qtbot, lambda: flowing(one) and modes_menu(one)[0].startswith("Now: 640 x 480"))
    assert Webcam.asked[-1].width is None
    assert Memory().mode() is None
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: not modes_menu(one)[0].startswith("Now"))


def test_a_size_that_was_wished_for_long_ago_is_asked_again_and_its_answer_shown(make: Make, qtbot: Any) -> None:
    Memory().keep_mode((3840, 2160, 30.0))
    one = make(opener=Webcam)
    one.begin(parse_source("0"))
    until(qtbot, lambda: flowing(one) and modes_menu(one)[0] == "Now: 1280 x 720, 30 pictures a second")
    assert Webcam.asked[-1].width == 3840
    assert [words for words in modes_menu(one) if "gives" in words] == [
        "3840 x 2160, 30 pictures a second: this camera gives 1280 x 720, 30 pictures a second"
    ]


def test_a_camera_is_asked_what_it_can_do_while_nobody_holds_it(make: Make, qtbot: Any) -> None:
    one = make(cameras=(CameraInfo(0, "Desk", 0),), opener=Webcam)
    threads: list[str] = []
    ticks: list[float] = []

    def probe(camera: CameraInfo, go_on: Callable[[], bool]) -> tuple[CameraMode, ...]:
        threads.append(threading.current_thread().name)
        before = len(ticks)
        with Webcam.held:
            # Until the window has lived on for a while: it doesn't wait for this.
            while len(ticks) < before + 8:
                time.sleep(0.01)
            return (CameraMode(640, 480, 30.0), CameraMode(1280, 720, 30.0)) if go_on() else ()

    one.sources._probe = probe
    assert not one.sources.menus.modes.actions()[-1].isEnabled()
    one.begin(None)
    until(qtbot, lambda: flowing(one) and shown(one).people == 1)
    one._ticking.timeout.connect(lambda: ticks.append(time.monotonic()))
    choose_mode(one, SURVEY)
    assert "Finding out" in shown(one).notice
    until(qtbot, lambda: shown(one).greyed)
    until(qtbot, lambda: flowing(one))
    assert threads == ["maskcam capture"]
    assert modes_menu(one)[1:-1] == [
        *("The camera's own", "640 x 480, 30 pictures a second", "1280 x 720, 30 pictures a second")
    ]
    assert shown(one).people == 1
    one.sources._probe = lambda camera, go_on: ()
    choose_mode(one, SURVEY)
    until(qtbot, lambda: "could not be asked" in shown(one).notice)
    until(qtbot, lambda: flowing(one) and len(modes_menu(one)) == 5)


def test_the_last_choice_is_remembered_but_no_password(make: Make, qtbot: Any, tmp_path: Path) -> None:
    memory = Memory()
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 5)
    memory.keep_source(SourceSpec(SourceKind.FILE, str(clip)))
    memory.keep_source(SourceSpec(SourceKind.STREAM, "rtsp://me:secret@127.0.0.1/x"))
    one = make()
    one.begin(None)
    until(qtbot, lambda: shown(one).source == "clip.mp4")
    memory.flush()
    assert "secret" not in "".join(path.read_text() for path in (tmp_path / "settings").rglob("*.ini"))


def test_a_video_pauses_seeks_ends_and_repeats(make: Make, qtbot: Any, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 300)
    one = make()
    one.begin(parse_source(str(clip)))
    until(qtbot, lambda: flowing(one) and shown(one).duration is not None)
    key(one, "pause")
    until(qtbot, lambda: shown(one).paused)
    still = shown(one).position
    qtbot.wait(2200)
    assert shown(one).message is None
    assert shown(one).position == still
    key(one, "forward")
    until(qtbot, lambda: abs(shown(one).position - still - 5) < 0.2)
    key(one, "back")
    until(qtbot, lambda: abs(shown(one).position - still) < 0.2)
    key(one, "pause")
    until(qtbot, lambda: not shown(one).paused)
    key(one, "forward")
    qtbot.wait(100)
    key(one, "forward")
    until(qtbot, lambda: title(one) == "The video has ended")
    key(one, "back")
    until(qtbot, lambda: flowing(one))
    assert shown(one).position > 4
    key(one, "loop")
    until(qtbot, lambda: shown(one).looping)
    key(one, "forward")
    until(qtbot, lambda: shown(one).position < 3)
    assert title(one) == ""


def test_everything_that_is_kept(make: Make, qtbot: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(keep_control, "ask_for_folder", lambda parent: asked.append(1) or folder)
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: flowing(one) and shown(one).counts is not None)
    key(one, "log")
    key(one, "record")
    until(qtbot, lambda: shown(one).recording is not None and shown(one).recording > 1.5)
    assert one.actions_.by_name["record"].isChecked()
    key(one, "snapshot")
    until(qtbot, lambda: len(list(folder.glob("*.png"))) == 1)
    assert list(folder.glob("*.part.mp4"))
    key(one, "record")
    until(qtbot, lambda: bool(list(folder.glob("*.mp4"))) and not list(folder.glob("*.part.mp4")))
    until(qtbot, lambda: shown(one).recording is None)
    until(qtbot, lambda: "Saved" in shown(one).notice)
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: shown(one).people == 1)
    key(one, "log")
    assert one.keeper.wait(60)
    lines = next(folder.glob("*.csv")).read_text().splitlines()
    assert lines[0].startswith("time,track,event")
    assert any(",left," in line for line in lines)
    assert any(",appeared," in line for line in lines)
    assert lines[1].startswith("20")
    key(one, "folder")
    assert opened[0].toLocalFile() == str(folder)
    assert len(asked) == 1
    with VideoSource(next(folder.glob("*.mp4"))) as video:
        pictures = [frame.frame.image for frame in video]
    assert len(pictures) > 15
    with Image.open(next(folder.glob("*.png"))) as saved:
        assert saved.size == (pictures[0].shape[1], pictures[0].shape[0])


def test_people_are_counted_in_what_is_saved_and_not_on_the_screen(qtbot: Any, folder: Path) -> None:
    picture = Picture(portrait(320, 240, 0), result(0, 0.0, (1, Verdict.MASK), size=(320, 240)), 0, 0.0)
    seen, canvas = Shown(source="Desk", picture=picture), Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(320, 240)
    canvas.set_shown(seen)
    canvas.show()
    qtbot.waitUntil(lambda: canvas.painted > 0)
    keeper = Keeper(lambda error: None)
    assert keeper.snapshot(seen, folder)
    keeper.start_recording(folder, 0.0)
    keeper.show(seen)
    assert keeper.close(60)
    plain, counted = (compose(picture, mirrored=False, counted=one) for one in (False, True))
    assert (plain != counted).any(axis=2).sum() > 1000
    assert np.array_equal(canvas._pixels, plain)
    with Image.open(next(folder.glob("*.png"))) as saved:
        assert np.array_equal(np.asarray(saved.convert("RGB")), counted)
    with VideoSource(next(folder.glob("*.mp4"))) as video:
        recorded = next(iter(video)).frame.image.astype(int)
    assert np.abs(recorded - counted).mean() < np.abs(recorded - plain).mean()


def test_private_view_pixelates_what_is_shown_and_saved(make: Make, qtbot: Any, folder: Path) -> None:
    def still(width: int, height: int, number: int) -> Pixels:
        image = portrait(width, height, 0)
        image[:4] = number % 250
        return image

    with HttpCamera(size=(400, 400), rate=20, draw=still, cycle=200) as camera:
        one = make()
        one.apply(replace(one.state.settings, folder=folder, privacy=True))
        one.begin(parse_source(camera.url))
        sharp_seen = []

        def look() -> bool:
            picture = shown(one).picture
            if picture is not None:
                sharp_seen.append(not picture.pixelated)
            return picture is not None and picture.result is not None and len(picture.result) == 1

        until(qtbot, look)
        x0, y0, x1, y1 = shown(one).picture.result.boxes[0].astype(int)
        key(one, "record")
        key(one, "snapshot")
        until(qtbot, lambda: bool(list(folder.glob("*.png"))))
        qtbot.wait(900)
        key(one, "record")
        assert one.keeper.wait(60)
        original = still(400, 400, 0)

        def detail(image: Pixels) -> float:
            inner = image[y0 + 12 : y1 - 12, x0 + 12 : x1 - 12].astype(float)
            return float(np.abs(np.diff(inner.mean(axis=2), axis=1)).mean())

        assert detail(original) > 3
        with Image.open(next(folder.glob("*.png"))) as saved:
            assert detail(np.asarray(saved.convert("RGB"))) < detail(original) / 2
        with VideoSource(next(folder.glob("*.mp4"))) as video:
            frames = [frame.frame.image for frame in video]
        assert len(frames) > 5
        assert all(detail(image) < detail(original) / 2 for image in frames)
        one.resize(one.width() - one.front.canvas.width() + 400, one.height() - one.front.canvas.height() + 400)
        qtbot.wait(200)
        assert detail(grabbed(one)) < detail(original) / 2
        key(one, "private")
        qtbot.wait(300)
        assert detail(grabbed(one)) > detail(original) / 2
        assert not any(sharp_seen)
        one.close()


def test_the_alarm_shows_beeps_and_is_silenced(make: Make, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beeps: list[float] = []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(time.monotonic()))
    with HttpCamera(size=(320, 240), rate=20, draw=portrait, cycle=60) as camera:
        one = make()
        one.begin(parse_source(camera.url))
        until(qtbot, lambda: shown(one).counts is not None and shown(one).counts.no_mask == 1)
        before = grabbed(one)[5, 5]
        key(one, "alarm")
        begun = time.monotonic()
        until(qtbot, lambda: shown(one).alarm is AlarmLight.RAISED)
        assert time.monotonic() - begun > 1.5
        qtbot.wait(100)
        assert one.front.status.alarm.text() == "ALARM: no mask"
        assert np.abs(grabbed(one)[3, 3].astype(int) - (213, 94, 0)).max() < 30
        assert np.abs(before.astype(int) - (213, 94, 0)).max() > 60
        assert len(beeps) == 1
        key(one, "snooze")
        until(qtbot, lambda: "silent for" in one.front.status.alarm.text())
        qtbot.wait(300)
        assert len(beeps) == 1
        key(one, "alarm")
        assert one.front.status.alarm.text() == "Alarm off"
        one.close()


def test_settings_take_effect_at_once_and_are_remembered(make: Make, qtbot: Any) -> None:
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: shown(one).counts is not None)
    key(one, "settings")
    dialog = one.dialog
    assert dialog is not None
    assert dialog.isVisible()
    dialog.threshold.setValue(20)
    assert one.state.settings.threshold == 0.2
    assert "Misses fewer" in dialog.words.text()
    dialog.smallest.setValue(60)
    dialog.alarm.click()
    dialog.alarm_seconds.setValue(5)
    dialog.cool_down.setValue(30)
    dialog.mirror_camera.click()
    dialog.mirror_other.click()
    dialog.privacy.click()
    wanted = Settings(0.2, 60, True, 5.0, 30.0, False, True, True)
    assert one.state.settings == wanted
    assert Memory().settings() == wanted
    assert shown(one).mirrored
    dialog.own_button.click()
    assert one.state.settings.threshold is None
    dialog.close()
    one.activateWindow()
    qtbot.waitUntil(one.isActiveWindow)
    key(one, "mirror")
    assert not dialog.mirror_other.isChecked()


def test_people_keep_number_sum_and_alarm_when_the_settings_change(
    make: Make, qtbot: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beeps: list[float] = []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(time.monotonic()))
    with HttpCamera(size=(480, 360), rate=20, draw=portrait, cycle=60) as camera:
        one = make()
        one.apply(replace(one.state.settings, folder=folder, alarm=True, alarm_seconds=1.0))
        one.begin(parse_source(camera.url))
        key(one, "log")
        until(qtbot, lambda: shown(one).alarm is AlarmLight.RAISED)
        begun = shown(one).picture.number
        for settings in ({"threshold": 0.999999}, {"smallest_face": 90}, {"smallest_face": 30}, {"threshold": None}):
            one.apply(replace(one.state.settings, **settings))
            before = shown(one).picture.number
            until(qtbot, lambda before=before: shown(one).picture.number > before + 25)
            seen = [int(track) for track in shown(one).picture.result.track_ids]
            assert seen == [1], settings
            if "threshold" in settings:
                assert (shown(one).counts.no_mask == 1) is (settings["threshold"] is None)
        assert shown(one).picture.number > begun
        assert (shown(one).people, shown(one).people_without) == (1, 1)
        assert len(beeps) == 1
        key(one, "log")
        assert one.keeper.wait(60)
        kinds = [line.split(",")[2] for line in next(folder.glob("*.csv")).read_text().splitlines()[1:]]
        assert set(kinds) <= {"appeared", "verdict"}
        one.close()


def test_wishes_of_the_command_line_are_not_remembered(make: Make) -> None:
    one = make(overrides=lambda settings: replace(settings, threshold=0.3, smallest_face=90))
    assert one.state.settings.threshold == 0.3
    one.actions_.by_name["alarm"].trigger()
    assert Memory().settings() == Settings(alarm=True)


def test_every_key_and_menu_entry_does_something(
    make: Make, qtbot: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 200)
    monkeypatch.setattr(wiring, "ask_for_video", lambda parent: str(clip))
    monkeypatch.setattr(wiring, "ask_for_stream", lambda parent: "http://127.0.0.1:9/none")
    monkeypatch.setattr(keep_control, "ask_for_folder", lambda parent: folder)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    one = make()
    one.apply(replace(one.state.settings, folder=folder))
    in_menus: set[str] = set()
    for menu_action in one.menuBar().actions():
        menu = menu_action.menu()
        in_menus |= {action.text() for action in menu.actions() if not action.isSeparator()}  # type: ignore[attr-defined]
    assert {action.text() for action in one.actions_.by_name.values()} <= in_menus
    shortcuts = [sequence.toString() for action in one.actions_.by_name.values() for sequence in action.shortcuts()]
    assert len(shortcuts) == len(set(shortcuts))
    assert {BY_NAME[name].name for name in one.actions_.by_name if name in BY_NAME} == {one.name for one in KEYS}
    for entry in KEYS:
        if entry.name in ("quit", "settings"):
            continue
        action, fired = one.actions_.by_name[entry.name], []
        if not action.isEnabled():
            one.open_text(str(clip))
            until(qtbot, lambda: one.engine.player is not None)
        action.triggered.connect(lambda _on, fired=fired: fired.append(1))
        for count, text in enumerate(entry.keys, 1):
            QTest.keySequence(one, QKeySequence(text))
            QApplication.processEvents()
            assert len(fired) == count, (entry.name, text)
    for name in ("choose_folder", "settings"):
        one.actions_.by_name[name].trigger()
    assert one.dialog is not None
    one.dialog.close()
    key(one, "quit")
    assert not one.isVisible()


def test_full_screen_and_help_are_left_with_escape(make: Make, qtbot: Any) -> None:
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    key(one, "full_screen")
    assert one.isFullScreen()
    assert not one.menuBar().isVisible()
    key(one, "help")
    assert one.front.canvas.helping
    key(one, "leave")
    assert not one.front.canvas.helping
    assert one.isFullScreen()
    key(one, "leave")
    assert not one.isFullScreen()
    assert one.menuBar().isVisible()


def test_files_can_be_dropped(make: Make, qtbot: Any, tmp_path: Path) -> None:
    one = make()

    def drop(path: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        none = Qt.KeyboardModifier.NoModifier
        event = QDropEvent(QPointF(QPoint(5, 5)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none)
        one.dropEvent(event)

    (tmp_path / "no.mp4").write_text("no video")
    drop(tmp_path / "missing.mp4")
    assert "missing.mp4" in shown(one).notice
    drop(tmp_path / "no.mp4")
    until(qtbot, lambda: title(one) == "The video can't be played" or "no.mp4" in shown(one).notice)
    drop(write_clip(tmp_path / "good.mp4", lambda n: portrait(320, 240, n), 50))
    until(qtbot, lambda: flowing(one) and shown(one).source == "good.mp4")


def test_everything_has_a_name_and_the_keyboard_reaches_it(make: Make, qtbot: Any) -> None:
    one = make()
    qtbot.wait(100)
    reached = set()
    for _ in range(8):
        QTest.keyClick(one, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if isinstance(focus, QPushButton):
            reached.add(focus.text())
    assert {"Show the demo", "Look again", "Open a video …", "Open a stream …"} <= reached
    assert one.front.canvas.accessibleName()
    assert one.front.status.people.accessibleName() == "in view: not known"
    one.front.welcome.demo_button.setFocus()
    QTest.keyClick(one.front.welcome.demo_button, Qt.Key.Key_Space)
    until(qtbot, lambda: shown(one).counts is not None)
    qtbot.wait(100)
    assert "1" in one.front.status.people.accessibleName()
    assert one.front.timeline.accessibleDescription()
    one.actions_.by_name["settings"].trigger()
    assert one.dialog is not None
    assert one.dialog.threshold.accessibleName() == "Sensitivity"


def test_the_status_bar_says_what_it_can_at_any_width(make: Make, qtbot: Any) -> None:
    one = make()
    many = Shown(
        source="a-recording-of-the-whole-long-day-at-the-front-door.mp4",
        counts=Counts(mask=12, no_mask=11, unsure=10),
        alarm=AlarmLight.SNOOZED,
        snooze_left=300,
        people=128,
        people_without=117,
    )
    bar = one.front.status
    one._ticking.stop()
    for width in (440, 480, 560, 700, 799, 800, 900, 1040, 1400):
        one.resize(width, 520)
        bar.show_state(many)
        qtbot.wait(20)
        assert one.width() == width
        for line in (bar.alarm, bar.source):
            words = line.painted()
            assert line.fontMetrics().horizontalAdvance(words) <= line.width()
            assert not words.endswith("…"), (width, words)
        assert "128" in bar.source.painted()
        assert "117" in bar.source.painted()
        assert "without" in bar.source.painted()
        assert "5:00" in bar.alarm.painted()
        tiles = [bar.people, bar.without, bar.with_mask, bar.unsure]
        ends = [(tile.mapTo(bar, QPoint(0, 0)).x(), tile.width(), tile.minimumSizeHint().width()) for tile in tiles]
        assert all(wide >= needed for _, wide, needed in ends), (width, ends)
        assert bar.alarm.mapTo(bar, QPoint(0, 0)).x() >= ends[-1][0] + ends[-1][1]
    assert bar.source.painted() == bar.source.text()


@pytest.mark.parametrize("ratio", [1, 2])
def test_a_sharp_picture_keeps_its_proportions(
    make: Make, qtbot: Any, ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    monkeypatch.setattr(type(one.front.canvas), "devicePixelRatioF", lambda self: float(ratio))
    one.watch(demo_source(), "Demo", remember=False)
    for size in ((1000, 500), (500, 900)):
        one.resize(*size)
        until(qtbot, lambda: flowing(one))
        qtbot.wait(150)
        image, canvas = one.front.canvas._image, one.front.canvas
        assert image is not None
        height, width = shown(one).picture.image.shape[:2]
        assert abs(image.width() / image.height() - width / height) < 0.01
        room = (canvas.width() * ratio, canvas.height() * ratio)
        assert max(image.width() / room[0], image.height() / room[1]) == pytest.approx(1, abs=0.01)


def test_an_unexpected_error_is_told_and_the_window_lives_on(
    make: Make, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()

    def broken(spec: SourceSpec) -> LiveSource:
        # Once the models are there, or the engine would be left behind with what it is loading.
        loaded.wait(60)
        raise RuntimeError("boom")

    monkeypatch.setattr(crash, "log_path", lambda: tmp_path / "state" / "maskcam.log")
    log = crash.open_log()
    one = ViewerWindow(asset(MASK_MODEL), Memory(), opener=broken)
    qtbot.addWidget(one)
    one.show()
    told: list[str] = []
    reporter = crash.CrashReporter(lambda words: told.append(words) or dialogs.tell_of_crash(one, log))
    one.failed.connect(lambda error: reporter.report(type(error), error))
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


def test_the_readme_says_what_each_message_means() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    titles = {message(trouble, kind).title for trouble in Trouble for kind in SourceKind}
    rows = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| ")]
    explained = {title.strip() for row in rows for title in row.split(", ")}
    assert titles | {OPENING.title, PRIVATE.title} <= explained


def test_the_readme_lists_every_key() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for entry in KEYS:
        assert f"| {', '.join(entry.keys)} | {entry.words} |" in readme
