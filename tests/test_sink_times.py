"""Times of a written video: exact, beginning at zero, and to the last picture."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import VideoSource
from tests.sink_parts import copy
from tests.video_files import QUARTERS, make_video, quarters, sound_packets, video_times


@pytest.mark.parametrize(
    ("name", "stamps", "base", "codec"),
    [
        ("a.mkv", [0, 7, 100, 133, 1000, 1001, 5000], Fraction(1, 1000), "libx264"),
        ("a.ts", [126000, 129003, 135000, 180001], Fraction(1, 90000), "libx264"),
        ("a.avi", list(range(30)), Fraction(1001, 30000), "mpeg4"),
        ("a.mov", [0, 33333, 70001, 100007], Fraction(1, 1000000), "libx264"),
        ("b.mkv", [3000, 3040, 3080], Fraction(1, 1000), "libx264"),
    ],
)
def test_times_are_exact(tmp_path: Path, name: str, stamps: list[int], base: Fraction, codec: str) -> None:
    container = {"video_track_timescale": "1000000"} if name == "a.mov" else {}
    source = make_video(
        tmp_path / name,
        pts=stamps,
        time_base=base,
        codec=codec,
        rate=1 / base if codec == "mpeg4" else 25,  # type: ignore[arg-type]
        container_options=container,
        format="mpegts" if name == "a.ts" else None,
    )
    copy(source, tmp_path / "out.mp4")
    before = video_times(source)
    assert video_times(tmp_path / "out.mp4") == [time - before[0] for time in before]
    assert len(before) == len(stamps)


def test_times_of_a_very_fine_clock_are_right_to_a_tick(tmp_path: Path) -> None:
    stamps = [0, 33_333_333, 5_000_000_000, 20_000_000_001]
    sink = VideoSink(tmp_path / "a.mp4", width=64, height=48, time_base=Fraction(1, 10**9), rate=Fraction(10**6, 3))
    with sink:
        for pts in stamps:
            sink.write(quarters(64, 48), pts)
        sink.finish()
    found = video_times(tmp_path / "a.mp4")
    assert len(found) == 4
    assert all(abs(one - Fraction(pts, 10**9)) <= Fraction(1, 90000) for one, pts in zip(found, stamps, strict=True))


def test_a_usual_start_is_left_alone(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", sound="aac")
    copy(path, tmp_path / "out.mp4")
    assert video_times(tmp_path / "out.mp4") == video_times(path)
    # The encoder's own first samples lie before 0, where players leave them out.
    before, after = sound_packets(path), sound_packets(tmp_path / "out.mp4")
    assert after == before and before[0][0] < 0


def test_a_picture_that_stands_longer_than_mp4_can_say_is_repeated(tmp_path: Path) -> None:
    stamps = [0, 40_000, 5_000_000_000, 5_000_040_000]
    with VideoSink(tmp_path / "a.mp4", width=64, height=48, time_base=Fraction(1, 10**6)) as sink:
        for number, pts in enumerate(stamps):
            sink.write(quarters(64, 48) if number < 2 else quarters(64, 48)[::-1].copy(), pts)
        sink.finish()
    with VideoSource(tmp_path / "a.mp4") as source:
        frames = list(source)
    times = [frame.frame.time for frame in frames]
    assert times[:2] == [0, 0.04] and times[-2:] == [5000.0, 5000.04] and len(times) == 6
    assert max(np.diff(times)) < 2**31 / 10**6
    for frame in frames:
        corner = frame.frame.image[12, 16].astype(int)
        assert np.abs(corner - QUARTERS["red" if frame.frame.time < 4999 else "blue"]).max() <= 8


def test_whole_length_of_an_uneven_video_is_kept(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", pts=[0, 7, 100, 5000], time_base=Fraction(1, 1000))
    copy(path, tmp_path / "out.mp4")
    with VideoSource(tmp_path / "out.mp4") as source:
        assert source.duration == pytest.approx(5.04, abs=0.001)


def test_a_clock_that_starts_hours_late_starts_at_zero(tmp_path: Path) -> None:
    late = 10 * 3600 * 90_000
    path = make_video(
        tmp_path / "a.ts", format="mpegts", pts=[late, late + 3003, late + 9000], time_base=Fraction(1, 90_000)
    )
    copy(path, tmp_path / "out.mp4")
    assert video_times(tmp_path / "out.mp4") == [0, Fraction(3003, 90_000), Fraction(1, 10)]


def test_stamps_that_only_a_finer_clock_tells_apart_are_kept_in_order(tmp_path: Path) -> None:
    stamps = [0, 10, 20, 30, 400_000, 400_001, 800_000]
    with VideoSink(tmp_path / "a.mp4", width=64, height=48, time_base=Fraction(1, 10**7), rate=Fraction(25)) as sink:
        for pts in stamps:
            sink.write(quarters(64, 48), pts)
        sink.finish()
    found = video_times(tmp_path / "a.mp4")
    assert len(found) == 7 and all(one < two for one, two in pairwise(found))
    assert all(abs(one - Fraction(pts, 10**7)) <= Fraction(4, 90000) for one, pts in zip(found, stamps, strict=True))
