"""A video file played in real time: paused, sought in, looped."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskcam.live import SourceEnded, SourceLost
from maskcam.sources.played import PlayedVideo
from tests.http_camera import numbered, read_number
from tests.support import wait_for, write_clip
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


def test_a_video_plays_in_real_time_to_its_end(video: PlayedVideo) -> None:
    assert video.duration == pytest.approx(FRAMES / RATE, abs=0.05)
    begun = time.monotonic()
    numbers = [read_number(video.read())]
    with pytest.raises(SourceEnded):
        while True:
            numbers.append(read_number(video.read()))
            assert video.position == pytest.approx(numbers[-1] / RATE, abs=0.001)
    assert time.monotonic() - begun > (FRAMES - 1) / RATE
    # On a busy machine it leaves out more.
    assert numbers == sorted(set(numbers))
    assert len(numbers) > FRAMES // 5
    assert numbers[0] == 0
    assert numbers[-1] == FRAMES - 1


def test_a_slow_reader_gets_fewer_frames_and_no_delay(video: PlayedVideo) -> None:
    begun = time.monotonic()
    numbers = [read_number(video.read())]
    with pytest.raises(SourceEnded):
        while True:
            time.sleep(0.15)
            numbers.append(read_number(video.read()))
    assert time.monotonic() - begun > (FRAMES - 1) / RATE
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
        assert target < read_number(video.read()) <= target + 5, "a machine that is busy leaves some out"


def test_seeking_beyond_the_end_ends(video: PlayedVideo) -> None:
    video.seek(1000.0)
    with pytest.raises(SourceEnded):
        for _ in range(5):
            video.read()


@pytest.mark.parametrize("does", ["pause", "seek"])
def test_the_last_picture_may_still_be_paused_and_left(tmp_path: Path, does: str) -> None:
    video = PlayedVideo(write_clip(tmp_path / "slow.mp4", lambda number: numbered(320, 240, number), 3, 1))
    try:
        video.seek(2.0)
        assert read_number(video.read()) == 2
        late = threading.Timer(0.3, lambda: video.pause(True) if does == "pause" else video.seek(0.0))
        late.start()
        assert read_number(video.read()) == (2 if does == "pause" else 0)
        late.join()
        if does == "pause":
            assert read_number(video.read()) == 2
            video.pause(False)
            with pytest.raises(SourceEnded):
                video.read()
    finally:
        video.close()


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
