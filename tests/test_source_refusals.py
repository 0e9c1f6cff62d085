"""Files that are no video: refused in one line that says why."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from maskcam.sources.inputs import MAX_SIDE
from tests.source_parts import refusal
from tests.video_files import (
    make_video,
    quarters,
)

UNREADABLE = Path("/sys/class/net/lo/duplex")
"""A file of the system that opens, and fails when it is read."""


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
        "import resource, sys, pathlib, maskcam.sources.video_file as s, maskcam.errors as e\n"
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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.gif", b"GIF89a"),
        ("cut.gif", b"GIF89a\x10\0\x10\0"),
        # A header that says it is as long as no file can be, and one that is longer than the file.
        ("damaged.mkv", bytes.fromhex("1a45dfa3 01fffffffffffffe") + bytes(100)),
        ("damaged.mkv", bytes.fromhex("1a45dfa3 40ff") + bytes(100)),
    ],
)
def test_refuses_what_ends_in_its_header(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    refusal(tmp_path / name)


@pytest.mark.skipif(not UNREADABLE.is_file(), reason="this system has no file that opens and can't be read")
def test_a_file_that_opens_and_can_not_be_read_is_refused() -> None:
    assert "can't be read (invalid argument)" in refusal(UNREADABLE)
