"""`maskcam live` where there is no screen, no window, or no such source."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import (
    astronaut,
    environment,
    maskcam,
    one_clear_line,
    scaled,
    start,
    wait_for,
    write_clip,
)


def test_without_a_screen_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for arguments in ((), ("live",), ("live", "0")):
        assert "screen" in one_clear_line(maskcam(*arguments, cwd=tmp_path))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"DISPLAY": ":77", "QT_QPA_PLATFORM": "xcb"}, "display :77"), ({"QT_QPA_PLATFORM": "paper"}, '"paper"')],
)
def test_where_no_window_can_be_opened_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], said: str
) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    line = one_clear_line(maskcam("live", "0", cwd=tmp_path))
    assert "no window" in line
    assert said in line


def test_what_qt_has_to_say_goes_into_the_log(tmp_path: Path) -> None:
    still = write_clip(tmp_path / "still.mp4", lambda _: scaled(astronaut(), 0.5), 50)
    # Offscreen, Qt complains that hints of a window's size go nowhere.
    own = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    viewer = start("live", still, cwd=tmp_path, QT_QPA_PLATFORM="offscreen", **own)
    wait_for(
        lambda: viewer.poll() is not None or any("Qt: " in log.read_text() for log in tmp_path.rglob("maskcam.log"))
    )
    assert viewer.poll() is None
    viewer.send_signal(signal.SIGTERM)
    assert viewer.communicate(timeout=60)[1] == ""
    assert viewer.returncode == 0


def test_a_source_that_can_not_be_meant_gets_one_line(tmp_path: Path) -> None:
    assert "missing.mp4" in one_clear_line(maskcam("live", "missing.mp4", cwd=tmp_path))
    assert "secret" not in one_clear_line(maskcam("live", "ftp://me:secret@host/x", cwd=tmp_path))


def test_opencvs_own_qt_plugins_are_kept_away() -> None:
    script = "import cv2, os; from maskcam.viewer.app import forget_opencvs_qt; forget_opencvs_qt();"
    script += "print([n for n in ('QT_QPA_PLATFORM_PLUGIN_PATH', 'QT_QPA_FONTDIR') if 'cv2' in os.environ.get(n, '')])"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
