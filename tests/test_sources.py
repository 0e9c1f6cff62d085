"""`maskcam.sources` on real files: what is right, what is damaged, what is refused."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from maskcam.errors import UnusableInput
from maskcam.sources import MAX_SIDE, VideoFrame, VideoSource
from maskcam.timing import Clock, SoundClock
from tests.video_files import (
    QUARTERS,
    cut_by_copy,
    join,
    make_video,
    moving,
    quarters,
    soft,
    sound_packets,
    video_times,
)

FIVE_SECONDS = range(125)
UNIT = 1 << 16


def read(path: Path) -> tuple[VideoSource, list[VideoFrame]]:
    with VideoSource(path) as source:
        return source, list(source)


def refusal(path: Path) -> str:
    with pytest.raises(UnusableInput) as caught:
        VideoSource(path)
    line = str(caught.value)
    assert "\n" not in line and str(path) in line
    return line


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


def edited(tmp_path: Path) -> Path:
    """A file of 5 s of which an edit list shows 2.5 s."""
    path = make_video(tmp_path / "edited.mp4", pts=FIVE_SECONDS)
    data = bytearray(path.read_bytes())
    at = data.find(b"elst") + 12
    data[at : at + 4] = struct.pack(">I", 2500)
    path.write_bytes(data)
    return path


OPEN = {"x264-params": "keyint=25:open-gop=1:bframes=3:scenecut=0:min-keyint=10"}


def open_cut(tmp_path: Path, name: str, key: bool = True) -> Path:
    """A part of a video whose first pictures lean on ones that were cut off."""
    whole = make_video(tmp_path / f"whole-{name}", pts=range(75), options=OPEN, draw=soft, format=kind_of(name))
    return cut_by_copy(whole, tmp_path / name, 20 if key else 10, kind_of(name), key)


def kind_of(name: str) -> str | None:
    return "mpegts" if name.endswith(".ts") else None


def with_dropped_frames(path: Path) -> Path:
    """An AVI in which a recorder noted by empty pieces that it left two of three frames out."""
    whole = make_video(path.with_name("whole.avi"), codec="mpeg4")
    with av.open(str(whole)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.size and packet.dts is not None:
                packet.pts = packet.dts = packet.dts * 3
                packet.stream = stream
                new.mux(packet)
    return path


def joined(tmp_path: Path, seconds: tuple[float, ...] = (1.0, 1.0)) -> Path:
    """Transport streams behind one another, each with a clock from 0."""
    parts = [
        make_video(
            tmp_path / f"part{number}.ts",
            format="mpegts",
            pts=range(round(25 * length)),
            sound="aac",
            sound_seconds=length,
            options={"bf": "2"},
        )
        for number, length in enumerate(seconds)
    ]
    return join(tmp_path / "joined.ts", *parts)


def x264(path: Path, settings: str) -> Path:
    return make_video(path, draw=soft, options={"x264-params": settings}, format=kind_of(path.name))


HEALTHY = {
    "open gop, cut": lambda t: open_cut(t, "a.mkv"),
    "open gop in mp4, cut": lambda t: open_cut(t, "a.mp4"),
    "transport, cut": lambda t: open_cut(t, "a.ts"),
    "transport, cut anywhere": lambda t: open_cut(t, "a.ts", key=False),
    "mpeg-2, cut": lambda t: cut_by_copy(
        make_video(t / "whole.ts", pts=range(75), codec="mpeg2video", options={"bf": "2", "g": "12"}, format="mpegts"),
        t / "a.ts",
        20,
        "mpegts",
        key=False,
    ),
    "slices": lambda t: x264(t / "a.mp4", "slices=3"),
    "interlaced": lambda t: x264(t / "a.mp4", "interlaced=1:bframes=3:slices=3"),
    "no key frames": lambda t: x264(t / "a.ts", "intra-refresh=1:keyint=10"),
    "dropped frames": lambda t: with_dropped_frames(t / "a.avi"),
    "joined": lambda t: joined(t, (0.8, 0.6, 0.6)),
    "flash": lambda t: make_video(t / "a.flv", sound="aac"),
    "live flash": lambda t: make_video(
        t / "a.flv", sound="aac", container_options={"flvflags": "no_duration_filesize"}
    ),
    "gif": lambda t: make_video(t / "a.gif", codec="gif", pix_fmt="rgb8"),
    "clusters": lambda t: make_video(
        t / "a.mkv", sound="aac", container_options={"cluster_time_limit": "200", "reserve_index_space": "4000"}
    ),
    "mp4": lambda t: make_video(t / "a.mp4", pts=FIVE_SECONDS, options={"bf": "3"}),
    "short pictures": lambda t: make_video(t / "a.mkv", sound="aac", sound_seconds=6.0),
    "short sound": lambda t: make_video(t / "a.mkv", pts=FIVE_SECONDS, sound="aac"),
    "no duration": lambda t: make_video(t / "a.mkv", container_options={"live": "1"}),
    "uneven": lambda t: make_video(t / "a.mp4", pts=[0, 3, 50, 51, 500], options={"bf": "3"}),
    "edit list": edited,
    "fragments": lambda t: make_video(t / "a.mp4", container_options={"movflags": "frag_keyframe+empty_moov"}),
    "transport": lambda t: make_video(t / "a.ts", format="mpegts", sound="aac"),
    "avi": lambda t: make_video(t / "a.avi", codec="mpeg4", options={"bf": "2"}, sound="pcm_s16le"),
    "webm": lambda t: make_video(t / "a.webm", codec="libvpx", options={"deadline": "realtime"}),
    "mjpeg": lambda t: make_video(t / "a.avi", codec="mjpeg", pix_fmt="yuvj420p"),
}


COUNTS = {"mp4": 125, "short sound": 125, "uneven": 5, "edit list": 63, "joined": 50, "mpeg-2, cut": 51}
COUNTS |= dict.fromkeys(("open gop, cut", "open gop in mp4, cut", "transport, cut", "transport, cut anywhere"), 50)


@pytest.mark.parametrize("kind", HEALTHY)
def test_healthy_files_are_not_called_damaged(tmp_path: Path, kind: str) -> None:
    source, frames = read(HEALTHY[kind](tmp_path))
    assert source.damage is None
    assert len(frames) == COUNTS.get(kind, 25)
    if kind == "no duration":
        assert source.duration is None and source.frame_count is None


@pytest.mark.parametrize(
    ("name", "options", "container", "says"),
    [
        ("a.mp4", {"codec": "libx264"}, {"movflags": "faststart"}, "of 5.0 s"),
        ("a.mkv", {"codec": "libx264"}, {}, "of 5.0 s"),
        ("a.avi", {"codec": "mpeg4"}, {}, "of 5.0 s"),
        ("a.ts", {"codec": "libx264", "format": "mpegts"}, {}, "is cut off at "),
        ("a.flv", {"codec": "libx264"}, {}, "of 5.1 s"),
        ("a.gif", {"codec": "gif", "pix_fmt": "rgb8"}, {}, "is cut off at "),
    ],
)
def test_cut_files_give_what_is_left(
    tmp_path: Path, name: str, options: dict[str, str], container: dict[str, str], says: str
) -> None:
    path = make_video(tmp_path / name, pts=FIVE_SECONDS, container_options=container, **options)  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.45)])
    source, frames = read(path)
    assert 30 < len(frames) < 80
    assert source.damage is not None and says in source.damage and "\n" not in source.damage
    if "of " in says:
        told = float(source.damage.split()[2])
        assert told == pytest.approx(frames[-1].frame.time + 0.04, abs=0.06)


def test_cut_in_the_very_last_bytes_is_told_without_contradiction(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", container_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:-3])
    source, frames = read(path)
    assert len(frames) >= 24
    assert source.damage is not None and "1.0 of 1.0" not in source.damage


@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])
def test_garbled_pieces_are_skipped_and_counted(tmp_path: Path, name: str) -> None:
    path = make_video(
        tmp_path / name, pts=FIVE_SECONDS, options={"g": "25"}, format="mpegts" if name == "a.ts" else None
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = bytes(255 - value for value in data[middle : middle + 5000])
    path.write_bytes(data)
    source, frames = read(path)
    assert 100 < len(frames) < 125
    assert frames[-1].frame.time > 4.9
    assert source.damage is not None and "could not be decoded" in source.damage


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
def test_pictures_that_the_decoder_mended_are_counted(tmp_path: Path, name: str) -> None:
    settings = {"x264-params": "cabac=0"}
    path = make_video(tmp_path / name, pts=range(5), size=(320, 240), format=kind_of(name), options=settings)
    with av.open(str(path)) as container:
        key = next(bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size)
    data = path.read_bytes()
    # The settings come first; and a transport stream has headers of its own between the pieces.
    pieces = [key[at : at + 40] for at in range(2 * len(key) // 3, len(key) - 40, 40)]
    piece = next(one for one in pieces if data.count(one) == 1)
    path.write_bytes(data.replace(piece, bytes(40)))
    source, frames = read(path)
    assert len(frames) == 5
    assert source.damage is not None and "could not be decoded" in source.damage


def test_frames_lost_between_others_are_told(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.webm", codec="libvpx", options={"deadline": "realtime"}, sound="libopus")
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]
    data = bytearray(path.read_bytes())
    at = data.find(packets[3])
    data[at - 8 : at] = bytes(8)
    path.write_bytes(data)
    source, frames = read(path)
    assert 0 < len(frames) < 25
    assert source.damage is not None and "missing" in source.damage


@pytest.mark.parametrize("name", ["a.avi", "a.webm"])
def test_an_end_of_zeros_is_told(tmp_path: Path, name: str) -> None:
    codec = "mjpeg" if name == "a.avi" else "libvpx"
    fast = {} if name == "a.avi" else {"deadline": "realtime", "cpu-used": "8"}
    path = make_video(
        tmp_path / name,
        pts=FIVE_SECONDS,
        codec=codec,
        pix_fmt="yuvj420p" if name == "a.avi" else "yuv420p",
        options=fast,
    )
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2].ljust(size, b"\0"))
    source, frames = read(path)
    assert 30 < len(frames) < 80
    assert source.damage is not None and "of 5.0 s" in source.damage


def test_counters_that_fall_back_are_mended() -> None:
    clock = Clock(Fraction(1, 1000), Fraction(25))
    stamps = [clock.tick(pts, None) for pts in (5000, 5040, 5040, 5020, 5120, None, 0, 40)]
    assert stamps == [5000, 5040, 5041, 5042, 5120, 5160, 5200, 5240]
    packet = av.Packet(b"sound")
    packet.time_base, packet.pts, packet.dts = Fraction(1, 100), 4, 4
    clock.mend_sound(packet)
    assert packet.pts == packet.dts == 524


@pytest.mark.parametrize(("back", "shift"), [(0.16, 0), (0.24, 1)])
def test_a_few_frames_back_are_no_restart(back: float, shift: int) -> None:
    clock = Clock(Fraction(1, 1000), Fraction(25))
    for pts in range(0, 1000, 40):
        clock.tick(pts, None)
    assert clock.tick(round(960 - 1000 * back), None) == (1000 if shift else 961)
    assert bool(clock.shift) == bool(shift)


@pytest.mark.parametrize("seconds", [(1.0, 1.0), (0.8, 0.6, 0.8)])
def test_joined_clips_play_one_after_the_other_with_their_sound(tmp_path: Path, seconds: tuple[float, ...]) -> None:
    path = joined(tmp_path, seconds)
    parts = [sorted(tmp_path.glob(f"part{number}.ts"))[0] for number in range(len(seconds))]
    with VideoSource(path) as source:
        frames = list(source)
        packets = [one for frame in frames for one in frame.sound] + list(source.trailing_sound)
        found = [(p.pts * Fraction(p.time_base), bytes(p)) for p in packets if p.pts is not None]
        base = source.time_base
    expected_times: list[Fraction] = []
    expected_sound: list[tuple[Fraction, bytes]] = []
    for part in parts:
        times = video_times(part)
        shift = expected_times[-1] + Fraction(1, 25) - times[0] if expected_times else Fraction(0)
        expected_times += [time + shift for time in times]
        expected_sound += [(time + shift, data) for time, data in sound_packets(part)]
    assert [frame.pts * base for frame in frames] == expected_times
    assert [data for _, data in found] == [data for _, data in expected_sound]
    assert [float(time) for time, _ in found] == pytest.approx([float(time) for time, _ in expected_sound], abs=0.001)


def test_sound_alone_that_falls_back_is_not_kept_for_ever() -> None:
    sounds = SoundClock(Clock(Fraction(1, 1000), Fraction(25)))

    def packet(pts: int) -> av.Packet[Any]:
        one: av.Packet[Any] = av.Packet(b"sound")
        one.time_base, one.pts, one.dts = Fraction(1, 1000), pts, pts
        return one

    given = 0
    for number in range(1000):
        sounds.add(packet(5000 if number == 0 else number))
        given += len(sounds.ready())
        assert number - given < 300
    assert given + len(sounds.ready(end=True)) == 1000


def test_missing_first_stamp_falls_back_on_the_rate() -> None:
    clock = Clock(Fraction(1, 30000), Fraction(30000, 1001))
    assert [clock.tick(None, None) for _ in range(3)] == [0, 1001, 2002]
    assert clock.first == 0


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.mp4")
    assert "folder" in refusal(tmp_path)
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refusal(tmp_path / "empty.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "ordinary" in refusal(tmp_path / "pipe.mp4")


@pytest.mark.parametrize(
    "text",
    [
        "This is no video.\n" * 200,
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nother.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile other.mp4\n",
        "1\n00:00:00,000 --> 00:00:02,000\nHello\n",
    ],
)
def test_refuses_text_whatever_its_name(tmp_path: Path, text: str) -> None:
    make_video(tmp_path / "other.ts", format="mpegts")
    make_video(tmp_path / "other.mp4")
    for name in ("a.mp4", "a.m3u8", "a.txt"):
        path = tmp_path / name
        path.write_text(text)
        assert "video" in refusal(path)


def test_refuses_a_file_without_its_index(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:5000])
    assert "missing" in refusal(path)


def test_refuses_sound_alone_even_with_a_cover(tmp_path: Path) -> None:
    for name in ("a.m4a", "b.mp3"):
        with av.open(str(tmp_path / name), "w") as container:
            audio = container.add_stream("aac" if name == "a.m4a" else "libmp3lame", rate=48000, layout="mono")
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 48000
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
        assert "no pictures" in refusal(tmp_path / name)
    # A PNG cover in an ID3 tag, which libav shows as a stream of pictures.
    picture = b"\0image/png\0\x03\0" + png(8, 8)
    frame_data = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = len(frame_data)
    synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    bare = (tmp_path / "b.mp3").read_bytes()
    bare = bare[bare.find(b"\xff\xfb") :]
    covered = tmp_path / "covered.mp3"
    covered.write_bytes(b"ID3\x03\0\0" + synchsafe + frame_data + bare)
    with av.open(str(covered)) as container:
        assert container.streams.video
    assert "no pictures" in refusal(covered)


def test_refuses_a_video_without_one_good_frame(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", container_options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    start = data.find(b"mdat") + 4
    data[start:] = b"\xa5" * (len(data) - start)
    path.write_bytes(data)
    assert "not one frame" in refusal(path)


def test_says_that_an_animated_webp_is_the_wrong_kind(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (16, 16), name) for name in ("red", "blue")]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:])
    line = refusal(tmp_path / "a.webp")
    assert "animated WebP" in line and "damaged" not in line


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


def test_refuses_too_wide_pictures_by_the_header(tmp_path: Path) -> None:
    path = make_video(
        tmp_path / "a.mp4",
        pts=range(2),
        size=(MAX_SIDE + 16, 16),
        options={"preset": "ultrafast"},
        draw=lambda w, h, _: quarters(w, h),
    )
    line = refusal(path)
    assert f"{MAX_SIDE + 16} x 16" in line and str(MAX_SIDE) in line


def png(width: int, height: int) -> bytes:
    """A black grey picture, made row by row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(1 + width)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("honest", [True, False])
def test_huge_pictures_are_refused_without_their_pixels(tmp_path: Path, honest: bool) -> None:
    side = 16384
    path = tmp_path / "huge.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "gray"
        packet = av.Packet(png(side, side))
        packet.stream, packet.time_base, packet.pts, packet.dts = stream, Fraction(1, 25), 0, 0
        packet.is_keyframe = True
        container.mux(packet)
    if honest:
        data = bytearray(path.read_bytes())
        at = data.find(b"strf") + 12
        assert struct.unpack("<ii", data[at : at + 8]) == (64, 64)
        data[at : at + 8] = struct.pack("<ii", side, side)
        path.write_bytes(data)
    code = (
        "import resource, sys, pathlib, maskcam.sources as s, maskcam.errors as e\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: s.VideoSource(pathlib.Path(sys.argv[1]))\n"
        "except e.UnusableInput as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    line, grown = done.stdout.splitlines()
    assert str(MAX_SIDE) in line and path.name in line and not done.stderr
    # One such picture alone takes 256 MiB.
    assert int(grown) * (1 if sys.platform != "darwin" else 1 / 1024) < 100 * 1024


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_refuses_a_file_it_may_not_read(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4")
    path.chmod(0)
    assert "may not read" in refusal(path)


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
