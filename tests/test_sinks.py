"""`maskcam.sinks` on real files: times, colours, sound, and what is left when something goes wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
import pytest

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.pending import write_failure
from maskcam.sinks import PendingFile, TextSink, VideoSink
from maskcam.sound import SoundTrack
from maskcam.sources import VideoSource
from tests.video_files import QUARTERS, join, make_video, quarters, sound_packets, sound_samples, tone, video_times

TICK = Fraction(1, 25)


def copy(path: Path, target: Path) -> bool:
    """Write `path` anew as `target`; return whether its sound was copied."""
    with VideoSource(path) as source, VideoSink.like(source, target) as sink:
        for one in source:
            sink.write_sound(one.sound)
            sink.write(one.frame.image, one.pts)
        sink.write_sound(source.trailing_sound)
        sink.finish()
        assert sink.sound_lost == 0
        return sink.sound_copied


def beginning(path: Path) -> Fraction:
    """Where the first picture or sound is, in seconds, but not before 0."""
    sounds = [time for time, _ in sound_packets(path)]
    return max(Fraction(0), min([*video_times(path)[:1], *sounds[:1]]))


def small_sink(target: Path, **more: object) -> VideoSink:
    return VideoSink(target, width=64, height=48, time_base=TICK, **more)  # type: ignore[arg-type]


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


def test_origin_becomes_time_zero_for_pictures_and_sound(tmp_path: Path) -> None:
    stamps = [900000 + 3600 * i for i in range(25)]
    path = make_video(
        tmp_path / "a.ts",
        pts=stamps,
        time_base=Fraction(1, 90000),
        format="mpegts",
        sound="aac",
        sound_start=10.0,
    )
    with VideoSource(path) as source:
        sink = VideoSink(
            tmp_path / "out.mp4",
            width=source.width,
            height=source.height,
            time_base=source.time_base,
            audio=source.audio,
            origin=source.start_pts,
        )
        first = source.start_pts * source.time_base
        with sink:
            for one in source:
                sink.write_sound(one.sound)
                sink.write(one.frame.image, one.pts)
            sink.finish()
    assert video_times(tmp_path / "out.mp4")[0] == 0
    before = [time - first for time, _ in sound_packets(path)]
    after = [time for time, _ in sound_packets(tmp_path / "out.mp4")]
    assert after == pytest.approx(before, abs=0.0001)


@pytest.mark.parametrize(("first", "sound_start"), [(30.0, 30.0), (30.0, 28.5), (30.0, 31.25), (0.5, None)])
@pytest.mark.parametrize("name", ["a.ts", "a.mkv"])
def test_a_late_start_becomes_zero_and_sound_stays_in_step(
    tmp_path: Path, name: str, first: float, sound_start: float | None
) -> None:
    base = Fraction(1, 1000) if name == "a.mkv" else Fraction(1, 90_000)
    path = make_video(
        tmp_path / name,
        pts=[round((first + i / 25) / base) for i in range(50)],
        time_base=base,
        format="mpegts" if name == "a.ts" else None,
        options={"bf": "0"},
        sound="aac" if sound_start is not None else None,
        sound_start=sound_start or 0.0,
    )
    copy(path, tmp_path / "out.mp4")
    pictures, written = video_times(path), video_times(tmp_path / "out.mp4")
    if sound_start is None:
        assert written[0] == 0
        return
    sounds, heard = sound_packets(path), sound_packets(tmp_path / "out.mp4")
    assert min(written[0], heard[0][0]) == pytest.approx(0, abs=0.0005)
    assert float(written[0] - heard[0][0]) == pytest.approx(float(pictures[0] - sounds[0][0]), abs=0.001)
    assert len(heard) == len(sounds)


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


def test_a_gap_in_the_sound_may_last_days(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", sound="aac", sound_start=1.0)
    gap = 30 * 3600 * 48_000
    with VideoSource(path) as source, VideoSink.like(source, tmp_path / "out.mp4") as sink:
        frames = list(source)
        sink.write(frames[0].frame.image, 0)
        packets = [one for frame in frames for one in frame.sound] + list(source.trailing_sound)
        for packet in packets[20:]:
            assert packet.pts is not None and packet.dts is not None and packet.time_base == Fraction(1, 48_000)
            packet.pts += gap
            packet.dts += gap
        expected = [packet.pts for packet in packets]
        sink.write_sound(tuple(packets))
        sink.finish()
    times = [float(time * 48_000) for time, _ in sound_packets(tmp_path / "out.mp4")]
    assert len(times) == len(expected) + 2
    # To a tick: where the sound begins counts in the movie's clock.
    assert times[:20] + times[22:] == pytest.approx(expected, abs=1)


def test_whole_length_of_an_uneven_video_is_kept(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", pts=[0, 7, 100, 5000], time_base=Fraction(1, 1000))
    copy(path, tmp_path / "out.mp4")
    with VideoSource(tmp_path / "out.mp4") as source:
        assert source.duration == pytest.approx(5.04, abs=0.001)


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


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("aac", "a.mp4"),
        ("libopus", "a.mkv"),
        ("flac", "a.mkv"),
        ("alac", "a.mov"),
        ("ac3", "a.mkv"),
        ("libmp3lame", "a.avi"),
    ],
)
def test_sound_is_copied_bit_by_bit(tmp_path: Path, codec: str, name: str) -> None:
    path = make_video(
        tmp_path / name,
        codec="mpeg4" if name == "a.avi" else "libx264",
        sound=codec,
        sound_seconds=2.0,
        pts=range(50),
    )
    assert copy(path, tmp_path / "out.mp4")
    before, after = sound_packets(path), sound_packets(tmp_path / "out.mp4")
    assert [data for _, data in after] == [data for _, data in before]
    assert [float(time) for time, _ in after] == pytest.approx([float(time) for time, _ in before], abs=0.001)


def test_sound_of_a_transport_stream_loses_only_its_wrapping(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.ts", format="mpegts", sound="aac")
    assert copy(path, tmp_path / "out.mp4")
    before, after = sound_packets(path), sound_packets(tmp_path / "out.mp4")
    assert [data for _, data in after] == [data[7:] for _, data in before]
    origin = beginning(path)
    assert [time for time, _ in after] == pytest.approx([time - origin for time, _ in before], abs=0.0001)


@pytest.mark.parametrize(
    ("codec", "name", "start", "rate"),
    [
        ("pcm_s16le", "a.avi", 0.0, 48000),
        ("pcm_s16le", "a.mov", 0.0, 44100),
        ("pcm_s24le", "a.mkv", 0.5, 48000),
        ("pcm_s16le", "b.mkv", 0.0, 192000),
        ("mp2", "a.ts", 0.3, 48000),
    ],
)
def test_other_sound_becomes_aac_in_step(tmp_path: Path, codec: str, name: str, start: float, rate: int) -> None:
    path = make_video(
        tmp_path / name,
        codec="mpeg4" if name == "a.avi" else "libx264",
        format="mpegts" if name == "a.ts" else None,
        pts=range(75),
        sound=codec,
        sound_seconds=2.0,
        sound_start=start,
        sound_rate=rate,
    )
    assert not copy(path, tmp_path / "out.mp4")
    start_before, before, rate_before = sound_samples(path)
    start_after, after, rate_after = sound_samples(tmp_path / "out.mp4")
    assert rate_after == min(rate_before, 48000)
    # Both on one clock: where the tone begins and ends, in seconds.
    for side in (0, -1):
        there = float(start_before - beginning(path)) + np.flatnonzero(np.abs(before) > 0.1)[side] / rate_before
        here = float(start_after) + np.flatnonzero(np.abs(after) > 0.1)[side] / rate_after
        assert here == pytest.approx(there, abs=0.01)


def test_low_mp3_becomes_aac(tmp_path: Path) -> None:
    for rate in (8000, 11025, 16000):
        path = make_video(tmp_path / f"{rate}.mkv", sound="libmp3lame", sound_rate=rate)
        assert copy(path, tmp_path / f"{rate}.mp4") == (rate >= 16000)
        start, before, _ = sound_samples(path)
        begin, after, found = sound_samples(tmp_path / f"{rate}.mp4")
        assert found == rate
        tone = [
            float(s) + np.flatnonzero(np.abs(wave) > 0.1)[0] / rate for s, wave in ((start, before), (begin, after))
        ]
        assert tone[1] == pytest.approx(tone[0] - float(beginning(path)), abs=0.02)


def test_sound_that_changes_midway_goes_on(tmp_path: Path) -> None:
    parts = [
        make_video(tmp_path / f"{rate}.ts", format="mpegts", sound="mp2", sound_rate=rate, sound_layout=layout)
        for rate, layout in ((48000, "stereo"), (44100, "mono"))
    ]
    path = join(tmp_path / "a.ts", *parts)
    assert not copy(path, tmp_path / "out.mp4")
    assert len(video_times(tmp_path / "out.mp4")) == 50
    _, wave, rate = sound_samples(tmp_path / "out.mp4")
    assert rate == 48000
    loud = np.abs(wave).reshape(-1, 1)[: len(wave) // 480 * 480].reshape(-1, 480).max(axis=1) > 0.1
    # Two tones of a second each; between them at most what the codecs need to set in.
    assert loud.sum() == pytest.approx(200, abs=10)
    assert len(wave) / rate == pytest.approx(2.0, abs=0.1)


class Decoder:
    """Stands for a stream of sound: its packets' numbers are those of the frames that they give."""

    def __init__(self, *frames: av.AudioFrame | Exception) -> None:
        self.codec_context = self
        self.name, self.sample_rate, self.layout = "pcm_s16le", 48000, av.AudioLayout("stereo")
        self._frames = list(frames)

    def decode(self, packet: object) -> list[av.AudioFrame]:
        if packet is None:
            return []
        frame = self._frames.pop(0)
        if isinstance(frame, Exception):
            raise frame
        return [frame]


def sounding(layout: str, at: float, rate: int = 48000, format: str = "s16", seconds: float = 0.5) -> av.AudioFrame:
    samples = tone(rate, seconds, av.AudioLayout(layout).nb_channels)
    frame = av.AudioFrame.from_ndarray(samples, format, layout)
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), round(at * rate)
    return frame


def track(path: Path, *frames: av.AudioFrame | Exception) -> tuple[SoundTrack, Any]:
    """Write sound alone; return its track and the container's packets' times and samples."""
    with av.open(str(path), "w", format="mp4") as container:
        sound = SoundTrack(container, Decoder(*frames), Fraction(0))  # type: ignore[arg-type]
        sound.write([av.Packet(b"sound") for _ in frames])
        sound.finish()
    return sound, sound_samples(path)


def test_sound_may_change_between_three_layouts(tmp_path: Path) -> None:
    frames = [
        sounding("stereo", 0.0),
        sounding("mono", 0.5, 44100),
        sounding("3.0", 1.0),
        sounding("5.1", 1.5, 32000),
        sounding("stereo", 2.0),
    ]
    sound, (start, wave, rate) = track(tmp_path / "a.mp4", *frames)
    assert sound.lost == 0 and not sound.copied and rate == 48000
    loud = np.flatnonzero(np.abs(wave) > 0.05) / rate + float(start)
    assert loud[0] == pytest.approx(0, abs=0.03) and loud[-1] == pytest.approx(2.5, abs=0.03)
    assert np.diff(loud).max() < 0.02


def test_a_gap_in_the_sound_stays_one(tmp_path: Path) -> None:
    # The first piece ends shortly before one of the encoder's frames is full.
    length = (23 * 1024 + 900) / 48000
    track(tmp_path / "a.mp4", sounding("stereo", 0.2, seconds=length), sounding("stereo", 3.0))
    stamps = [(time, len(data)) for time, data in sound_packets(tmp_path / "a.mp4")]
    gap = max(range(1, len(stamps)), key=lambda i: stamps[i][0] - stamps[i - 1][0])
    # The encoder runs one packet ahead of what it plays.
    assert float(stamps[gap][0]) == pytest.approx(3.0, abs=0.03) and float(stamps[gap - 1][0]) < 0.75
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = [(float(frame.time or 0), frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    loud = [time + place / 48000 for time, wave in frames for place in np.flatnonzero(np.abs(wave) > 0.1)]
    assert max(one for one in loud if one < 2) == pytest.approx(0.2 + length, abs=0.005)
    assert min(one for one in loud if one > 2) == pytest.approx(3.0, abs=0.005)


def test_a_change_of_sound_loses_no_samples(tmp_path: Path) -> None:
    frames = [sounding("stereo", 0, (8000, 48000)[number % 2], seconds=0.02) for number in range(100)]
    for frame in frames:
        frame.pts = None
    sound, (_, wave, rate) = track(tmp_path / "a.mp4", *frames)
    assert sound.lost == 0
    # Two seconds, and what the encoder adds to fill its frames.
    assert 0 <= len(wave) - 2 * rate <= 3 * 1024


@pytest.mark.parametrize("error", [ValueError("no such sound"), av.error.InvalidDataError(1, "x", "y")])
def test_an_error_of_sound_costs_that_sound_alone(tmp_path: Path, error: Exception) -> None:
    frames = [sounding("stereo", 0.0), error, sounding("stereo", 1.0)]
    with av.open(str(tmp_path / "a.mp4"), "w", format="mp4") as container:
        sound = SoundTrack(container, Decoder(*frames), Fraction(0))  # type: ignore[arg-type]
        sound.write([av.Packet(b"sound") for _ in frames])
        sound.finish()
    assert sound.lost == 1 and len(sound_packets(tmp_path / "a.mp4")) > 40


class Refusing:
    """A container that takes no packet."""

    def __init__(self, container: av.container.OutputContainer, error: Exception) -> None:
        self._container, self._error = container, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def mux(self, packet: object) -> None:
        raise self._error


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSPC])
@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_a_muxer_that_refuses_costs_the_sound_and_a_full_disk_the_video(
    tmp_path: Path, codec: str, number: int
) -> None:
    path = make_video(tmp_path / "a.ts", format="mpegts", sound=codec)
    kind = av.error.ArgumentError if number == errno.EINVAL else av.error.OSError
    error = kind(number, os.strerror(number), "file:a.part.mp4")
    with VideoSource(path) as source, av.open(str(tmp_path / "b.mp4"), "w") as container:
        packets = tuple(one for frame in source for one in frame.sound) + source.trailing_sound
        assert source.audio is not None
        sound = SoundTrack(Refusing(container, error), source.audio, Fraction(0))  # type: ignore[arg-type]
        full = number == errno.ENOSPC
        with pytest.raises(OSError, match="No space") if full else contextlib.nullcontext():
            sound.write(packets)
            sound.finish()
        assert full or sound.lost > 30


def test_messages_do_not_name_the_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    for kind, number in ((av.error.ArgumentError, errno.EINVAL), (av.error.OSError, errno.ENOSPC)):
        line = str(write_failure(target, kind(number, os.strerror(number), f"file:{tmp_path}/a.1.part.mp4")))
        assert "part" not in line and os.strerror(number).lower() in line


def test_sound_whose_counter_falls_back_does_not_stop_the_video(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", sound="aac")
    with VideoSource(path) as source, VideoSink.like(source, tmp_path / "out.mp4") as sink:
        kept = 0
        for one in source:
            for packet in one.sound:
                kept += one.frame.index < 10
                if one.frame.index >= 10 and packet.dts is not None and packet.pts is not None:
                    packet.dts -= 100_000
                    packet.pts -= 100_000
            sink.write_sound(one.sound)
            sink.write(one.frame.image, one.pts)
        sink.finish()
    assert len(video_times(tmp_path / "out.mp4")) == 25
    assert len(sound_packets(tmp_path / "out.mp4")) == kept


def test_nothing_appears_before_finish_and_nothing_stays_without(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with pytest.raises(KeyError), small_sink(target) as sink:
        for pts in range(40):
            sink.write(quarters(64, 48), pts)
        assert not target.exists() and len(list(tmp_path.iterdir())) == 1
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    sink.close()
    with pytest.raises(RuntimeError):
        sink.write(quarters(64, 48), 99)


def test_existing_target_is_kept_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_text("precious")
    with pytest.raises(UnusableInput, match=r"exists.*--force"):
        small_sink(target)
    with small_sink(target, force=True) as sink:
        sink.write(quarters(64, 48), 0)
        assert target.read_text() == "precious"
    assert target.read_text() == "precious"
    with small_sink(target, force=True) as sink:
        sink.write(quarters(64, 48), 0)
        sink.finish()
    assert target.read_bytes()[4:8] == b"ftyp"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["o.avi", "o", "o.mov", "o.mp4.webm", ".mp4"])
def test_only_mp4_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableInput, match=r"end the name in \.mp4") as caught:
        small_sink(tmp_path / name, force=True)
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["o.MP4", "o.m4v"])
def test_mp4_has_two_names(tmp_path: Path, name: str) -> None:
    with small_sink(tmp_path / name) as sink:
        sink.write(quarters(64, 48), 0)
        sink.finish()
    assert (tmp_path / name).read_bytes()[4:8] == b"ftyp"


def test_no_picture_is_no_video(tmp_path: Path) -> None:
    with small_sink(tmp_path / "a.mp4") as sink, pytest.raises(FailedOnTheWay, match="not one picture"):
        sink.finish()
    assert list(tmp_path.iterdir()) == []


def test_wrong_pictures_and_times_are_the_callers_fault(tmp_path: Path) -> None:
    with small_sink(tmp_path / "a.mp4") as sink:
        sink.write(quarters(64, 48), 5)
        for image, pts in ((quarters(64, 48), 5), (quarters(64, 50), 6), (quarters(64, 48)[..., :2], 6)):
            with pytest.raises(ValueError, match=r"not|follows"):
                sink.write(image, pts)


FULL_DISK = """
import resource, sys, pathlib, fractions, numpy as np
from maskcam.errors import FailedOnTheWay
from maskcam.sinks import TextSink, VideoSink
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
path = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(0)
try:
    if path.suffix == ".txt":
        with TextSink(path) as sink:
            for _ in range(10000):
                sink.write_line("x" * 20)
            sink.finish()
    else:
        with VideoSink(path, width=320, height=240, time_base=fractions.Fraction(1, 25)) as sink:
            for pts in range(30):
                sink.write(rng.integers(0, 256, (240, 320, 3), np.uint8), pts)
            sink.finish()
except FailedOnTheWay as error:
    print(error)
else:
    print("whole", path.stat().st_size)
"""


def with_room(path: Path, limit: int) -> str:
    """Write a video or text where no file may grow beyond `limit` bytes, the nearest to a full disk."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    whole = with_room(tmp_path / "whole.mp4", 1 << 30)
    size = int(whole.split()[1])
    (tmp_path / "whole.mp4").unlink()
    # At the first bytes, on the way, and only in the trailer.
    for limit in (100, size // 2, size - 50):
        line = with_room(tmp_path / "a.mp4", limit)
        assert "writing stopped" in line and "a.mp4" in line and "\n" not in line
        assert list(tmp_path.iterdir()) == []
    assert "writing stopped" in with_room(tmp_path / "a.txt", 50_000)
    assert list(tmp_path.iterdir()) == []


def test_a_pending_file_has_the_usual_permissions_and_the_suffix(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with PendingFile(tmp_path / "a.mp4") as file:
            assert file.path.parent == tmp_path and file.path.suffix == ".mp4"
            assert file.path.name == f"a.{os.getpid()}.part.mp4"
            assert file.path.stat().st_mode & 0o777 == 0o640
            with PendingFile(tmp_path / "a.mp4") as other:
                assert other.path != file.path
            file.commit()
    finally:
        os.umask(old)
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


def test_a_pending_file_refuses_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    cases = {
        tmp_path / "folder": "is a folder",
        tmp_path / "none" / "a.mp4": "folder does not exist",
        tmp_path / "file" / "a.mp4": "is a file",
        tmp_path / ("x" * 300): "can't be written",
        tmp_path / "a\0b": "can't be written",
        tmp_path / "file": "exists",
        tmp_path / "pipe": "not an ordinary file",
    }
    for target, says in cases.items():
        for force in (False, True):
            if target.name == "file" and force:
                continue
            with pytest.raises(UnusableInput, match=says) as caught:
                PendingFile(target, force)
            assert "\n" not in str(caught.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder", "pipe"]


def test_a_folder_that_takes_no_files_is_refused() -> None:
    # Nobody may make files here, root neither.
    with pytest.raises(UnusableInput, match=r"/proc/maskcam\.mp4"):
        PendingFile(Path("/proc/maskcam.mp4"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write in every folder")
def test_a_folder_it_may_not_write_in_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UnusableInput, match="may not write"):
        PendingFile(tmp_path / "a.mp4")
    tmp_path.chmod(0o700)


def test_the_longest_name_still_works(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 125 + ".mp4")
    with PendingFile(target) as file:
        file.commit()
    assert list(tmp_path.iterdir()) == [target]


def test_a_target_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with PendingFile(target) as file:
        target.write_text("theirs")
        with pytest.raises(FailedOnTheWay):
            file.commit()
    assert target.read_text() == "theirs" and list(tmp_path.iterdir()) == [target]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    with TextSink(tmp_path / "link.txt", force=True) as sink:
        sink.write_line("new")
        sink.finish()
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real" / "a.txt").read_text() == "new\n"


def test_text_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    with TextSink(target) as sink:
        sink.write_line('{"name": "Zoë"}')
        assert not target.exists()
        sink.write_line("")
        sink.finish()
        sink.close()
    assert target.read_bytes() == '{"name": "Zoë"}\n\n'.encode()
    with pytest.raises(UnusableInput, match="exists"):
        TextSink(target)
    with pytest.raises(RuntimeError):
        sink.write_line("late")
    with TextSink(tmp_path / "b.jsonl") as sink:
        sink.write_line("lost")
    assert [one.name for one in tmp_path.iterdir()] == ["a.jsonl"]


STANDARD_OUTPUT = """
import sys
from maskcam.errors import FailedOnTheWay
from maskcam.sinks import TextSink
if len(sys.argv) > 2:
    print("before")
try:
    with TextSink("-") as sink:
        for number in range(int(sys.argv[1])):
            sink.write_line(f"zo\\u00eb {number}")
        sink.finish()
except FailedOnTheWay as error:
    print(error, file=sys.stderr)
    sys.exit(1)
"""


def test_standard_output_is_utf8_in_order() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STANDARD_OUTPUT, "2", "print"],
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout.decode() == "before\nzoë 0\nzoë 1\n" and done.stderr == b""


def test_standard_output_that_closes_is_told_in_one_line() -> None:
    command = [sys.executable, "-c", STANDARD_OUTPUT, "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(timeout=60) == 1
    assert told.count("\n") == 1 and told.startswith("standard output: writing stopped")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", STANDARD_OUTPUT, "3"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1 and "writing stopped" in done.stderr and done.stderr.count("\n") == 1


def test_a_clock_that_starts_hours_late_starts_at_zero(tmp_path: Path) -> None:
    late = 10 * 3600 * 90_000
    path = make_video(
        tmp_path / "a.ts", format="mpegts", pts=[late, late + 3003, late + 9000], time_base=Fraction(1, 90_000)
    )
    copy(path, tmp_path / "out.mp4")
    assert video_times(tmp_path / "out.mp4") == [0, Fraction(3003, 90_000), Fraction(1, 10)]
