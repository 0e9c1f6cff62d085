"""Sound of a written video: copied where MP4 holds it, else turned into AAC, always in step."""

from __future__ import annotations

import contextlib
import errno
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
import pytest

from maskcam.sinks.sound import SoundTrack
from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import VideoSource
from tests.sink_parts import copy
from tests.video_files import join, make_video, sound_packets, sound_samples, tone, video_times


def beginning(path: Path) -> Fraction:
    """Where the first picture or sound is, in seconds, but not before 0."""
    sounds = [time for time, _ in sound_packets(path)]
    return max(Fraction(0), min([*video_times(path)[:1], *sounds[:1]]))


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
