"""Which cameras there are, by name, and what each can do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
from cv2_enumerate_cameras import enumerate_cameras, supported_backends

from maskcam.videoio import set_environment

_BACKENDS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}
_SIZES = ((320, 240), (640, 480), (800, 600), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))
_RATES = (15.0, 30.0, 60.0)
_FASTEST = 1000.0
"""Frames a second. Drivers that don't know their rate answer 0, -1 or nonsense."""
_PACKED_FROM = 640 * 480
"""Pixels above which USB is too slow for bare pictures: there a camera is asked for JPEGs."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that is plugged in: its number and backend as OpenCV knows them, its name, the system's path for it."""

    index: int
    name: str
    backend: int
    path: str | None = None

    def __post_init__(self) -> None:
        if self.index < 0 or not self.name:
            raise ValueError(f"a camera has a number from 0 and a name, not {self.index}, {self.name!r}")


@dataclass(frozen=True, slots=True, order=True)
class CameraMode:
    """A size in pixels and a rate in frames a second, 0 where the camera doesn't say."""

    width: int
    height: int
    rate: float

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f" at {self.rate:g}/s" if self.rate else "")


def quiet_opencv() -> None:
    """Keep OpenCV's own log lines away; what goes wrong is said in our words."""
    set_environment()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def camera_backend() -> int:
    """OpenCV's way to cameras on this system."""
    return _BACKENDS.get(sys.platform, cv2.CAP_ANY)


def list_cameras() -> tuple[CameraInfo, ...]:
    """All cameras by number; empty where there are none, or where the system gives no list."""
    quiet_opencv()
    backend = camera_backend()
    if backend not in supported_backends:
        return ()
    found = {
        one.index: CameraInfo(one.index, (one.name or "").strip() or f"camera {one.index}", one.backend, one.path)
        for one in enumerate_cameras(backend)
    }
    return tuple(found[index] for index in sorted(found))


def set_mode(capture: cv2.VideoCapture, width: int | None, height: int | None, rate: float | None) -> CameraMode:
    """Ask an open camera for a size and rate, either may be None, and return what it settled on."""
    if width and height:
        if width * height > _PACKED_FROM:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    if rate:
        capture.set(cv2.CAP_PROP_FPS, rate)
    told = capture.get(cv2.CAP_PROP_FPS)
    return CameraMode(
        int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        round(told, 2) if 0 < told < _FASTEST else 0.0,
    )


def accepted_modes(
    ask: Callable[[int, int, float], CameraMode], go_on: Callable[[], bool] = lambda: True
) -> tuple[CameraMode, ...]:
    """The different modes that a camera settles on when asked for every usual size and rate, smallest first.

    Some drivers take a second for each answer: no more is asked once `go_on` is False.
    """
    answers = {ask(width, height, rate) for width, height in _SIZES for rate in _RATES if go_on()}
    known = {mode for mode in answers if mode.width > 0 and mode.height > 0}
    # A size whose rate is known at least once needs no line without one.
    rated = {(mode.width, mode.height) for mode in known if mode.rate}
    return tuple(sorted(mode for mode in known if mode.rate or (mode.width, mode.height) not in rated))


def probe(camera: CameraInfo, go_on: Callable[[], bool] = lambda: True) -> tuple[CameraMode, ...]:
    """The sizes and rates that `camera` takes, found by trying as long as `go_on` is True.

    Empty if it can't be opened, as while it is used.
    """
    quiet_opencv()
    capture = cv2.VideoCapture(camera.index, camera.backend)
    try:
        if not capture.isOpened():
            return ()
        return accepted_modes(lambda width, height, rate: set_mode(capture, width, height, rate), go_on)
    except cv2.error:
        return ()
    finally:
        capture.release()


def describe_cameras() -> Iterator[str]:
    """Yield, line by line as it is found out, every camera and what it can do; one friendly line if there is none."""
    cameras = list_cameras()
    if not cameras:
        yield "no camera found; plug one in and try again, or play a video file"
    for camera in cameras:
        yield f"{camera.index}: {camera.name}"
        yield "   " + (", ".join(map(str, probe(camera))) or "can't be opened now; another program may be using it")
