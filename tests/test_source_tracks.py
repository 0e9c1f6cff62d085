"""Files with several tracks of pictures, and with pictures of several shapes: nobody is left out or squeezed."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from maskcam.sources.stream import StreamSource
from maskcam.sources.video_file import VideoSource
from maskcam.telling import tell_tracks
from tests.http_camera import file_server
from tests.source_parts import read
from tests.support import maskcam
from tests.video_files import QUARTERS, join, make_video, quarters

SMALL, LARGE = (64, 48), (128, 96)


def tracks(path: Path, *sizes: tuple[int, int], shown: int | None = None) -> Path:
    """Write a Matroska video with a track of each of these sizes, one of them marked to be shown."""
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("mpeg4", rate=25) for _ in sizes]
        for place, (stream, size) in enumerate(zip(streams, sizes, strict=True)):
            stream.width, stream.height = size
            stream.disposition = Disposition.default if place == shown else Disposition(0)
        for index in range(10):
            for stream, size in zip(streams, sizes, strict=True):
                frame = av.VideoFrame.from_ndarray(quarters(*size), "rgb24")
                frame.pts = index
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("sizes", "shown", "expected"),
    [((SMALL, LARGE), None, LARGE), ((LARGE, SMALL), None, LARGE), ((SMALL, LARGE), 0, SMALL), ((SMALL,), None, SMALL)],
)
def test_of_several_tracks_the_marked_or_the_finest_is_read(
    tmp_path: Path, sizes: tuple[tuple[int, int], ...], shown: int | None, expected: tuple[int, int]
) -> None:
    source, frames = read(tracks(tmp_path / "a.mkv", *sizes, shown=shown))
    assert source.tracks == len(sizes)
    assert (source.width, source.height) == expected and len(frames) == 10
    assert source.damage is None
    assert (tell_tracks(source.tracks, source.width, source.height) is None) == (len(sizes) == 1)


def test_it_is_said_that_the_other_tracks_were_not_judged(tmp_path: Path) -> None:
    tracks(tmp_path / "two.mkv", SMALL, LARGE)
    run = maskcam("video", "two.mkv", "-o", "out.mp4", "--fast", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "two.mkv: it holds 2 tracks of pictures; only that of 128x96 is judged"
    with VideoSource(tmp_path / "out.mp4") as source:
        assert (source.tracks, source.width, source.height) == (1, *LARGE)


def test_of_a_film_s_renditions_the_finest_is_read(tmp_path: Path) -> None:
    entries = ["#EXTM3U"]
    for name, (width, height), rate in (("low", SMALL, 100_000), ("high", LARGE, 900_000)):
        make_video(tmp_path / f"{name}.m3u8", size=(width, height), format="hls")
        entries += [f"#EXT-X-STREAM-INF:BANDWIDTH={rate},RESOLUTION={width}x{height}", f"{name}.m3u8"]
    (tmp_path / "all.m3u8").write_text("\n".join([*entries, ""]))
    with file_server(tmp_path) as address, contextlib.closing(StreamSource(f"{address}/all.m3u8")) as source:
        assert source.read().shape == (*LARGE[::-1], 3)


@pytest.mark.parametrize("later", [(48, 64), (96, 128), (128, 48), (128, 96)])
def test_pictures_of_another_shape_are_fitted_in_and_not_stretched(tmp_path: Path, later: tuple[int, int]) -> None:
    parts = [
        make_video(
            tmp_path / f"{number}.ts",
            pts=range(3600 * 10 * number, 3600 * 10 * (number + 1), 3600),
            time_base=Fraction(1, 90_000),
            size=size,
            draw=lambda width, height, _: quarters(width, height),
            options={"crf": "5", "bf": "0"},
            format="mpegts",
        )
        for number, size in enumerate([SMALL, later])
    ]
    source, frames = read(join(tmp_path / "both.ts", *parts))
    assert (source.width, source.height) == SMALL and len(frames) == 20
    image = frames[-1].frame.image
    assert image.shape == (*SMALL[::-1], 3)
    factor = min(64 / later[0], 48 / later[1])
    wide, high = later[0] * factor, later[1] * factor
    for name, (right, down) in zip(QUARTERS, [(-1, -1), (1, -1), (-1, 1), (1, 1)], strict=True):
        pixel = image[round(24 + down * high / 4), round(32 + right * wide / 4)]
        assert np.abs(pixel.astype(int) - QUARTERS[name]).max() <= 4
    left, top = (max(round(gap / 2) - 1, 0) for gap in (64 - wide, 48 - high))
    beside = image[:, :left], image[:top]
    assert all(part.max(initial=0) == 0 for part in beside), "black"


def test_pictures_whose_pixels_are_wider_keep_their_shape(tmp_path: Path) -> None:
    """As on television: the same film in wide pixels and in square ones."""
    parts = []
    for number, (size, aspect) in enumerate([((180, 144), Fraction(64, 45)), ((256, 144), Fraction(1))]):
        path = tmp_path / f"{number}.ts"
        with av.open(str(path), "w", format="mpegts") as container:
            stream: Any = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height = size
            stream.codec_context.sample_aspect_ratio = aspect
            for index in range(10):
                frame = av.VideoFrame.from_ndarray(quarters(*size), "rgb24")
                frame.pts = 10 * number + index
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        parts.append(path)
    source, frames = read(join(tmp_path / "both.ts", *parts))
    assert source.pixel_aspect == Fraction(64, 45)
    first, last = (frames[place].frame.image.astype(int) for place in (0, -1))
    assert first.shape == last.shape == (144, 180, 3)
    assert np.abs(first - last).mean() < 6, "without black beside"
