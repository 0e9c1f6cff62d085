"""Streams and cameras as live sources: opened, told of, let go; a real camera on the network of this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest

from maskcam.frames import Pixels
from maskcam.live import Cause, Pictures, SourceLost
from maskcam.sources.camera import CameraSource, why_no_camera
from maskcam.sources.handle import Handle
from maskcam.sources.opener import open_source
from maskcam.sources.spec import SourceKind, SourceSpec, parse_source
from maskcam.sources.stream import StreamSource
from tests.http_camera import HttpCamera, read_number
from tests.http_films import FilmServer
from tests.support import environment, wait_for
from tests.video_files import make_video


def test_a_stream_is_read_in_order_and_at_once() -> None:
    with HttpCamera(size=(320, 240), rate=30) as camera:
        source = open_source(parse_source(camera.url))
        numbers, behind = [], []
        for _ in range(45):
            numbers.append(read_number(source.read()))
            behind.append(max(camera.sent) - numbers[-1])
        source.close()
        source.close()
        with pytest.raises(SourceLost):
            source.read()
    # A busy machine's camera may leave out a picture, but what it sent must have been read.
    assert numbers == [number for number in sorted(camera.sent) if numbers[0] <= number <= numbers[-1]]
    # How old a picture is the benchmarks measure; one that piles up is further behind with every picture.
    assert np.median(behind) <= 2, behind


def test_colours_of_a_stream_are_right() -> None:
    def red(width: int, height: int, number: int) -> Pixels:
        return np.broadcast_to(np.array([200, 40, 20], np.uint8), (height, width, 3))

    with HttpCamera(size=(64, 48), draw=red) as camera:
        source = StreamSource(camera.url)
        assert np.abs(source.read().astype(int) - [200, 40, 20]).max() < 6
        source.close()


def test_a_stream_with_a_password_opens_and_hides_it() -> None:
    with HttpCamera(password="user:geheim") as camera:
        source = StreamSource(camera.url)
        assert source.read().shape == (480, 640, 3)
        assert "geheim" not in source.name
        source.close()
        bare = camera.url.replace("user:geheim@", "")
        with pytest.raises(SourceLost, match="asks for a password") as raised:
            StreamSource(bare)
    assert raised.value.cause is Cause.DENIED


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("401 Unauthorized", Cause.DENIED),
        ("403 Forbidden", Cause.DENIED),
        ("503 Service Unavailable", Cause.BUSY),
        ("429 Too Many Requests", Cause.BUSY),
        ("404 Not Found", Cause.UNREACHABLE),
    ],
)
def test_a_camera_that_refuses_is_told_by_its_answer(answer: str, cause: Cause) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def refuse() -> None:
            with server.accept()[0] as asked:
                asked.recv(4096)
                asked.sendall(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(SourceLost) as raised:
            StreamSource(f"http://127.0.0.1:{server.getsockname()[1]}/video")
        thread.join(10)
    assert raised.value.cause is cause
    assert len(str(raised.value).splitlines()) == 1


def test_numbers_in_an_address_are_no_answer_of_the_camera() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceLost, match="nothing answers there") as raised:
            StreamSource(f"http://127.0.0.1:{taken.getsockname()[1]}/401/403")
    assert raised.value.cause is Cause.UNREACHABLE


def test_a_stream_that_is_not_there_is_told_quickly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening, so that nobody else can answer there
        url = f"http://user:geheim@127.0.0.1:{taken.getsockname()[1]}/video"
        begun = time.monotonic()
        with pytest.raises(SourceLost, match="nothing answers there") as raised:
            StreamSource(url, open_timeout=60)
    assert time.monotonic() - begun < 30, "it waited for the timeout"
    assert raised.value.cause is Cause.UNREACHABLE
    assert "geheim" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_machine_that_answers_without_a_picture_is_told_within_the_timeout() -> None:
    with HttpCamera() as camera:
        camera.freeze()
        camera._jpeg = b""  # not even the picture that was ready
        begun = time.monotonic()
        with pytest.raises(SourceLost, match="sends no video") as raised:
            StreamSource(camera.url, open_timeout=0.7)
        assert time.monotonic() - begun < 10, "it waited for the camera"
        assert raised.value.cause is Cause.UNREADABLE


def test_what_sends_no_picture_at_all_is_told() -> None:
    def rubbish(width: int, height: int, number: int) -> Pixels:
        return np.zeros((8, 8, 3), np.uint8)

    with HttpCamera(draw=rubbish) as camera:
        camera._encoded = lambda number: b"this is no JPEG" * 50  # type: ignore[method-assign]
        with pytest.raises(SourceLost) as raised:
            source = StreamSource(camera.url, open_timeout=1.0, read_timeout=0.5)
            source.read()
        assert raised.value.cause is Cause.UNREADABLE


def test_closing_never_waits_for_a_read_that_hangs() -> None:
    with HttpCamera(size=(64, 48)) as camera:
        source = StreamSource(camera.url, read_timeout=3.0)
        source.read()
        camera.freeze()
        ended: list[BaseException] = []

        def read() -> None:
            try:
                while True:
                    source.read()
            except SourceLost as lost:
                ended.append(lost)

        thread = threading.Thread(target=read)
        thread.start()
        time.sleep(0.3)
        source.close()
        assert thread.is_alive(), "it waited for the read"
        thread.join(30)
        assert ended


def test_nothing_is_disposed_of_while_it_is_used() -> None:
    disposed: list[float] = []
    handle = Handle("it", lambda: disposed.append(time.monotonic()))
    with handle.using():
        handle.close()
        assert not disposed
    assert len(disposed) == 1
    handle.close()
    assert len(disposed) == 1
    with pytest.raises(SourceLost, match="it was closed"), handle.using():
        pass


def test_no_camera_here_is_told_without_noise(tmp_path: Path) -> None:
    if any(Path("/dev").glob("video*")) or sys.platform != "linux":
        pytest.skip("this machine may have cameras")
    script = (
        "from maskcam.sources.camera import *\ntry: CameraSource(0)\nexcept Exception as e: print(repr(e), e.cause)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "there is no camera 0" in done.stdout
    assert done.stdout.strip().endswith("missing")
    assert done.stderr == ""


@pytest.mark.parametrize(("system", "where"), [("win32", "desktop apps"), ("darwin", "Privacy & Security")])
def test_where_the_system_does_not_say_why_all_reasons_are_named(system: str, where: str, tmp_path: Path) -> None:
    lost = why_no_camera(3, tmp_path, system)
    assert lost.cause is Cause.UNTOLD
    assert "plug it in" in str(lost) and "other programs" in str(lost) and where in str(lost)


@pytest.mark.skipif(sys.platform != "linux", reason="devices are files on Linux alone")
def test_why_a_camera_can_not_be_opened(tmp_path: Path) -> None:
    device = tmp_path / "video3"
    assert why_no_camera(3, tmp_path).cause is Cause.MISSING
    device.touch()
    assert why_no_camera(3, tmp_path).cause is Cause.BUSY
    device.chmod(0)
    if os.geteuid():
        lost = why_no_camera(3, tmp_path)
        assert lost.cause is Cause.DENIED
        assert "group" in str(lost)


def test_a_camera_is_not_opened_from_a_spec_that_names_none() -> None:
    if sys.platform != "linux" or Path("/dev/video99").exists():
        pytest.skip("this machine may have such a camera")
    with pytest.raises(SourceLost, match="there is no camera 99"):
        open_source(SourceSpec(SourceKind.CAMERA, "99", width=1280, height=720, rate=30))
    with pytest.raises(SourceLost):
        CameraSource(99)


def test_a_stream_tells_whether_it_may_repeat_its_pictures(tmp_path: Path) -> None:
    """One whole picture after the other has a sensor's noise in it, what is predicted has not."""
    path = make_video(tmp_path / "a.ts", pts=range(50), format="mpegts")
    with HttpCamera() as camera, FilmServer(path, ranges=False, length=None) as endless:
        for url, expected in ((camera.url, Pictures.FRESH), (endless.url, Pictures.REPEATED)):
            with contextlib.closing(StreamSource(url)) as source:
                assert source.pictures is expected


def test_what_has_sound_only_is_told_and_let_go(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 10_000_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
    with FilmServer(tmp_path / "a.wav") as server:
        with pytest.raises(SourceLost, match="answers, but sends no video") as raised:
            StreamSource(server.url)
        assert raised.value.cause is Cause.UNREADABLE
        # There is far more to send than fits into the connection.
        wait_for(lambda: not server.open)
