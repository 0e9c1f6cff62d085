from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskcam.cameras import CameraInfo, CameraMode, accepted_modes, describe_cameras, list_cameras, probe
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
