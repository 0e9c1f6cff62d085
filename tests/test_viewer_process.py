"""The real program in its own process on a real X server: what is on the screen, and how it ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from PIL import Image

from maskcam.frames import Pixels
from maskcam.sources.video_file import VideoSource
from tests.http_camera import HttpCamera
from tests.screen import Screen
from tests.support import astronaut, environment, heed_signals, scaled, wait_for, write_clip

GOLDEN = Path(__file__).parent / "golden"
SIZE = (1000, 760)
SETTLED_WITHIN = 45
"""Seconds within which the screen must look as it should; the clip is longer."""
PATIENCE = 60
"""Seconds for what never comes; how long a start and an end take the benchmarks measure."""

pytestmark = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen(1200, 900) as one:
        yield one


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    """A window that a failing test left would paint over the next one's."""
    yield
    for process in Viewer.started:
        process.kill()
        process.wait()
    Viewer.started.clear()


class Viewer:
    """A running `maskcam live`."""

    started: ClassVar[list[subprocess.Popen[str]]] = []

    def __init__(self, screen: Screen, home: Path, *arguments: str, code: str = "") -> None:
        config = home / "config" / "maskcam"
        config.mkdir(parents=True, exist_ok=True)
        (home / "kept").mkdir(exist_ok=True)
        (config / "maskcam.ini").write_text(f"[settings]\nfolder={home / 'kept'}\ntimeline=1\n")
        self.kept = home / "kept"
        self._screen = screen
        start = code or "import sys; from maskcam.cli import main; sys.exit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start, "live", *arguments],
            env=environment(
                DISPLAY=screen.name,
                QT_QPA_PLATFORM="xcb",
                XDG_CONFIG_HOME=str(home / "config"),
                XDG_STATE_HOME=str(home / "state"),
            ),
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_signals,  # noqa: PLW1509
        )
        self.started.append(self.process)

    def caught(self, number: int) -> bool:
        """Whether the process has a handler for the signal by now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        mask = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
        return bool(mask >> (number - 1) & 1)

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until that is so, while the program runs."""

        def so() -> object:
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            return condition()

        wait_for(so)

    def until(self, seen: Callable[[Pixels], bool]) -> None:
        """Wait until that is on the screen."""
        self.wait_for(lambda: seen(self._screen.picture()))

    def end(self, number: int) -> int:
        """Send a signal and return the exit code; what hangs in these tests hangs for longer than the limit."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def orange(picture: Pixels) -> bool:
    """Whether the astronaut's suit or a verdict is on the screen."""
    near = (np.abs(picture.astype(np.int16) - (213, 94, 0)) < 24).all(axis=2)
    return bool(near.sum() > 800)


def seen(picture: Pixels) -> bool:
    """Whether there is a picture with more on it than a window."""
    middle = picture[200:500, 200:800]
    return bool(middle.std() > 20)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that stands still, so that the screen can be compared."""
    picture = scaled(astronaut(), 1.25)
    return write_clip(tmp_path_factory.mktemp("still") / "portrait.mp4", lambda number: picture, 250, rate=5)


def test_what_is_on_the_screen(screen: Screen, still: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    code = f"""
import sys
from PySide6.QtCore import Qt
from maskcam.viewer import window
original = window.ViewerWindow.show
def show(self):
    self.setWindowFlag(Qt.WindowType.BypassWindowManagerHint)
    self.setGeometry(0, 0, {SIZE[0]}, {SIZE[1]})
    original(self)
window.ViewerWindow.show = show
from maskcam.cli import main
sys.exit(main(sys.argv[1:]))
"""
    path = GOLDEN / "viewer_window.jpg"
    update = request.config.getoption("--update-golden")
    golden = np.asarray(Image.open(path).convert("RGB"))
    viewer = Viewer(screen, tmp_path, str(still), code=code)
    shown = golden
    try:
        viewer.until(orange)
        deadline = time.monotonic() + SETTLED_WITHIN
        while time.monotonic() < deadline:
            time.sleep(0.2)
            shown = screen.picture()[: SIZE[1], : SIZE[0]]
            if not update and all(value <= limit for value, limit in differences(shown, golden).values()):
                break
    finally:
        assert viewer.end(signal.SIGTERM) == 0
    if update:
        Image.fromarray(shown).save(path, quality=90)
        return
    found = differences(shown, golden)
    assert all(value <= limit for value, limit in found.values()), found


def differences(shown: Pixels, golden: Pixels) -> dict[str, tuple[float, float]]:
    """How far a screen is from the golden one, each with what is allowed: fonts and the clock may differ a little.

    The verdict's frame and plate may lie a few pixels beside where they were, since people are followed in time.
    """
    off = np.abs(golden.astype(np.int16) - shown)
    colours = [
        (np.abs(one.astype(np.int16) - (213, 94, 0)) < 24).all(axis=2).astype(np.uint8) for one in (shown, golden)
    ]
    around = [cv2.dilate(one, np.ones((15, 15), np.uint8)) for one in colours]
    return {
        "picture": (float(off[60:560, 200:800].mean()), 6),
        "window": (float(off.mean()), 10),
        "orange that isn't there": (1 - float(around[0][colours[1] > 0].mean()), 0.1),
        "orange that shouldn't be": (1 - float(around[1][colours[0] > 0].mean()), 0.1),
    }


def test_from_the_command_to_the_first_picture(screen: Screen, still: Path, tmp_path: Path) -> None:
    viewer = Viewer(screen, tmp_path, str(still))
    viewer.until(seen)
    assert viewer.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_time(screen: Screen, tmp_path: Path, number: int) -> None:
    with HttpCamera(size=(320, 240), rate=15) as camera:
        viewer = Viewer(screen, tmp_path, camera.url)
        viewer.until(seen)
        assert viewer.end(number) == 0
    assert not screen.picture().any()


@pytest.mark.parametrize(
    ("number", "delays"),
    [
        (signal.SIGTERM, (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)),
        # Who sends it makes no difference later on.
        (signal.SIGINT, (0.0, 0.3)),
        (signal.SIGHUP, (0.0, 0.3)),
    ],
)
def test_a_signal_ends_it_however_early_it_comes(
    screen: Screen, still: Path, tmp_path: Path, number: int, delays: tuple[float, ...]
) -> None:
    for delay in delays:
        viewer = Viewer(screen, tmp_path, str(still))
        # SIGINT has a handler of Python's own from the start on, so this asks for another.
        viewer.wait_for(lambda viewer=viewer: viewer.caught(signal.SIGTERM))
        time.sleep(delay)
        code = viewer.end(number)
        said = viewer.process.stderr.read() if viewer.process.stderr else ""
        assert (code, said) == (0, ""), delay


HANGING = """
import os, sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from maskcam.live import LiveSource
from maskcam.viewer import engine, window
import numpy as np

home = Path(os.environ["XDG_CONFIG_HOME"]).parent

class Hangs(LiveSource):
    name = "hangs"
    number = 0
    recorded = 0
    def read(self):
        self.number += 1
        self.recorded += any(home.glob("kept/*.part.mp4"))
        if self.recorded > 40:
            (home / "hangs").touch()
            time.sleep(600)
        time.sleep(0.03)
        return np.random.default_rng(self.number).integers(0, 255, (240, 320, 3), np.uint8)
    def close(self):
        pass

original = window.ViewerWindow.__init__
def init(self, *arguments, **more):
    original(self, *arguments, **more, opener=lambda spec: Hangs())
    QTimer.singleShot(500, lambda: self.actions_.by_name["record"].trigger())
    self.looking = QTimer(self, interval=100)
    self.looking.timeout.connect(lambda: (home / "hangs").exists() and {end})
    self.looking.start()
window.ViewerWindow.__init__ = init
from maskcam.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("end", ["signal", "close"])
def test_a_read_that_hangs_holds_up_neither_the_end_nor_the_recording(screen: Screen, tmp_path: Path, end: str) -> None:
    code = HANGING.replace("{end}", "self.close()" if end == "close" else "None")
    viewer = Viewer(screen, tmp_path, "0", code=code)
    if end == "signal":
        viewer.wait_for((tmp_path / "hangs").exists)
        assert viewer.end(signal.SIGTERM) == 0
    else:
        assert viewer.process.wait(2 * PATIENCE) == 0
    kept = [path.name for path in viewer.kept.glob("*.mp4")]
    assert len(kept) == 1
    assert ".part" not in kept[0]
    with VideoSource(viewer.kept / kept[0]) as video:
        assert len(list(video)) > 10


def test_a_killed_program_leaves_a_recording_that_plays(screen: Screen, tmp_path: Path) -> None:
    code = """
import sys
from PySide6.QtCore import QTimer
from maskcam.viewer import window
original = window.ViewerWindow.__init__
def init(self, *arguments, **more):
    original(self, *arguments, **more)
    QTimer.singleShot(1200, lambda: self.actions_.by_name["record"].trigger())
window.ViewerWindow.__init__ = init
from maskcam.cli import main
sys.exit(main(sys.argv[1:]))
"""
    with HttpCamera(size=(320, 240), rate=25) as camera:
        viewer = Viewer(screen, tmp_path, camera.url, code=code)
        viewer.wait_for(lambda: any(one.stat().st_size > 20_000 for one in viewer.kept.glob("*.part.mp4")))
        parts = list(viewer.kept.glob("*.part.mp4"))
        time.sleep(1.5)
        viewer.process.kill()
        viewer.process.wait(10)
    with VideoSource(parts[0]) as video:
        assert len(list(video)) > 10


def test_what_fails_at_the_very_end_is_said_too(screen: Screen, still: Path, tmp_path: Path) -> None:
    """A recording whose folder went away, as on a stick that was pulled out, can't be completed."""
    code = """
import sys
from maskcam.viewer.window import ViewerWindow
begin = ViewerWindow.begin
def recording(self, spec):
    begin(self, spec)
    self.actions_.by_name["record"].trigger()
ViewerWindow.begin = recording
from maskcam.cli import main
sys.exit(main(sys.argv[1:]))
"""
    viewer = Viewer(screen, tmp_path, str(still), code=code)
    viewer.until(seen)
    viewer.wait_for(lambda: any(one.stat().st_size > 10_000 for one in viewer.kept.glob("*.part.mp4")))
    viewer.kept.rename(tmp_path / "gone")
    assert viewer.end(signal.SIGTERM) == 1
    assert viewer.process.stderr is not None
    (line,) = viewer.process.stderr.read().splitlines()
    assert line.startswith("maskcam: ") and ".part.mp4" in line
    assert line.removeprefix("maskcam: ") in (tmp_path / "state" / "maskcam" / "maskcam.log").read_text()
