"""Puts a video's sound into an MP4: packet by packet where MP4 can carry it, else as AAC."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import av.container
import numpy as np

from maskcam.sources.timing import APART

_CARRIED = {"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus", "flac", "alac"}
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}
_AAC_LAYOUTS = {"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"}
_AAC_SAMPLES = 1024
_BITS_PER_CHANNEL = 96_000
_STEADY = 0.005
"""Seconds by which stamps may be off what the samples before say; containers round them to a millisecond."""
_GAP = 0.1
"""Seconds from which on a jump of the stamps is silence, no mere jitter."""
_LONGEST = 2_000_000_000
"""Samples. MP4 counts a packet's length in 31 bits."""


class SoundTrack:
    """The sound of one MP4 that is being written; `template` is the source's stream.

    `origin` is in seconds and is taken from every time stamp. `copied` says whether the packets stay as they are.
    `lost` counts the pieces of sound that could not be read or that MP4 refuses; only a failure of the disk passes
    through, as OSError.
    """

    def __init__(self, container: av.container.OutputContainer, template: av.AudioStream, origin: Fraction) -> None:
        self.lost = 0
        self._container = container
        self._template = template
        self._origin = origin
        self._last: tuple[int, bytes] | None = None
        self.copied = _carries(template)
        if self.copied:
            self._stream = container.add_stream_from_template(template)
            return
        context = template.codec_context
        rate = context.sample_rate if context.sample_rate in _AAC_RATES else 48000
        layout = context.layout.name if context.layout.name in _AAC_LAYOUTS else "stereo"
        self._stream = container.add_stream("aac", rate=rate, layout=layout)
        self._stream.codec_context.bit_rate = _BITS_PER_CHANNEL * self._stream.codec_context.layout.nb_channels
        self._samples = _Samples(layout, rate)

    def write(self, packets: Iterable[av.Packet[Any]]) -> None:
        """Take the source's packets, in order. Copied ones belong to the container afterwards."""
        for packet in packets:
            if self.copied:
                self._copy(packet)
            else:
                self._encode(packet)

    def finish(self) -> None:
        """Write what the decoder, the resampler and the encoder still hold."""
        if not self.copied:
            self._encode(None)
            self._put_frames(self._samples.rest())
            self._put_frames([None])

    def _copy(self, packet: av.Packet[Any]) -> None:
        shift = round(self._origin / (packet.time_base or Fraction(1)))
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None:
            dts = shift if self._last is None else self._last[0] + shift + (packet.duration or 1)
        packet.pts = (dts if packet.pts is None else packet.pts) - shift
        packet.dts = dts - shift
        self._put(packet)

    def _encode(self, packet: av.Packet[Any] | None) -> None:
        try:
            frames = self._template.codec_context.decode(packet)
        except (av.FFmpegError, ValueError):
            # A broken piece of sound is a gap; it is no reason to lose the rest.
            self.lost += 1
            return
        for frame in frames:
            try:
                ready = self._samples.add(frame, self._origin)
            except (av.FFmpegError, ValueError):
                self.lost += 1
                continue
            self._put_frames(ready)

    def _put_frames(self, frames: Iterable[av.AudioFrame | None]) -> None:
        for frame in frames:
            try:
                packets = self._stream.encode(frame)
            except (av.FFmpegError, ValueError):
                self.lost += 1
                continue
            for packet in packets:
                self._put(packet)

    def _put(self, packet: av.Packet[Any]) -> None:
        dts, base = packet.dts or 0, packet.time_base
        # MP4 refuses a stamp that doesn't grow, as where the source's counter fell back; one years ahead is damaged.
        apart = 0 if self._last is None else dts - self._last[0]
        if self._last is not None and (apart <= 0 or apart * (base or 0) > APART):
            self.lost += 1
            return
        if self._last is not None and base:
            longest = int(_LONGEST / (self._stream.codec_context.sample_rate or 1) / base)
            while dts - self._last[0] > longest:
                at, content = self._last[0] + longest, self._last[1]
                filler = av.Packet(content)
                filler.time_base, filler.pts, filler.dts, filler.duration = base, at, at, packet.duration
                self._mux(filler, at, content)
        self._mux(packet, dts, bytes(packet))

    def _mux(self, packet: av.Packet[Any], dts: int, content: bytes) -> None:
        packet.stream = self._stream
        self._last = dts, content
        try:
            self._container.mux(packet)
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, OSError):
                raise
            self.lost += 1


class _Samples:
    """Brings decoded sound of any kind and length into frames of one kind and `_AAC_SAMPLES` samples."""

    def __init__(self, layout: str, rate: int) -> None:
        self._layout = layout
        self._rate = rate
        self._kind: tuple[str, str, int] | None = None
        self._resampler = self._new_resampler()
        self._held: list[np.ndarray[Any, Any]] = []
        self._count = 0
        self._next: int | None = None

    def add(self, frame: av.AudioFrame, origin: Fraction) -> list[av.AudioFrame]:
        """Take `frame`, whose stamp is `origin` seconds too late, and return what has become ready."""
        ready: list[av.AudioFrame] = []
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            # A programme goes from stereo to mono; a resampler knows one kind of sound only.
            ready += self._flush()
            self._kind = kind
        frame.time_base = frame.time_base or Fraction(1, frame.sample_rate)
        if frame.pts is None:
            # A new resampler would begin at 0.
            frame.pts = round(Fraction(self._next or 0, self._rate) / frame.time_base)
        else:
            frame.pts -= round(origin / frame.time_base)
        try:
            return ready + self._cut(self._resampler.resample(frame))
        except (av.FFmpegError, ValueError):
            self._kind = None
            raise

    def rest(self) -> list[av.AudioFrame]:
        """Return what is left, the last frame possibly shorter."""
        return self._flush() + self._take(self._count)

    def _new_resampler(self) -> av.AudioResampler:
        return av.AudioResampler("fltp", self._layout, self._rate)

    def _flush(self) -> list[av.AudioFrame]:
        old, self._resampler = self._resampler, self._new_resampler()
        with contextlib.suppress(av.FFmpegError, ValueError):
            return self._cut(old.resample(None))
        return []

    def _cut(self, frames: Iterable[av.AudioFrame | None]) -> list[av.AudioFrame]:
        ready: list[av.AudioFrame] = []
        for frame in frames:
            if frame is None or not frame.samples:
                continue
            if frame.pts is not None and frame.time_base:
                start = round(frame.pts * frame.time_base * self._rate)
                off = 0 if self._next is None else abs(start - self._next)
                if off > _GAP * self._rate:
                    ready += self._close_gap()
                if self._next is None or off > _STEADY * self._rate:
                    self._next = start
            self._next = (self._next or 0) + frame.samples
            self._held.append(frame.to_ndarray())
            self._count += frame.samples
            ready += self._take(_AAC_SAMPLES)
        return ready

    def _close_gap(self) -> list[av.AudioFrame]:
        """Fill what is held up with silence: the encoder takes a short frame at the very end only."""
        if not self._count:
            return []
        missing = _AAC_SAMPLES - self._count
        self._held.append(np.zeros((self._held[0].shape[0], missing), np.float32))
        self._count += missing
        self._next = (self._next or 0) + missing
        return self._take(_AAC_SAMPLES)

    def _take(self, size: int) -> list[av.AudioFrame]:
        """Cut what is held into frames of `size` samples and keep the rest."""
        if not size or self._count < size:
            return []
        samples = np.concatenate(self._held, axis=1)
        first = (self._next or 0) - self._count
        ready = []
        for at in range(0, self._count - size + 1, size):
            piece = np.ascontiguousarray(samples[:, at : at + size])
            frame = av.AudioFrame.from_ndarray(piece, "fltp", self._layout)
            frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), first + at
            ready.append(frame)
        left = samples[:, len(ready) * size :]
        self._held, self._count = ([left] if left.size else []), left.shape[1]
        return ready


def _carries(template: av.AudioStream) -> bool:
    """Whether MP4 takes the packets as they are; the muxer itself is asked, with a file that goes nowhere."""
    if template.codec_context.name not in _CARRIED:
        return False
    container = av.open(io.BytesIO(), "w", format="mp4")
    try:
        container.add_stream_from_template(template)
        container.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    finally:
        with contextlib.suppress(av.FFmpegError, ValueError, OSError):
            container.close()
    return True
