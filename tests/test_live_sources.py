from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maskcam.camera_source import why_no_camera
from maskcam.errors import UnusableInput
from maskcam.frames import Pixels
from maskcam.handle import Handle
from maskcam.live import Cause, SourceEnded, SourceLost
from maskcam.live_sources import (
    CameraSource,
    PlayedVideo,
    SourceKind,
    SourceSpec,
    StreamSource,
    mask_password,
    open_source,
    parse_source,
)
from tests.http_camera import HttpCamera, numbered, read_number
from tests.support import environment, wait_for, write_clip
from tests.video_files import make_video

RATE = 25
FRAMES = 50


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of numbered frames."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return write_clip(path, lambda number: numbered(320, 240, number), FRAMES, RATE)


@pytest.fixture
def video(clip: Path) -> Iterator[PlayedVideo]:
    source = PlayedVideo(clip)
    yield source
    source.close()


def test_what_users_write_is_understood(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    assert parse_source(" 1 ") == SourceSpec(SourceKind.CAMERA, "1")
    assert parse_source("007").index == 7
    for address in ("rtsp://10.0.0.2/live", "RTSP://cam:554/", "http://[::1]:8080/video?x=1", "https://a.example/"):
        assert parse_source(address) == SourceSpec(SourceKind.STREAM, address)
    assert parse_source(str(tmp_path / "clip.mp4")).kind is SourceKind.FILE
    assert parse_source(str(tmp_path / "clip.mp4")).label == "clip.mp4"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "1000",
        "9" * 5000,
        "ftp://a/b",
        "file:///etc/passwd",
        "rtsp://",
        "http:///x",
        "http://a:b:c/",
        "http://[",
        "http://a:99999/",
        "http://a b/",
        "no-such-file.mp4",
        ".",
        "a\nb",
        "a\x00b",
        "x" * 5000,
        "http://u:geheim@:80/",
    ],
)
def test_what_can_be_no_source_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UnusableInput) as raised:
        parse_source(text)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 300 + min(len(text), 100)
    assert "geheim" not in str(raised.value)


@example(":\r")
@given(st.one_of(st.text(), st.text(max_size=8).map("http://".__add__), st.integers(-5, 300).map(str)))
def test_any_text_is_a_source_or_refused_in_one_line(text: str) -> None:
    try:
        spec = parse_source(text)
    except UnusableInput as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert spec.where
        assert spec.kind is not SourceKind.CAMERA or 0 <= spec.index < 100


@given(st.integers(0, 99), st.sampled_from(["", " ", "0"]))
def test_every_camera_number_survives(index: int, before: str) -> None:
    assert parse_source(f"{before}{index}").index == index


@given(
    st.text(st.characters(exclude_characters=" \t\r\n", codec="ascii"), min_size=4).map(lambda word: f"Q{word}Z"),
    st.sampled_from(["rtsp://u:{}@10.0.0.1/live", "http://{}:x@cam:80/a?b=1", "http://cam/video?user=a&password={}"]),
)
def test_no_password_is_ever_shown(secret: str, address: str) -> None:
    whole = address.format(secret)
    shown = mask_password(whole)
    assert secret not in shown
    assert shown.startswith(whole[:7])
    spec = SourceSpec(SourceKind.STREAM, whole)
    assert secret not in repr(spec) + str(spec) + spec.label


def test_an_address_without_secrets_stays_readable() -> None:
    assert mask_password("rtsp://10.0.0.2:554/live/main") == "rtsp://10.0.0.2:554/live/main"
    assert mask_password("http://u:p@10.0.0.2/live?channel=1") == "http://***@10.0.0.2/live?***"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": SourceKind.CAMERA, "where": "x"},
        {"kind": SourceKind.CAMERA, "where": "-1"},
        {"kind": SourceKind.FILE, "where": ""},
        {"kind": SourceKind.CAMERA, "where": "0", "width": 640},
        {"kind": SourceKind.CAMERA, "where": "0", "rate": 0},
    ],
)
def test_a_spec_checks_itself(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"names no|go together"):
        SourceSpec(**wrong)  # type: ignore[arg-type]


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


@pytest.mark.parametrize("answer", ["401 Unauthorized", "403 Forbidden"])
def test_a_camera_that_refuses_is_told_by_its_answer(answer: str) -> None:
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
    assert raised.value.cause is Cause.DENIED


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
    script = "from maskcam.live_sources import *\ntry: CameraSource(0)\nexcept Exception as e: print(repr(e), e.cause)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "there is no camera 0" in done.stdout
    assert done.stdout.strip().endswith("missing")
    assert done.stderr == ""


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


def test_a_video_plays_in_real_time_to_its_end(video: PlayedVideo) -> None:
    assert video.duration == pytest.approx(FRAMES / RATE, abs=0.05)
    numbers, begun = [read_number(video.read())], time.monotonic()
    with pytest.raises(SourceEnded):
        while True:
            numbers.append(read_number(video.read()))
            assert video.position == pytest.approx(numbers[-1] / RATE, abs=0.001)
    assert time.monotonic() - begun > (FRAMES - 1) / RATE - 0.1
    # On a busy machine it leaves out more.
    assert numbers == sorted(set(numbers))
    assert len(numbers) > FRAMES // 5
    assert numbers[0] == 0
    assert numbers[-1] == FRAMES - 1


def test_a_slow_reader_gets_fewer_frames_and_no_delay(video: PlayedVideo) -> None:
    numbers, begun = [read_number(video.read())], time.monotonic()
    with pytest.raises(SourceEnded):
        while True:
            time.sleep(0.15)
            numbers.append(read_number(video.read()))
    assert time.monotonic() - begun > (FRAMES - 1) / RATE - 0.1
    assert 3 <= len(numbers) <= 18


def test_a_paused_video_stands_still_and_goes_on_where_it_was(video: PlayedVideo) -> None:
    for _ in range(10):
        last = video.read()
    video.pause(True)
    assert video.paused
    begun = time.monotonic()
    for _ in range(3):
        assert read_number(video.read()) == read_number(last)
    assert time.monotonic() - begun > 0.6
    video.pause(False)
    assert read_number(video.read()) == read_number(last) + 1


def test_a_pause_begins_while_a_read_waits_and_ends_so_too(video: PlayedVideo) -> None:
    numbers: list[int] = []

    def read() -> None:
        try:
            while True:
                numbers.append(read_number(video.read()))
        except SourceLost:
            pass

    thread = threading.Thread(target=read)
    thread.start()
    wait_for(lambda: len(numbers) > 3)
    video.pause(True)
    time.sleep(0.5)
    standing = numbers[-1]
    time.sleep(0.4)
    assert numbers[-1] == standing
    video.pause(False)
    wait_for(lambda: numbers[-1] > standing)
    video.close()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("target", [30, 3, 0, 44])
def test_seeking_leads_to_the_very_frame(video: PlayedVideo, target: int, paused: bool) -> None:
    for _ in range(12):
        video.read()
    video.pause(paused)
    video.seek(target / RATE)
    assert video.position == pytest.approx(target / RATE)
    assert read_number(video.read()) == target
    assert video.position == pytest.approx(target / RATE, abs=0.001)
    if paused:
        assert read_number(video.read()) == target
    else:
        assert read_number(video.read()) > target


def test_seeking_beyond_the_end_ends(video: PlayedVideo) -> None:
    video.seek(1000.0)
    with pytest.raises(SourceEnded):
        for _ in range(5):
            video.read()


def test_a_looped_video_begins_again_and_may_begin_in_the_middle(clip: Path) -> None:
    video = PlayedVideo(clip, loop=True, start=1.6)
    numbers = [read_number(video.read())]
    assert numbers == [40]
    while numbers[-1] >= 40:
        numbers.append(read_number(video.read()))
    assert numbers[-2] == FRAMES - 1
    assert numbers[:-1] == sorted(numbers[:-1])
    assert read_number(video.read()) > numbers[-1]
    video.close()
    video.close()
    with pytest.raises(SourceLost):
        video.read()


def test_a_file_that_is_no_video_is_lost_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    for name in ("text.mp4", "absent.mp4"):
        with pytest.raises(SourceLost) as raised:
            PlayedVideo(tmp_path / name)
        assert not isinstance(raised.value, SourceEnded)
        assert len(str(raised.value).splitlines()) == 1


def test_steps_that_follow_one_another_quickly_add_up(video: PlayedVideo) -> None:
    video.pause(True)
    video.read()
    places: list[float] = []

    def read() -> None:
        with contextlib.suppress(SourceLost):
            while True:
                video.read()

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(4):
        video.seek(video.position + 0.4)
        places.append(video.position)
        time.sleep(0.01)
    assert places == pytest.approx([0.4, 0.8, 1.2, 1.6], abs=0.001)
    wait_for(lambda: read_number(video._shown.image) == 40 if video._shown else False)
    assert video.position == pytest.approx(1.6, abs=0.001)
    video.close()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("often.ts", "mpegts", {"g": "10", "bf": "0"}),
        ("once.ts", "mpegts", {"g": "500", "bf": "0"}),
        ("bare.h264", "h264", {"g": "20", "bf": "0"}),
    ],
)
def test_seeking_leads_to_the_frame_also_where_key_frames_can_not_be_looked_up(
    tmp_path: Path, name: str, kind: str, options: dict[str, str]
) -> None:
    path = make_video(tmp_path / name, pts=range(100), size=(320, 240), draw=numbered, options=options, format=kind)
    for target in (75, 10, 50, 99):
        with contextlib.closing(PlayedVideo(path, start=target / RATE)) as video:
            video.pause(True)
            assert read_number(video.read()) == target
            video.seek(30 / RATE)
            assert read_number(video.read()) == 30


def test_a_stream_tells_whether_it_may_repeat_its_pictures(tmp_path: Path) -> None:
    """One whole picture after the other has a sensor's noise in it, what is predicted has not."""
    make_video(tmp_path / "a.ts", pts=range(50), format="mpegts")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Quiet, directory=str(tmp_path))
    with HttpCamera() as camera, ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            for url, repeats in ((camera.url, False), (f"http://127.0.0.1:{server.server_port}/a.ts", True)):
                with contextlib.closing(StreamSource(url)) as source:
                    assert source.repeats is repeats
        finally:
            server.shutdown()
