"""The window and the sizes and rates of cameras."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

from maskcam.frames import Pixels
from maskcam.live import Cause, LiveSource, SourceLost
from maskcam.sources.cameras import CameraInfo, CameraMode
from maskcam.sources.handle import Handle
from maskcam.sources.spec import SourceSpec, parse_source
from maskcam.viewer.camera_menu import SURVEY
from maskcam.viewer.remember import Memory
from maskcam.viewer.source_control import demo_source
from maskcam.viewer.window import ViewerWindow
from tests.viewer_window.window_parts import Make, flowing, portrait, shown, until


class Webcam(LiveSource):
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
    assert Memory().mode() == CameraMode(1920, 1080, 60.0)
    choose_mode(one, "The camera's own")
    until(qtbot, lambda: flowing(one) and modes_menu(one)[0].startswith("Now: 640 x 480"))
    assert Webcam.asked[-1].width is None
    assert Memory().mode() is None
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: not modes_menu(one)[0].startswith("Now"))


def test_a_size_that_was_wished_for_long_ago_is_asked_again_and_its_answer_shown(make: Make, qtbot: Any) -> None:
    Memory().keep_mode(CameraMode(3840, 2160, 30.0))
    one = make(opener=Webcam)
    one.begin(parse_source("0"))
    until(qtbot, lambda: flowing(one) and modes_menu(one)[0] == "Now: 1280 x 720, 30 pictures a second")
    assert Webcam.asked[-1].width == 3840
    assert [words for words in modes_menu(one) if "gives" in words] == [
        "3840 x 2160, 30 pictures a second: this camera gives 1280 x 720, 30 pictures a second"
    ]


def test_a_size_without_a_rate_can_be_chosen(make: Make, qtbot: Any) -> None:
    one = make(opener=Webcam)
    one.begin(parse_source("0"))
    until(qtbot, lambda: flowing(one))
    one.sources.surveyed.emit(0, (CameraMode(640, 480, 0.0),))
    until(qtbot, lambda: "640 x 480" in modes_menu(one))
    choose_mode(one, "640 x 480")
    until(qtbot, lambda: flowing(one) and Webcam.asked[-1].width == 640)
    assert Webcam.asked[-1].rate is None
    assert Memory().mode() == CameraMode(640, 480, 0.0)


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


def test_a_try_to_open_a_lost_camera_again_does_not_cancel_what_it_is_asked(make: Make, qtbot: Any) -> None:
    one = make(cameras=(CameraInfo(0, "Desk", 0),), opener=Webcam)
    asked: list[int] = []
    one.sources._probe = lambda camera, go_on: asked.append(camera.index) or (CameraMode(640, 480, 30.0),)
    one.begin(None)
    until(qtbot, lambda: flowing(one))
    choose_mode(one, SURVEY)
    one.engine.reopen()
    one.engine.reopen()
    until(qtbot, lambda: asked == [0] and flowing(one))


def test_without_a_camera_it_is_looked_for_again_but_not_behind_a_look_that_hangs(make: Make, qtbot: Any) -> None:
    one = make(opener=Webcam)
    plugged: list[CameraInfo] = []
    hanging, goes_on = threading.Event(), threading.Event()
    goes_on.set()
    looks: list[int] = []

    def cameras() -> tuple[CameraInfo, ...]:
        looks.append(len(plugged))
        if not goes_on.is_set():
            hanging.set()
            goes_on.wait(60)
        return tuple(plugged)

    one.sources._list = cameras
    one.begin(None)
    until(qtbot, one.sources._timer.isActive)
    goes_on.clear()
    one.sources._timer.timeout.emit()
    assert hanging.wait(60)
    before = len(looks)
    for _ in range(5):
        one.sources._timer.timeout.emit()
    assert one.sources._worker.waiting == 1, "one look waits for the one that hangs, not five"
    plugged.append(CameraInfo(0, "Desk", 0))
    goes_on.set()
    until(qtbot, lambda: flowing(one))
    assert looks[before:] == [1]
    assert not one.sources._timer.isActive(), "what was waited for is there"
