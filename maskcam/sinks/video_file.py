"""Writes a video as an H.264 MP4 that browsers play, with the source's sound."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container

from maskcam.closing import Closing
from maskcam.colour import ToYuv
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Pixels, check_image
from maskcam.pending import PendingFile, write_failure
from maskcam.sinks.encoder import set_up, working_encoder
from maskcam.sinks.sound import SoundTrack
from maskcam.sources.video_file import Sound, VideoSource

_LEAST_TIMESCALE = 10_000
_LARGEST_TIMESCALE = 1_000_000
"""Ticks a second. A finer clock is rounded to 1/90000 s: MP4 counts a frame's length in 32 bits."""
_LONGEST = 2_000_000_000
"""Ticks. MP4 counts a frame's length in 31 bits."""
_SUFFIXES = (".mp4", ".m4v")


class VideoSink(Closing):
    """An MP4 video in the making: H.264, 4:2:0, BT.709, ready to stream, with `audio`'s sound.

    `width` and `height` are in pixels; an odd side gets one more pixel. `time_base` is one tick of `write`'s
    `pts`, in seconds. `rate` is in frames a second, a hint. `pixel_aspect` is a pixel's width by its height.
    `origin` is the `pts` that becomes time 0; with 0 every time stamp stays as it is. A picture that stands for
    longer than MP4 can say, half an hour at the least, is written again on the way.

    The file appears at `target` only when `finish` returns. Raises UnusableInput before any work if the
    target isn't called .mp4 or .m4v or can't be made, or no H.264 encoder works here. `write`, `write_sound` and
    `finish` raise FailedOnTheWay when writing fails, such as on a full disk. Sound that fails is left out.
    """

    def __init__(
        self,
        target: Path,
        *,
        width: int,
        height: int,
        time_base: Fraction,
        rate: Fraction | None = None,
        pixel_aspect: Fraction = Fraction(1),
        audio: av.AudioStream | None = None,
        origin: int = 0,
        force: bool = False,
    ) -> None:
        if width < 1 or height < 1 or time_base <= 0:
            raise ValueError(f"a video needs pixels and a clock, not {width} x {height}, {time_base}")
        if target.suffix.lower() not in _SUFFIXES:
            raise UnusableInput(f"{target}: videos are written as MP4 only; end the name in .mp4")
        self._target = target
        self._size = (height, width)
        self._time_base = time_base
        self._origin = origin
        self._last: int | None = None
        self._last_tick: int | None = None
        self._shown: av.VideoFrame | None = None
        self._colours = ToYuv()
        self._complete = self._closed = False
        even = (width + width % 2, height + height % 2)
        rate = rate or Fraction(25)
        encoder = working_encoder(*even)
        self._file = PendingFile(target, force)
        try:
            # One tick of what is written, in seconds.
            self._clock = time_base if time_base.denominator <= _LARGEST_TIMESCALE else Fraction(1, 90_000)
            scale = self._clock.denominator
            while scale < _LEAST_TIMESCALE:
                scale *= 2
            # The last frame's length: one frame, and no less than MP4 can tell from nothing.
            self._longest = int(_LONGEST / scale / time_base)
            self._step = math.ceil(max(1 / rate, Fraction(1, scale)) / self._clock)
            # The movie's own clock counts where each track starts. Its usual 1/1000 s would round that.
            options = {
                "movflags": "faststart",
                "video_track_timescale": str(scale),
                "movie_timescale": str(scale),
            }
            self._container = av.open(f"file:{self._file.path}", "w", format="mp4", options=options)
            stream = self._container.add_stream(encoder, rate=rate.limit_denominator(65535))
            self._stream = cast(av.VideoStream, stream)
            context = self._stream.codec_context
            set_up(context, encoder, even, self._clock, rate)
            context.sample_aspect_ratio = pixel_aspect
            self._sound = None if audio is None else SoundTrack(self._container, audio, origin * time_base)
        except (av.FFmpegError, OSError, ValueError) as error:
            self._file.discard()
            raise write_failure(target, error) from None

    @classmethod
    def like(cls, source: VideoSource, target: Path, force: bool = False) -> VideoSink:
        """Return a sink for pictures of the source's size, on its clock, with its sound, beginning at 0."""
        return cls(
            target,
            width=source.width,
            height=source.height,
            time_base=source.time_base,
            rate=source.average_rate,
            pixel_aspect=source.pixel_aspect,
            audio=source.audio,
            origin=source.origin,
            force=force,
        )

    @property
    def sound_copied(self) -> bool:
        """Whether there is sound and it is copied as it is, not encoded anew."""
        return self._sound is not None and self._sound.copied

    @property
    def sound_lost(self) -> int:
        """How many pieces of sound couldn't be read or written."""
        return 0 if self._sound is None else self._sound.lost

    def write(self, image: Pixels, pts: int) -> None:
        """Add `image`, `(h, w, 3) uint8, RGB`, at `pts`, which must grow; ValueError if one doesn't fit."""
        self._check_incomplete()
        check_image(image)
        if image.shape[:2] != self._size:
            raise ValueError(f"the video's pictures are {self._size} (height, width), not {image.shape[:2]}")
        if self._last is not None and pts <= self._last:
            raise ValueError(f"time stamps must grow, and {pts} follows {self._last}")
        with self._writing():
            while self._shown is not None and self._last is not None and pts - self._last > self._longest:
                self._put(self._shown, self._last + self._longest)
            self._shown = self._colours.convert(image)
            self._put(self._shown, pts)

    def write_sound(self, packets: Sound) -> None:
        """Add the source's sound packets, in order; they can't be used again. Without sound, do nothing."""
        self._check_incomplete()
        if self._sound is not None:
            with self._writing():
                self._sound.write(packets)

    def complete(self) -> None:
        """Write what is missing, after which only `finish` is left; FailedOnTheWay as there. Once is enough."""
        self._check_open()
        if self._complete:
            return
        if self._last is None:
            self.close()
            raise FailedOnTheWay(f"{self._target}: not one picture was written, so there is no video")
        with self._writing():
            self._mux(None)
            if self._sound is not None:
                self._sound.finish()
            self._container.close()
        self._complete = True

    def finish(self) -> None:
        """Complete the file and give it its name; FailedOnTheWay if that fails or no picture was written."""
        self.complete()
        self._closed = True
        self._file.commit()

    def close(self) -> None:
        """Give the file up unless it is finished; does nothing the second time."""
        if self._closed:
            return
        self._closed = True
        # With its name gone, libav can't spend time on making the file fit to stream.
        with contextlib.suppress(OSError):
            self._file.path.unlink()
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()
        self._file.discard()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"{self._target} is closed")

    def _check_incomplete(self) -> None:
        self._check_open()
        if self._complete:
            raise RuntimeError(f"{self._target} is complete")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            self.close()
            raise write_failure(self._target, error) from None

    def _put(self, frame: av.VideoFrame, pts: int) -> None:
        self._last = pts
        tick = round((pts - self._origin) * self._time_base / self._clock)
        if self._last_tick is not None:  # two that a finer clock tells apart may lie in one tick of this one
            tick = max(tick, self._last_tick + 1)
        self._last_tick = frame.pts = tick
        frame.time_base = self._clock
        self._mux(frame)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            # MP4 takes each frame's length from the next one's start; only the last needs this.
            packet.duration = self._step
            self._container.mux(packet)
