"""Puts a video's sound into an MP4: packet by packet where MP4 can carry it, else as AAC."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import av.container

_CARRIED = {"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus", "flac", "alac"}
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}
_AAC_LAYOUTS = {"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"}
_AAC_SAMPLES = 1024
_BITS_PER_CHANNEL = 96_000


class SoundTrack:
    """The sound of one MP4 that is being written; `template` is the source's stream.

    `origin` is in seconds and is taken from every time stamp. Errors of libav pass through.
    """

    def __init__(self, container: av.container.OutputContainer, template: av.AudioStream, origin: Fraction) -> None:
        self._container = container
        self._template = template
        self._origin = origin
        self._last_dts: int | None = None
        self._last_pts: int | None = None
        self._resampler: av.AudioResampler | None = None
        if template.codec_context.name in _CARRIED:
            self._stream = container.add_stream_from_template(template)
            return
        context = template.codec_context
        rate = context.sample_rate if context.sample_rate in _AAC_RATES else 48000
        layout = context.layout.name if context.layout.name in _AAC_LAYOUTS else "stereo"
        self._stream = container.add_stream("aac", rate=rate, layout=layout)
        self._stream.codec_context.bit_rate = _BITS_PER_CHANNEL * self._stream.codec_context.layout.nb_channels
        self._resampler = av.AudioResampler("fltp", layout, rate, _AAC_SAMPLES)

    @property
    def copied(self) -> bool:
        """Whether the packets stay as they are."""
        return self._resampler is None

    def write(self, packets: Iterable[av.Packet[Any]]) -> None:
        """Take the source's packets, in order. Copied ones belong to the container afterwards."""
        for packet in packets:
            if self.copied:
                self._copy(packet)
            else:
                self._encode(packet)

    def finish(self) -> None:
        """Write what the decoder, the resampler and the encoder still hold."""
        if self._resampler is not None:
            self._encode(None)
            self._mux_frames(self._resampler.resample(None))
            self._container.mux(self._stream.encode(None))

    def _copy(self, packet: av.Packet[Any]) -> None:
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None:
            dts = 0 if self._last_dts is None else self._last_dts + (packet.duration or 1)
        # MP4 refuses a stamp that doesn't grow; it occurs only where the source's counter fell back.
        if self._last_dts is not None and dts <= self._last_dts:
            return
        self._last_dts = dts
        shift = round(self._origin / (packet.time_base or Fraction(1)))
        packet.pts = (dts if packet.pts is None else packet.pts) - shift
        packet.dts = dts - shift
        packet.stream = self._stream
        self._container.mux(packet)

    def _encode(self, packet: av.Packet[Any] | None) -> None:
        if self._resampler is None:
            return
        try:
            frames = self._template.codec_context.decode(packet)
        except av.FFmpegError:
            # A broken piece of sound is a gap; it is no reason to lose the rest.
            return
        for frame in frames:
            self._mux_frames(self._resampler.resample(frame))

    def _mux_frames(self, frames: Iterable[av.AudioFrame]) -> None:
        for frame in frames:
            if frame.pts is not None and frame.time_base:
                frame.pts -= round(self._origin / frame.time_base)
                if self._last_pts is not None and frame.pts <= self._last_pts:
                    continue
                self._last_pts = frame.pts
            self._container.mux(self._stream.encode(frame))
