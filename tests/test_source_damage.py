"""Cut, garbled and joined video files: what is left of them is given, and what is lost is told."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from maskcam.sinks.video_file import VideoSink
from maskcam.sources.timing import Clock, SoundClock
from maskcam.sources.video_file import VideoSource
from tests.source_parts import FIVE_SECONDS, read, two_tracks
from tests.video_files import (
    cut_by_copy,
    join,
    make_video,
    soft,
    sound_packets,
    video_times,
)


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


def test_a_time_stamp_of_another_age_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """Taken for what it says, half a thousand years of pictures would be written in between."""
    far = 2**44
    pts = [0, 40, 80, far, far + 40]
    path = make_video(tmp_path / "a.mkv", pts=pts, time_base=Fraction(1, 1000), options={"bf": "0"}, sound="aac")
    with VideoSource(path) as source, VideoSink.like(source, tmp_path / "b.mp4") as sink:
        frames = []
        for frame in source:
            frames.append(frame)
            sink.write(frame.frame.image, frame.pts)
            sink.write_sound(frame.sound)
        sink.write_sound(source.trailing_sound)
        sink.finish()
    assert [round(1000 * frame.frame.time) for frame in frames] == [0, 40, 80, 120, 160]
    assert source.damage is not None and "jump by more than a year" in source.damage
    assert len(video_times(tmp_path / "b.mp4")) == 5
    assert float(max(time for time, _ in sound_packets(tmp_path / "b.mp4"))) == pytest.approx(1, abs=0.1)


def test_frames_months_apart_stay_so() -> None:
    clock = Clock(Fraction(1, 1000), Fraction(25))
    year = 366 * 24 * 60 * 60 * 1000
    assert [clock.tick(pts, None) for pts in (0, year, 2 * year)] == [0, year, 2 * year]
    assert not clock.jumps
    assert clock.tick(3 * year + 1, None) == 2 * year + 40 and clock.jumps == 1


def test_sound_years_ahead_is_lost_and_what_follows_is_kept(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", sound="aac")
    with VideoSource(path) as source, VideoSink.like(source, tmp_path / "b.mp4") as sink:
        frames = list(source)
        sink.write(frames[0].frame.image, frames[0].pts)
        packets = [one for frame in frames for one in frame.sound] + list(source.trailing_sound)
        assert packets[10].pts is not None
        packets[10].pts = packets[10].dts = packets[10].pts + 2**50
        sink.write_sound(tuple(packets))
        sink.finish()
    assert sink.sound_lost == 1
    assert len(sound_packets(tmp_path / "b.mp4")) == len(sound_packets(path)) - 1


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


def test_of_two_tracks_the_one_that_can_be_read_is_kept(tmp_path: Path) -> None:
    both = two_tracks(tmp_path / "both.mkv", unreadable={1})
    source, frames = read(both)
    assert source.has_audio and any(frame.sound for frame in frames)
    assert source.damage is None


def test_sound_of_a_kind_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    source, frames = read(two_tracks(tmp_path / "none.mkv", unreadable={1, 2}))
    assert not source.has_audio and len(frames) == 25
    assert source.damage == "its sound is of a kind that can't be read here"
