"""Native libraries pass Python's sockets by, so the system's own calls are watched."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support import astronaut, environment, write_clip

WATCHED = ["strace", "-f", "-qq", "-e", "trace=%network", "-o"]


def network_calls(trace: Path) -> list[str]:
    """Every call of the system that has to do with sockets: none at all is needed, not even to look up a name."""
    calls = (line.partition(" ")[2].lstrip() for line in trace.read_text().splitlines())
    return [call for call in calls if "(" in call and not call.startswith("---")]  # that is a signal


def watched(*arguments: str, cwd: Path, **more: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run Python with every network call written down; return the run, and where they stand."""
    trace = cwd / "trace"
    run = subprocess.run(
        [*WATCHED, str(trace), sys.executable, *arguments],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if not trace.exists() or ("ptrace" in run.stderr and not trace.read_text()):
        pytest.skip("strace may not trace here")
    return run, trace


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "command",
    [["demo"], ["selftest"], ["cameras"], ["image", "a.png", "-o", "seen"], ["video", "a.mp4", "-o", "seen.mp4"]],
    ids=lambda command: command[0],
)
def test_nothing_is_sent_anywhere(command: list[str], tmp_path: Path) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    write_clip(tmp_path / "a.mp4", lambda _: astronaut(), 3)
    run, trace = watched("-m", "maskcam", *command, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert network_calls(trace) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_window_sends_nothing_and_keeps_nothing_unasked(tmp_path: Path) -> None:
    """Qt talks to the desktop through sockets of the machine itself; no other kind is opened."""
    home = tmp_path / "home"
    home.mkdir()
    write_clip(tmp_path / "a.mp4", lambda _: astronaut(), 5)
    script = """
import sys
from PySide6.QtCore import QTimer
from maskcam.viewer import window
original = window.ViewerWindow.begin
def begin(self, spec):
    original(self, spec)
    self.watching = QTimer(self)
    self.watching.timeout.connect(lambda: self.front.canvas.shown.people and self.close())
    self.watching.start(100)
window.ViewerWindow.begin = begin
from maskcam.cli import main
sys.exit(main(sys.argv[1:]))
"""
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state")}
    run, trace = watched("-c", script, "live", "a.mp4", cwd=tmp_path, QT_QPA_PLATFORM="offscreen", **own)
    assert (run.returncode, run.stderr) == (0, "")
    assert [call for call in network_calls(trace) if "AF_INET" in call or "AF_PACKET" in call] == []
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {"a.mp4", "trace", "home/config/maskcam/maskcam.ini", "home/state/maskcam/maskcam.log"}
    assert "mask" not in (home / "state" / "maskcam" / "maskcam.log").read_text().replace("maskcam", "")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_watch_would_notice(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    script = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))"
    subprocess.run(
        [*WATCHED, str(trace), sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    if not trace.exists() or not trace.read_text():
        pytest.skip("strace may not trace here")
    assert any("192.0.2.1" in line for line in network_calls(trace))
