"""Drives the standalone executable: `python -m pytest -m slow tests/test_executable.py`.

It is built first, by `.ci/build`, unless `MASKCAM_EXECUTABLE` names a built folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundle import archive, contents, desktop
from maskcam import __version__
from maskcam.assets import DEMO_CLIP, asset
from maskcam.frames import Pixels
from maskcam.sources.video_file import VideoSource
from tests.http_camera import HttpCamera
from tests.screen import Screen
from tests.support import ROOT, environment, one_clear_line
from tests.test_viewer_process import orange, seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="drives Linux's folder"),
]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def folder() -> Path:
    """The built folder."""
    given = os.environ.get("MASKCAM_EXECUTABLE")
    if given is None:
        built = subprocess.run([ROOT / ".ci" / "build"], capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr
    path = Path(given) if given else ROOT / "dist" / "maskcam"
    assert (path / "maskcam").is_file(), f"{path} is no built folder"
    return path.resolve()


@pytest.fixture(scope="session")
def moved(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder somewhere else, under an odd name, where nothing can be written."""
    path = tmp_path_factory.mktemp("other") / "Größe 口罩 it's here"
    shutil.copytree(folder, path, symlinks=True)
    for one in [*path.rglob("*"), path]:
        if not one.is_symlink():
            one.chmod(0o555 if one.is_dir() or os.access(one, os.X_OK) else 0o444)
    yield path
    for one in [path, *path.rglob("*")]:
        if one.is_dir() and not one.is_symlink():
            one.chmod(0o755)


@pytest.fixture
def run(moved: Path, tmp_path: Path) -> Run:
    """Runs the moved program in an empty environment."""

    def start(*arguments: object, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(moved / "maskcam"), *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return start


def test_the_folder_and_its_archive_stay_within_their_limits(folder: Path) -> None:
    assert archive.size(folder) <= archive.FOLDER_LIMIT
    packed = sorted(folder.parent.glob("maskcam-*.tar.xz"))
    if sys.platform == "linux" and "MASKCAM_EXECUTABLE" not in os.environ:
        assert packed, "the build packs it"
    assert all(path.stat().st_size <= archive.ARCHIVE_LIMIT for path in packed)


def test_the_folder_holds_all_that_is_needed_and_nothing_else(folder: Path) -> None:
    inside = folder / "_internal"
    files = [path.relative_to(inside).as_posix() for path in inside.rglob("*")]
    assert {f"assets/{name}" for name in contents.ASSETS} == {name for name in files if name.startswith("assets/")}
    plugins = {name.partition("/plugins/")[2] for name in files if "/plugins/" in name and name.endswith(".so")}
    assert plugins == {name for name in contents.QT_PLUGINS if name.endswith(".so")}
    for unwanted in ("tensorflow", "matplotlib", "training/", "/tests/", "translations", "Qt6Network", "Qt6Qml", "gtk"):
        assert not [name for name in files if unwanted.lower() in name.lower()], unwanted
    assert [path for path in inside.rglob("*") if path.is_symlink() and not path.exists()] == []
    assert len([name for name in files if Path(name).name.startswith("libavcodec-") and "/" in name]) == 2
    assert len([path for path in inside.glob("*.libs/libavcodec-*") if not path.is_symlink()]) == 1
    overview = (folder / "licences" / "README.md").read_text(encoding="utf-8")
    named = overview.lower().replace("-", "_")
    for name in (*contents.DISTRIBUTIONS, "x264", "Qt"):
        assert f"[{name}]".lower().replace("-", "_") in named or f"| {name} |" in overview, name
    assert (folder / "share" / "applications" / "maskcam.desktop").read_text(encoding="utf-8") == desktop.linux_entry()


def test_it_knows_itself(run: Run) -> None:
    assert run("--version").stdout == f"maskcam {__version__}\n"
    installed = subprocess.run(
        [sys.executable, "-m", "maskcam", "--help"], env=environment(), capture_output=True, text=True, check=True
    )
    assert run("--help").stdout.split() == installed.stdout.split()


@pytest.mark.parametrize("now", ["0", "1"])
def test_all_is_well_in_an_empty_environment(run: Run, tmp_path: Path, now: str) -> None:
    # With LD_BIND_NOW every function that any library asks for must be there, also where one serves two wheels.
    done = run("selftest", **({"LD_BIND_NOW": "1"} if now == "1" else {}))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert f"maskcam {__version__} (executable)" in done.stdout
    assert "unknown" not in done.stdout
    assert len(re.findall(r"^ok  ", done.stdout, re.MULTILINE)) == 11
    assert "not checked" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("command", ["selftest", "demo"])
def test_no_socket_is_opened(moved: Path, tmp_path: Path, command: str) -> None:
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-qq", "-e", "trace=%network", "-o", str(trace), str(moved / "maskcam"), command]
    done = subprocess.run(watched, cwd=tmp_path, env={}, capture_output=True, text=True, timeout=300, check=False)
    if "ptrace" in done.stderr and not trace.read_text():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in trace.read_text().splitlines() if "(" in line and "SIG" not in line] == []


def test_the_demo_tells_that_a_mask_is_put_on(run: Run, tmp_path: Path) -> None:
    done = run("demo", "-o", "ünï.mp4")
    assert done.returncode == 0, done.stderr
    assert "person 1 now: mask" in done.stdout
    with VideoSource(tmp_path / "ünï.mp4") as video:
        assert len(list(video)) == 200


def test_the_verdicts_are_the_installed_ones_byte_for_byte(run: Run, tmp_path: Path) -> None:
    clip = asset(DEMO_CLIP)
    done = run("video", clip, "-o", "a.mp4", "--json", "a.jsonl", "--events", "a.csv")
    assert done.returncode == 0, done.stderr
    subprocess.run(
        [sys.executable, "-m", "maskcam", "video", clip, "-o", "b.mp4", "--json", "b.jsonl", "--events", "b.csv"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    for suffix in ("jsonl", "csv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert (tmp_path / "a.jsonl").read_bytes().count(b"\n") == 200


def test_pictures_of_every_format_are_judged(run: Run, tmp_path: Path) -> None:
    portrait = Image.open(ROOT / "assets" / "overlay.jpg")
    for suffix in ("jpg", "png", "webp", "bmp", "tiff", "gif"):
        portrait.save(tmp_path / f"one.{suffix}")
    done = run("image", tmp_path, "--json", "seen.jsonl")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen.jsonl").read_text().count('"faces": [{') == 6


def test_bad_input_gets_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    assert "missing.mp4" in one_clear_line(run("video", "missing.mp4", "-o", "x.mp4"))
    assert "text.mp4" in one_clear_line(run("video", "text.mp4", "-o", "x.mp4"))
    assert "text.mp4" in one_clear_line(run("video", asset(DEMO_CLIP), "-o", "text.mp4"))
    assert "ftp" in one_clear_line(run("live", "ftp://host/x"))
    assert run("nonsense").returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


def test_cameras_are_looked_for(run: Run) -> None:
    done = run("cameras")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_without_a_screen_the_viewer_says_so(run: Run) -> None:
    for arguments in ((), ("live",), ("live", "0")):
        assert "needs a screen" in one_clear_line(run(*arguments))


def test_a_screen_that_is_not_there(run: Run) -> None:
    done = run("live", DISPLAY=":77")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_without_a_home_it_is_of_nobody_and_started_through_a_link(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "maskcam").symlink_to(moved / "maskcam")
    for home in ("/nonexistent", "/proc"):
        done = subprocess.run(
            [tmp_path / "maskcam", "selftest"], env={"HOME": home}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return
    # Root writes wherever it likes; somebody else finds out what really needs no writing.
    with contextlib.ExitStack() as stack:
        for parent in [moved, *moved.parents][:4]:
            before = parent.stat().st_mode
            parent.chmod(before | 0o055)
            stack.callback(parent.chmod, before)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(moved / "maskcam"), "selftest"]
        done = subprocess.run(nobody, env={}, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_at_the_same_time(moved: Path, tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            [moved / "maskcam", "demo", "-o", f"{number}.mp4"],
            cwd=tmp_path,
            env={},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(2)
    ]
    told = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert (tmp_path / "0.mp4").read_bytes() == (tmp_path / "1.mp4").read_bytes()


# The viewer.


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    with Screen(1200, 900) as one:
        yield one


@contextlib.contextmanager
def viewer(moved: Path, screen: Screen, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The viewer, ended by a signal; it must end well and have said nothing."""
    process = subprocess.Popen(
        [moved / "maskcam", "live", *arguments],
        env={"DISPLAY": screen.name, "HOME": str(home)},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=15)[0]
    assert (process.returncode, told) == (0, "")


def wait(screen: Screen, process: subprocess.Popen[str], shows: Callable[[Pixels], bool]) -> Pixels:
    begun = time.monotonic()
    while time.monotonic() - begun < 30:
        assert process.poll() is None
        picture = screen.picture()
        if shows(picture):
            return picture
        time.sleep(0.03)
    raise AssertionError("it never was on the screen")


def test_the_viewer_shows_the_demo(moved: Path, screen: Screen, tmp_path: Path) -> None:
    with viewer(moved, screen, tmp_path, str(asset(DEMO_CLIP))) as process:
        wait(screen, process, orange)
        time.sleep(1)
        shot = screen.picture()
    keep = os.environ.get("MASKCAM_SCREENSHOT")
    if keep:
        Image.fromarray(shot).save(keep)
    assert shot[60:560, 200:800].std() > 20


def test_the_viewer_follows_a_network_camera(moved: Path, screen: Screen, tmp_path: Path) -> None:
    with HttpCamera(size=(640, 480), rate=20) as camera, viewer(moved, screen, tmp_path, camera.url) as process:
        first = wait(screen, process, seen)
        time.sleep(1)
        second = screen.picture()
        camera.kill()
        wait(screen, process, lambda picture: bool(np.abs(picture.astype(int) - second).mean() > 1))
        camera.start()
        wait(screen, process, seen)
    assert np.abs(first.astype(int) - second).mean() > 0.1


def test_two_viewers_and_no_home_at_the_same_time(moved: Path, screen: Screen) -> None:
    nowhere = Path("/nonexistent")
    clip = str(asset(DEMO_CLIP))
    with viewer(moved, screen, nowhere, clip) as first, viewer(moved, screen, nowhere, clip) as second:
        wait(screen, second, orange)
        time.sleep(1)
        assert first.poll() is None
        assert second.poll() is None
