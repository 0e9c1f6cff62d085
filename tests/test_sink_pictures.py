"""Pictures of a written video: colours, sizes, and that browsers play it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.container
import numpy as np
import pytest

from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import VideoSource
from tests.sink_parts import TICK, copy, small_sink
from tests.video_files import QUARTERS, make_video, quarters


def test_browsers_can_play_and_stream_it(tmp_path: Path) -> None:
    copy(make_video(tmp_path / "a.avi", codec="mpeg4", sound="pcm_s16le"), tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data[4:8] == b"ftyp" and data.find(b"moov") < data.find(b"mdat")
    with av.open(str(tmp_path / "out.mp4")) as container:
        video, audio = container.streams.video[0].codec_context, container.streams.audio[0].codec_context
        assert (video.name, video.pix_fmt, audio.name) == ("h264", "yuv420p", "aac")
        assert (video.colorspace, video.color_range, video.color_primaries, video.color_trc) == (1, 1, 1, 1)


@pytest.mark.parametrize("matrix", [1, 5])
def test_colours_survive(tmp_path: Path, matrix: int) -> None:
    path = make_video(
        tmp_path / "a.mp4",
        pts=range(3),
        matrix=matrix,
        draw=lambda w, h, _: quarters(w, h),
        options={"crf": "5"},
    )
    copy(path, tmp_path / "out.mp4")
    with VideoSource(tmp_path / "out.mp4") as source:
        image = next(iter(source)).frame.image
    for (y, x), name in zip([(12, 16), (12, 48), (36, 16), (36, 48)], QUARTERS, strict=True):
        assert np.abs(image[y, x].astype(int) - QUARTERS[name]).max() <= 4


def test_every_flat_colour_is_read_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    patches = rng.integers(0, 256, (6, 8, 3), np.uint8)
    image = np.kron(patches, np.ones((16, 16, 1), np.uint8))
    with VideoSink(tmp_path / "a.mp4", width=128, height=96, time_base=TICK) as sink:
        sink.write(image, 0)
        sink.finish()
    with VideoSource(tmp_path / "a.mp4") as source:
        back = next(iter(source)).frame.image
    centres = back[8::16, 8::16].astype(int)
    assert np.abs(centres - patches).max() <= 12
    assert np.abs(centres - patches).mean() <= 3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (65, 49), (64, 47), (33, 48)])
def test_odd_sizes_repeat_the_edge(tmp_path: Path, width: int, height: int) -> None:
    image = np.full((height, width, 3), 60, np.uint8)
    image[:, -1] = image[-1, :] = 200
    with VideoSink(tmp_path / "a.mp4", width=width, height=height, time_base=TICK) as sink:
        sink.write(image, 0)
        sink.finish()
    with VideoSource(tmp_path / "a.mp4") as source:
        back = next(iter(source)).frame.image.astype(int)
    assert back.shape[:2] == (height + height % 2, width + width % 2)
    if width % 2:
        assert np.abs(back[: height - 2, -1] - 200).max(initial=0) <= 25
    if height % 2:
        assert np.abs(back[-1, : width - 2] - 200).max(initial=0) <= 25


def test_pixel_shape_is_passed_on(tmp_path: Path) -> None:
    with small_sink(tmp_path / "a.mp4", pixel_aspect=Fraction(4, 3)) as sink:
        sink.write(quarters(64, 48), 0)
        sink.finish()
    with VideoSource(tmp_path / "a.mp4") as source:
        assert source.pixel_aspect == Fraction(4, 3)
