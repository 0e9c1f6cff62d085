"""Films on a server: every picture at its own time, once, and what is no film though it looks like one."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskcam.live import Cause, Pictures, SourceEnded, SourceLost
from maskcam.sources.opener import open_source
from maskcam.sources.spec import parse_source
from maskcam.sources.stream import StreamSource
from maskcam.sources.video_file import VideoSource
from tests.http_camera import file_server, numbered, read_number
from tests.http_films import FilmServer, HlsCamera, make_segments
from tests.video_files import join, make_video, quarters

RATE = 25
FRAMES = 40
SIZE = (320, 240)
FORMATS: dict[str, dict[str, Any]] = {
    "mp4": {"sound": "aac", "sound_seconds": 4.0, "container_options": {"movflags": "faststart"}},
    "fragments.mp4": {"options": {"g": "10"}, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "mkv": {"sound": "aac", "sound_seconds": 4.0},
    "avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "ts": {"format": "mpegts"},
    "mpg": {"format": "mpeg", "codec": "mpeg2video", "options": {"bf": "2"}},
    "h264": {"format": "h264"},
}


def film(folder: Path, name: str = "mp4", frames: int = FRAMES) -> Path:
    """Numbered pictures, 25 a second."""
    return make_video(folder / f"film.{name}", pts=range(frames), size=SIZE, draw=numbered, **FORMATS[name])


def played(url: str, **more: float) -> tuple[list[int], list[float], SourceEnded]:
    """The numbers of all pictures, when each came, in seconds from before it was opened, and how the film ended."""
    numbers, times, begun = [], [], time.monotonic()
    with contextlib.closing(StreamSource(url, **more)) as source:
        assert source.pictures is Pictures.FILMED
        with pytest.raises(SourceEnded) as raised:
            while True:
                numbers.append(read_number(source.read()))
                times.append(time.monotonic())
        with pytest.raises(SourceEnded):
            source.read()
    return numbers, [at - begun for at in times], raised.value


@pytest.mark.parametrize(("name", "ranges"), [*((name, False) for name in FORMATS), ("mp4", True), ("ts", True)])
def test_a_film_comes_at_its_own_speed_to_its_last_picture(name: str, ranges: bool, tmp_path: Path) -> None:
    with FilmServer(film(tmp_path, name), ranges=ranges) as server:
        numbers, times, ended = played(server.url)
    assert numbers == list(range(FRAMES))
    assert max(number / RATE - at for number, at in zip(numbers, times, strict=True)) < 0.5, "none is early"
    assert (str(ended), ended.cause) == (f"{server.url} has ended", None)


@pytest.mark.parametrize("name", ["mp4", "mkv", "avi"])
def test_a_film_of_no_known_length_ends_too_where_it_says_how_long_it_lasts(name: str, tmp_path: Path) -> None:
    path = film(tmp_path, name)
    for chunked in (True, False):
        with FilmServer(path, ranges=False, length=None, chunked=chunked) as server:
            numbers, times, ended = played(server.url)
        assert numbers == list(range(FRAMES))
        assert times[-1] > (FRAMES - 1) / RATE - 0.1
        assert ended.cause is None, ended


@pytest.mark.parametrize(
    ("pts", "least"),
    [([0, 50, 100], 3.9), ([0, 140, 141], 5.6)],
    ids=["a picture in two seconds", "more than five seconds between two"],
)
def test_a_slow_film_is_neither_hurried_nor_lost(pts: list[int], least: float, tmp_path: Path) -> None:
    make_video(tmp_path / "slow.mkv", pts=pts, size=SIZE, draw=numbered)
    with file_server(tmp_path) as address:
        numbers, times, ended = played(f"{address}/slow.mkv")
    assert numbers == list(range(len(pts)))
    assert times[-1] > least
    assert ended.cause is None


def test_a_film_put_together_of_two_goes_on_where_the_clock_begins_anew(tmp_path: Path) -> None:
    part = film(tmp_path, "ts", 30)
    with FilmServer(join(tmp_path / "both.ts", part, part), ranges=False) as server:
        numbers, times, _ = played(server.url)
    assert numbers == [*range(30), *range(30)]
    assert times[-1] > 59 / RATE - 0.1


def test_a_film_put_together_of_two_doesnt_wait_until_the_clock_of_the_second_is_due(tmp_path: Path) -> None:
    first = film(tmp_path, "ts", 30)
    later = range(3600 * RATE, 3600 * RATE + 30)
    second = make_video(tmp_path / "later.ts", pts=later, size=SIZE, draw=numbered, **FORMATS["ts"])
    with FilmServer(join(tmp_path / "both.ts", first, second), ranges=False) as server:
        numbers, times, _ = played(server.url)
    assert len(numbers) == 60
    assert 59 / RATE - 0.1 < times[-1] < 60


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_film_is_turned_upright(rotation: int, tmp_path: Path) -> None:
    path = make_video(tmp_path / "turned.mp4", size=(64, 48), draw=lambda w, h, _: quarters(w, h), rotation=rotation)
    with VideoSource(path) as video:
        expected = next(iter(video)).frame.image
    with file_server(tmp_path) as address, contextlib.closing(StreamSource(f"{address}/turned.mp4")) as source:
        image = source.read()
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= 2


def test_closing_does_not_wait_for_the_next_picture_of_a_film(tmp_path: Path) -> None:
    make_video(tmp_path / "slow.mkv", pts=[0, 1500], size=SIZE, draw=numbered)
    with file_server(tmp_path) as address:
        source = StreamSource(f"{address}/slow.mkv")
        source.read()
        closing = threading.Timer(0.2, source.close)
        closing.start()
        begun = time.monotonic()
        with pytest.raises(SourceLost, match="closed"):
            while True:
                source.read()
        closing.join()
    assert time.monotonic() - begun < 30, "it waited for the picture, a minute later"


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("mp4", {"ranges": False}),
        ("mp4", {"ranges": False, "hangs": True}),
        ("mp4", {"ranges": False, "length": None}),
        ("mkv", {"ranges": False, "length": None, "chunked": True}),
        ("ts", {"ranges": False}),
    ],
)
def test_a_film_that_breaks_off_says_where_and_is_not_begun_again(
    name: str, server: dict[str, Any], tmp_path: Path
) -> None:
    path = film(tmp_path, name, 100)
    with FilmServer(path, cut_at=0.5, **server) as cut:
        numbers, _, ended = played(cut.url, read_timeout=1.5)
    assert 20 < len(numbers) < 80
    # Those before the last may have been on the way.
    assert numbers == sorted(set(numbers)) and numbers[-1] < len(numbers) + 4
    place = int(numbers[-1] / RATE)
    assert str(ended) == f"{cut.url} broke off at 0:0{place}; check the network, then open it again"
    assert ended.cause is Cause.SILENT


def test_a_film_whose_connection_is_cut_goes_on_where_parts_of_it_can_be_had(tmp_path: Path) -> None:
    with FilmServer(film(tmp_path), cut_at=0.5, cuts=1) as server:
        numbers, _, ended = played(server.url, read_timeout=20)
        assert server.asked[0] == 0 < server.asked[-1]
    assert numbers == list(range(FRAMES))
    assert ended.cause is None


def test_a_film_without_a_picture_that_can_be_read_is_told(tmp_path: Path) -> None:
    path = film(tmp_path)
    head, mark, pictures = path.read_bytes().partition(b"mdat")
    path.write_bytes(head + mark + bytes(len(pictures)))
    with FilmServer(path, ranges=False) as server:
        source = StreamSource(server.url)
        with pytest.raises(SourceLost, match="no video that can be read") as raised:
            source.read()
        source.close()
    assert not isinstance(raised.value, SourceEnded)


def test_what_has_no_end_is_no_film(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "snapshot.jpg"), numbered(*SIZE, 0))
    cases = [
        (film(tmp_path, "ts"), None),
        (film(tmp_path, "fragments.mp4"), None),
        (film(tmp_path, "ts"), 2**31 - 1),
        (film(tmp_path, "ts"), 999_999_999),
        (film(tmp_path, "ts"), 10**10),
        (film(tmp_path, "ts"), 2**63 - 1),
        (tmp_path / "snapshot.jpg", True),
    ]
    for path, length in cases:
        with FilmServer(path, ranges=False, length=length) as server:
            source = open_source(parse_source(server.url))
            assert getattr(source, "pictures", None) is not Pictures.FILMED, (path, length)
            source.read()
            with pytest.raises(SourceLost) as raised:
                while True:
                    source.read()
            source.close()
        assert raised.type is SourceLost, "its end is a loss"


def test_a_play_list_is_a_film_only_where_it_has_an_end(tmp_path: Path) -> None:
    segments = make_segments(tmp_path, 4)
    with file_server(tmp_path) as address:
        numbers, times, ended = played(f"{address}/s.m3u8")
    assert numbers == list(range(100))
    assert times[-1] > 99 / RATE - 0.1
    assert ended.cause is None
    with HlsCamera(segments) as camera, contextlib.closing(StreamSource(camera.url)) as source:
        assert source.pictures is Pictures.REPEATED


@pytest.mark.parametrize("name", ["file://{}", "file:{}"])
def test_a_play_list_can_not_have_this_machine_s_own_files_read(tmp_path: Path, name: str) -> None:
    """Else whoever serves the address would choose what of this machine is shown."""
    for folder in ("own", "served"):
        (tmp_path / folder).mkdir()
    (segment,) = make_segments(tmp_path / "own", 1)
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1.0,", name.format(segment), "#EXT-X-ENDLIST", "")
    (tmp_path / "served" / "s.m3u8").write_text("\n".join(lines))
    with file_server(tmp_path / "served") as address, pytest.raises(SourceLost):
        StreamSource(f"{address}/s.m3u8", 3.0, 3.0).close()


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "mpeg4"])
def test_live_pictures_that_are_sent_out_of_order_come_in_order(tmp_path: Path, codec: str) -> None:
    path = make_video(
        tmp_path / "live.ts",
        pts=range(FRAMES),
        size=SIZE,
        draw=numbered,
        codec=codec,
        options={"bf": "2", "b_strategy": "0"},
        format="mpegts",
    )
    numbers = []
    with FilmServer(path, ranges=False, length=None) as server, contextlib.closing(StreamSource(server.url)) as source:
        assert source.pictures is Pictures.REPEATED
        with pytest.raises(SourceLost):
            while True:
                numbers.append(read_number(source.read()))
    assert numbers == sorted(numbers) and len(numbers) > FRAMES / 2
