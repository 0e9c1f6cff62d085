from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from maskcam.cli import main
from maskcam.frames import Pixels
from maskcam.live import Cause, SourceLost
from maskcam.sources import cameras
from maskcam.sources.camera import TORN_SECONDS, CameraSource
from maskcam.sources.cameras import (
    CameraInfo,
    CameraMode,
    accepted_modes,
    camera_backend,
    describe_cameras,
    list_cameras,
    probe,
)
from maskcam.videoio import set_environment
from tests.support import ROOT, environment, maskcam

no_camera = pytest.mark.skipif(
    sys.platform != "linux" or any(Path("/dev").glob("video*")), reason="this machine may have cameras"
)


@no_camera
def test_without_a_camera_the_list_is_empty_and_the_command_friendly(tmp_path: Path) -> None:
    assert list_cameras() == ()
    assert len(list(describe_cameras())) == 1
    run = maskcam("cameras", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) == 1
    assert "no camera found" in run.stdout


@no_camera
def test_a_camera_that_can_not_be_opened_has_no_modes(capfd: pytest.CaptureFixture[str]) -> None:
    assert probe(CameraInfo(99, "unplugged meanwhile", 200)) == ()
    assert capfd.readouterr() == ("", "")


def test_the_command_has_help_and_is_documented(tmp_path: Path) -> None:
    assert maskcam("cameras", "--help", cwd=tmp_path).returncode == 0
    assert "maskcam cameras" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("index", "name"), [(-1, "camera"), (0, "")])
def test_a_camera_checks_itself(index: int, name: str) -> None:
    with pytest.raises(ValueError, match="number"):
        CameraInfo(index, name, 0)


def test_modes_are_what_the_camera_settles_on_each_once() -> None:
    def webcam(width: int, height: int, rate: float) -> CameraMode:
        """Answers as a usual 720p webcam does: the nearest of its own."""
        return CameraMode(1280, 720, 30.0) if width > 640 else CameraMode(640, 480, min(rate, 30.0))

    modes = accepted_modes(webcam)
    assert modes == (CameraMode(640, 480, 15.0), CameraMode(640, 480, 30.0), CameraMode(1280, 720, 30.0))
    assert list(map(str, modes)) == ["640x480 at 15/s", "640x480 at 30/s", "1280x720 at 30/s"]


def test_a_slow_camera_is_not_asked_for_ever() -> None:
    asked: list[int] = []

    def slow(width: int, height: int, rate: float) -> CameraMode:
        asked.append(width)
        return CameraMode(width, height, rate)

    assert len(accepted_modes(slow, lambda: len(asked) < 4)) == 4


def test_drivers_that_say_nothing_do_not_list_nonsense() -> None:
    assert accepted_modes(lambda width, height, rate: CameraMode(0, 0, 0.0)) == ()
    silent = accepted_modes(lambda width, height, rate: CameraMode(640, 480, 0.0 if rate > 20 else 15.0))
    assert silent == (CameraMode(640, 480, 15.0),)
    assert str(CameraMode(640, 480, 0.0)) == "640x480"


def test_the_environment_is_set_before_opencv_is_loaded_and_users_may_choose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "9")
    monkeypatch.delenv("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", raising=False)
    set_environment()
    assert os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "9"
    assert os.environ["OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS"] == "0"
    script = "import sys, maskcam.cli; print('cv2' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


class Webcam:
    """Stands for OpenCV's capture of a camera that is there: 640x480 bare, more only as JPEGs, 30 a second at most."""

    opened: ClassVar[list[Webcam]] = []

    def __init__(self, *place: int) -> None:
        self.asked: list[tuple[int, float]] = []
        self.held = False
        self.grey = False
        self.torn: Iterator[Exception | None] = iter(())
        self.opened.append(self)
        if place:
            self.open(*place)

    def open(self, index: int, backend: int) -> bool:
        self.held = index == 0 and backend == camera_backend()
        return self.held

    def isOpened(self) -> bool:
        return self.held

    def release(self) -> None:
        self.held = False

    def set(self, name: int, value: float) -> bool:
        assert self.held
        self.asked.append((name, value))
        return True

    def get(self, name: int) -> float:
        asked = dict(self.asked)
        packed = asked.get(cv2.CAP_PROP_FOURCC) == cv2.VideoWriter.fourcc(*"MJPG")
        large = asked.get(cv2.CAP_PROP_FRAME_WIDTH, 0) >= 1280 and packed
        rate = min(asked.get(cv2.CAP_PROP_FPS, 30.0), 30.0)
        size = (1280, 720) if large else (640, 480)
        return {cv2.CAP_PROP_FRAME_WIDTH: size[0], cv2.CAP_PROP_FRAME_HEIGHT: size[1], cv2.CAP_PROP_FPS: rate}[name]

    def read(self) -> tuple[bool, Pixels]:
        assert self.held
        for error in self.torn:
            # A picture that can't be decoded is none to OpenCV, or an error of its own.
            if error is not None:
                raise error
            return False, np.zeros((0, 0, 3), np.uint8)
        height, width = int(self.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(self.get(cv2.CAP_PROP_FRAME_WIDTH))
        picture = np.full((height, width, 3), (10, 20, 200), np.uint8)  # red, in OpenCV's order
        return True, picture[..., 2] if self.grey else picture


@pytest.fixture
def webcam(monkeypatch: pytest.MonkeyPatch) -> type[Webcam]:
    monkeypatch.setattr(cv2, "VideoCapture", Webcam)
    Webcam.opened.clear()
    return Webcam


def test_a_webcam_gives_its_pictures_in_the_right_colours_and_is_let_go(webcam: type[Webcam]) -> None:
    source = CameraSource(0)
    assert source.mode == CameraMode(640, 480, 30.0)
    picture = source.read()
    assert picture.shape == (480, 640, 3) and picture.dtype == np.uint8
    assert picture[0, 0].tolist() == [200, 20, 10], "RGB"
    webcam.opened[0].grey = True
    assert source.read()[0, 0].tolist() == [200, 200, 200]
    source.close()
    assert [one.held for one in webcam.opened] == [False]
    with pytest.raises(SourceLost, match="closed"):
        source.read()


def test_a_torn_picture_is_no_reason_to_lose_a_camera(webcam: type[Webcam]) -> None:
    with contextlib.closing(CameraSource(0)) as source:
        for torn in ([None], [cv2.error("torn")], [None, cv2.error("torn"), None]):
            webcam.opened[0].torn = iter(torn)
            assert source.read().shape == (480, 640, 3)
            assert not list(webcam.opened[0].torn), "all were read"


@pytest.mark.parametrize(("error", "cause"), [(None, Cause.SILENT), (cv2.error("torn"), Cause.UNREADABLE)])
def test_a_camera_that_sends_nothing_readable_any_more_is_lost(
    webcam: type[Webcam], error: Exception | None, cause: Cause
) -> None:
    with contextlib.closing(CameraSource(0)) as source:
        source.read()
        webcam.opened[0].torn = itertools.repeat(error)
        begun = time.monotonic()
        with pytest.raises(SourceLost, match="camera 0 sends") as lost:
            source.read()
        assert lost.value.cause is cause
        assert time.monotonic() - begun >= TORN_SECONDS


def test_a_webcam_is_asked_for_packed_pictures_before_a_large_size(webcam: type[Webcam]) -> None:
    with contextlib.closing(CameraSource(0, 1280, 720, 60.0)) as source:
        assert source.mode == CameraMode(1280, 720, 30.0)
        assert source.read().shape == (720, 1280, 3)
    assert [name for name, _ in webcam.opened[0].asked] == [
        *(cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    ]


def test_what_a_webcam_can_do_is_found_out_and_told(
    webcam: type[Webcam], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = [CameraInfo(0, "Desk", camera_backend()), CameraInfo(1, "Door", camera_backend())]
    monkeypatch.setattr(cameras, "list_cameras", lambda: there)
    assert main(["cameras"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "0: Desk",
        "   640x480 at 15/s, 640x480 at 30/s, 1280x720 at 15/s, 1280x720 at 30/s",
        "1: Door",
        "   can't be opened now; another program may be using it",
    ]
    assert not any(one.held for one in webcam.opened)
