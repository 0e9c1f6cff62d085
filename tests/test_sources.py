"""`maskcam.sources.video_file` on real files: pictures, colours, times and sound as the file means them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from maskcam.sources.video_file import VideoSource
from tests.source_parts import FIVE_SECONDS, read, refusal
from tests.video_files import (
    QUARTERS,
    make_video,
    moving,
    quarters,
    sound_packets,
    video_times,
)

UNIT = 1 << 16


def test_frames_are_contiguous_rgb_with_exact_times(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", sound="aac")
    source, frames = read(path)
    assert (source.name, source.width, source.height) == ("a.mp4", 64, 48)
    assert source.average_rate == 25 and source.frame_count == 25 and source.has_audio
    assert source.duration == pytest.approx(1.0)
    assert [f.frame.index for f in frames] == list(range(25))
    assert [f.pts * source.time_base for f in frames] == video_times(path)
    assert [f.frame.time for f in frames] == pytest.approx([i / 25 for i in range(25)])
    assert all(f.frame.image.flags.c_contiguous and f.frame.source == "a.mp4" for f in frames)
    error = np.abs(frames[7].frame.image.astype(int) - moving(64, 48, 7)).mean()
    other = np.abs(frames[7].frame.image.astype(int) - moving(64, 48, 8)).mean()
    assert error < 0.5 * other


@pytest.mark.parametrize(
    ("turn", "matrix", "corners"),
    [
        # The matrices of ISO 14496-12: (x, y) goes to (a x + c y + tx, b x + d y + ty), y downwards.
        ("right", (0, UNIT, 0, -UNIT, 0, 0, 48 * UNIT, 0, 1 << 30), ["blue", "red", "grey", "green"]),
        ("over", (-UNIT, 0, 0, 0, -UNIT, 0, 64 * UNIT, 48 * UNIT, 1 << 30), ["grey", "blue", "green", "red"]),
        ("left", (0, -UNIT, 0, UNIT, 0, 0, 0, 64 * UNIT, 1 << 30), ["green", "grey", "red", "blue"]),
        ("mirrored", (-UNIT, 0, 0, 0, UNIT, 0, 64 * UNIT, 0, 1 << 30), ["green", "red", "grey", "blue"]),
        ("upended", (UNIT, 0, 0, 0, -UNIT, 0, 0, 48 * UNIT, 1 << 30), ["blue", "grey", "red", "green"]),
        ("right and mirrored", (0, UNIT, 0, UNIT, 0, 0, 0, 0, 1 << 30), ["red", "blue", "green", "grey"]),
        (
            "left and mirrored",
            (0, -UNIT, 0, -UNIT, 0, 0, 48 * UNIT, 64 * UNIT, 1 << 30),
            ["grey", "green", "blue", "red"],
        ),
        ("aslant", (UNIT, UNIT // 2, 0, -UNIT // 2, UNIT, 0, 0, 0, 1 << 30), ["red", "green", "blue", "grey"]),
    ],
)
def test_rotated_files_come_upright(tmp_path: Path, turn: str, matrix: tuple[int, ...], corners: list[str]) -> None:
    path = make_video(tmp_path / f"{turn}.mp4", pts=range(3), draw=lambda w, h, _: quarters(w, h))
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 4 + 4 + 20 + 16
    assert struct.unpack(">9i", data[at : at + 36]) == (UNIT, 0, 0, 0, UNIT, 0, 0, 0, 1 << 30)
    data[at : at + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(data)
    source, frames = read(path)
    image = frames[0].frame.image
    assert (source.height, source.width) == image.shape[:2] == ((64, 48) if matrix[0] == 0 else (48, 64))
    assert image.flags.c_contiguous
    h, w = image.shape[:2]
    seen = [image[y, x] for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
    for pixel, name in zip(seen, corners, strict=True):
        assert np.abs(pixel.astype(int) - QUARTERS[name]).max() <= 3


@pytest.mark.parametrize("matrix", [1, 5])
@pytest.mark.parametrize("limited", [True, False])
def test_tagged_matrix_and_range_are_heeded(tmp_path: Path, matrix: int, limited: bool) -> None:
    path = make_video(
        tmp_path / "a.mp4",
        pts=range(2),
        draw=lambda w, h, _: quarters(w, h),
        matrix=matrix,
        limited=limited,
        pix_fmt="yuv420p" if limited else "yuvj420p",
        options={"crf": "5"},
    )
    image = read(path)[1][0].frame.image
    for (y, x), name in zip([(12, 16), (12, 48), (36, 16), (36, 48)], QUARTERS, strict=True):
        assert np.abs(image[y, x].astype(int) - QUARTERS[name]).max() <= 3


def test_a_photograph_with_exif_is_a_video_of_one_picture(tmp_path: Path) -> None:
    # PyAV knows no name for all that comes with such a picture.
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "camera"
    Image.fromarray(quarters(64, 48)).save(tmp_path / "a.jpg", exif=exif, quality=95)
    source, frames = read(tmp_path / "a.jpg")
    assert len(frames) == 1 and frames[0].frame.image.shape[:2] == (source.height, source.width)


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    stamps = [0, 7, 100, 133, 1000, 1001, 5000]
    source, frames = read(make_video(tmp_path / "a.mkv", pts=stamps, time_base=Fraction(1, 1000)))
    assert [f.pts for f in frames] == stamps and source.time_base == Fraction(1, 1000)
    assert source.damage is None


def test_start_is_not_shifted(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", pts=[3000, 3040, 3080], time_base=Fraction(1, 1000))
    source, frames = read(path)
    assert [f.pts for f in frames] == [3000, 3040, 3080] and source.start_pts == 3000
    assert [f.frame.time for f in frames] == pytest.approx([0, 0.04, 0.08])


def test_sound_travels_with_the_frames_whole_and_in_order(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", sound="aac", sound_seconds=2.0)
    with VideoSource(path) as source:
        frames = list(source)
        packets = [one for frame in frames for one in frame.sound] + list(source.trailing_sound)
        found = [(p.pts * Fraction(p.time_base), bytes(p)) for p in packets if p.pts is not None]
    assert found == sound_packets(path)
    # The packets come about when they sound, not all at once.
    assert sum(bool(frame.sound) for frame in frames) > 10


def test_sound_outlasting_the_pictures_trails(tmp_path: Path) -> None:
    data = make_video(tmp_path / "a.mp4", sound="aac", sound_seconds=3.0)
    with VideoSource(data) as source:
        frames = list(source)
        count = sum(len(frame.sound) for frame in frames) + len(source.trailing_sound)
        assert source.damage is None
    assert count == len(sound_packets(data))


@pytest.mark.parametrize(
    ("start", "sound_start", "origin"),
    [(0, None, 0), (3000, None, 3000), (3000, 1.0, 1000), (1000, 3.0, 1000), (3000, 0.0, 0)],
)
def test_the_origin_is_where_pictures_or_sound_begin(
    tmp_path: Path, start: int, sound_start: float | None, origin: int
) -> None:
    path = make_video(
        tmp_path / "a.mkv",
        pts=range(start, start + 1000, 40),
        time_base=Fraction(1, 1000),
        sound=None if sound_start is None else "pcm_s16le",
        sound_start=sound_start or 0.0,
    )
    assert read(path)[0].origin == origin


def test_libav_says_nothing_on_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = make_video(tmp_path / "a.mp4", pts=FIVE_SECONDS, container_options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\x5a" * 3000
    path.write_bytes(data)
    capfd.readouterr()
    assert read(path)[0].damage
    (tmp_path / "text.mp4").write_text("no video")
    refusal(tmp_path / "text.mp4")
    assert capfd.readouterr() == ("", "")


def test_odd_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "plain.mp4")
    for name in ("rtsp:cam.mp4", "a%03d.mp4", "gesicht ü.mp4", "-i.mp4"):
        Path("plain.mp4").rename(name)
        assert len(read(Path(name))[1]) == 25
        Path(name).rename("plain.mp4")


def test_is_iterated_once_and_closed_twice(tmp_path: Path) -> None:
    source = VideoSource(make_video(tmp_path / "a.mp4"))
    next(iter(source))
    with pytest.raises(RuntimeError):
        iter(source)
    source.close()
    source.close()


def test_wide_pixels_are_known(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(quarters(64, 48)).reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    assert read(path)[0].pixel_aspect == Fraction(4, 3)
