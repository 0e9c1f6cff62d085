"""Makes small real video files for the tests, and reads files back in the plainest way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from maskcam.frames import Pixels

SIZE = (64, 48)
QUARTERS = {"red": (200, 30, 30), "green": (30, 180, 40), "blue": (40, 50, 210), "grey": (128, 128, 128)}


def quarters(width: int, height: int) -> Pixels:
    """Red and green above, blue and grey below."""
    image = np.zeros((height, width, 3), np.uint8)
    rows, columns = height // 2, width // 2
    image[:rows, :columns] = QUARTERS["red"]
    image[:rows, columns:] = QUARTERS["green"]
    image[rows:, :columns] = QUARTERS["blue"]
    image[rows:, columns:] = QUARTERS["grey"]
    return image


def moving(width: int, height: int, index: int) -> Pixels:
    """Noise of its own for every index, so that packets are large and frames differ."""
    image = np.random.default_rng(index).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return np.kron(image, np.ones((4, 4, 1), np.uint8))


def tone(rate: int, seconds: float, channels: int = 1) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A 440 Hz tone as packed int16 samples, `(1, samples * channels)`."""
    t = np.arange(round(rate * seconds)) / rate
    wave = (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    return np.repeat(wave, channels).reshape(1, -1)


def make_video(
    path: Path,
    *,
    pts: Sequence[int] = tuple(range(25)),
    time_base: Fraction = Fraction(1, 25),
    rate: int = 25,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    draw: Callable[[int, int, int], Pixels] = moving,
    sound: str | None = None,
    sound_seconds: float = 1.0,
    sound_rate: int = 48000,
    sound_start: float = 0.0,
    sound_layout: str = "mono",
    format: str | None = None,
    matrix: int | None = None,
    limited: bool = True,
    rotation: int | None = None,
) -> Path:
    """Encode `draw(width, height, index)` at every stamp in `pts`, with a tone if `sound` names a codec."""
    container = av.open(str(path), "w", format=format, options=container_options or {})
    video: Any = container.add_stream(codec, rate=rate, options=options or {})
    video.width, video.height = size
    video.pix_fmt = pix_fmt
    context = video.codec_context
    context.time_base = time_base
    if matrix is not None:
        context.colorspace = matrix
        context.color_range = 1 if limited else 2
    if rotation is not None:
        video.set_display_rotation(rotation)
    audio: Any = None
    if sound is not None:
        audio = container.add_stream(sound, rate=sound_rate, layout=sound_layout)
    for frame in audio_frames(audio, sound_rate, sound_seconds, sound_start, sound_layout) if audio is not None else ():
        container.mux(audio.encode(frame))
    if audio is not None:
        container.mux(audio.encode(None))
    for index, stamp in enumerate(pts):
        source = av.VideoFrame.from_ndarray(draw(*size, index), "rgb24")
        frame = source.reformat(
            format=pix_fmt,
            dst_colorspace=matrix or 5,
            src_color_range=2,
            dst_color_range=1 if limited else 2,
            interpolation=0x2 | 0x2000 | 0x4000 | 0x40000,
        )
        frame.pts, frame.time_base = stamp, time_base
        container.mux(video.encode(frame))
    container.mux(video.encode(None))
    container.close()
    return path


def audio_frames(audio: Any, rate: int, seconds: float, start: float, layout: str) -> list[av.AudioFrame]:
    """The tone, in the encoder's own sample format."""
    samples = tone(rate, seconds, av.AudioLayout(layout).nb_channels)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    frame.pts = round(start * rate)
    context = audio.codec_context
    context.open(strict=False)
    resampler = av.AudioResampler(context.format.name, layout, rate, context.frame_size or 1024)
    return [*resampler.resample(frame), *resampler.resample(None)]


def soft(width: int, height: int, index: int) -> Pixels:
    """A slope that moves, as easy to encode as real pictures are."""
    slope = np.arange(width)[None, :, None] + np.arange(height)[:, None, None] + 7 * index
    return np.ascontiguousarray(np.broadcast_to(slope % 256, (height, width, 3)), np.uint8)


def cut_by_copy(source: Path, target: Path, first: int, format: str | None = None, key: bool = True) -> Path:
    """Copy the pictures from packet `first` on, or from the first key frame after it."""
    with av.open(str(source)) as old, av.open(str(target), "w", format=format) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        begun = False
        for index, packet in enumerate(old.demux(old.streams.video[0])):
            begun = begun or (index >= first and (packet.is_keyframe or not key))
            if begun and packet.size:
                packet.stream = stream
                new.mux(packet)
    return target


def join(target: Path, *parts: Path) -> Path:
    """Put files behind one another, as transport streams may be."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def video_times(path: Path) -> list[Fraction]:
    """The times of all decoded pictures, in seconds, as PyAV alone reads them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stamps = [(frame.pts, stream.time_base) for frame in container.decode(stream)]
    return [Fraction(pts) * base for pts, base in stamps if pts is not None and base is not None]


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Time in seconds and content of every sound packet, as PyAV alone reads them."""
    found = []
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.audio[0]):
            if packet.size and packet.pts is not None:
                found.append((packet.pts * Fraction(packet.time_base), bytes(packet)))
    return found


def sound_samples(path: Path) -> tuple[Fraction, np.ndarray[Any, Any], int]:
    """Start in seconds, samples as float `(n,)` of the first channel, and the sample rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", "mono", stream.codec_context.sample_rate)
        frames = [one for frame in container.decode(stream) for one in resampler.resample(frame)]
        start = frames[0].pts * Fraction(frames[0].time_base)
        return start, np.concatenate([one.to_ndarray()[0] for one in frames]), frames[0].sample_rate
