"""Records a live picture so that what was recorded survives whatever ends the program."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container

from maskcam.closing import Closing
from maskcam.colour import ToYuv
from maskcam.errors import FailedOnTheWay
from maskcam.frames import Pixels, check_image
from maskcam.letterbox import letterboxed
from maskcam.pending import reason
from maskcam.sinks.encoder import set_up, working_encoder
from maskcam.sinks.keeping import create_beside, rename_new
from maskcam.sources.damage import is_cut

_CLOCK = 90_000
"""Ticks a second."""
_FRAGMENT = 0.5
"""Seconds of video that are written at once, hence the most that a killed program loses, and a frame."""
_LONGEST = 2_000_000_000
"""Ticks, six hours. MP4 counts a frame's length in 31 bits; whoever leaves a recording on overnight needs more."""
_RATE = Fraction(30)
"""Frames a second as the encoder plans them; the real times are each frame's own."""


class LiveRecorder(Closing):
    """An H.264 MP4 in the making at `NAME.part.mp4`, playable at any moment up to half a second ago.

    `target` is `NAME.mp4`. Where one of the two names is taken, `-2` and so on is put behind; `part` is the path in
    use. The first picture's size is the video's; later ones of another size are scaled into it, with black beside.
    All calls come from one thread.

    UnusableInput if the folder can't be written to; `write` and `finish` raise FailedOnTheWay when writing stops,
    and the part stays, if it holds a picture.
    """

    def __init__(self, target: Path) -> None:
        if target.suffix != ".mp4":
            raise ValueError(f"a recording's name ends in .mp4, unlike {target.name}")
        self._target = target
        self.part, file = create_beside(target.with_name(f"{target.stem}.part.mp4"))
        file.close()
        self._colours = ToYuv()
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._size = (0, 0)
        self._first = 0.0
        self._last = -1
        self._shown: av.VideoFrame | None = None
        self._closed = False

    @property
    def seconds(self) -> float:
        """From the first picture to the last."""
        return max(self._last, 0) / _CLOCK

    def write(self, image: Pixels, at: float) -> None:
        """Add `image`, `(h, w, 3) uint8 RGB`, seen at `at` seconds of any steady clock.

        A picture that isn't later than the one before is passed over. RuntimeError after the end.
        """
        if self._closed:
            raise RuntimeError(f"{self.part} is closed")
        check_image(image)
        with self._writing():
            if self._container is None:
                self._first = at
                self._begin(image.shape[1], image.shape[0])
            ticks = round((at - self._first) * _CLOCK)
            if ticks <= self._last:
                return
            while self._shown is not None and ticks - self._last > _LONGEST:
                self._put(self._shown, self._last + _LONGEST)
            self._shown = self._colours.convert(letterboxed(image, *self._size))
            self._put(self._shown, ticks)

    def finish(self) -> Path | None:
        """Complete the file, give it its name and return that; None if there was no picture, and then no file."""
        if self._closed:
            raise RuntimeError(f"{self.part} is closed")
        with self._writing():
            self._end()
            # What fails while libav closes the file it doesn't tell.
            if self._last >= 0 and is_cut(self.part):
                raise OSError("its end could not be written")
        if self._last < 0:
            self.part.unlink(missing_ok=True)
            return None
        return rename_new(self.part, self._target)

    def close(self) -> None:
        """Let go without renaming, unless finished: what was recorded stays under `part`. Does nothing after that."""
        if not self._closed:
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                self._end()
            if self._last < 0:
                with contextlib.suppress(OSError):
                    self.part.unlink()

    def _begin(self, width: int, height: int) -> None:
        self._size = (width, height)
        even = (width + width % 2, height + height % 2)
        encoder = working_encoder(*even)
        options = {
            # Without a key frame at each fragment's start it can still be played from the file's start.
            "movflags": "empty_moov+default_base_moof+frag_keyframe",
            "frag_duration": str(round(_FRAGMENT * 1_000_000)),
            "video_track_timescale": str(_CLOCK),
            "flush_packets": "1",
        }
        self._container = av.open(f"file:{self.part}", "w", format="mp4", options=options)
        self._stream = cast(av.VideoStream, self._container.add_stream(encoder, rate=_RATE))
        context = self._stream.codec_context
        set_up(context, encoder, even, Fraction(1, _CLOCK), _RATE)
        context.gop_size = 60
        if encoder == "libx264":
            # Looking ahead would keep half a second of frames in memory, where a kill loses them.
            context.options = {"crf": "21", "preset": "superfast", "tune": "zerolatency"}

    def _put(self, frame: av.VideoFrame, ticks: int) -> None:
        frame.pts, frame.time_base = ticks, Fraction(1, _CLOCK)
        self._mux(frame)
        self._last = ticks

    def _mux(self, frame: av.VideoFrame | None) -> None:
        if self._stream is None or self._container is None:
            return
        for packet in self._stream.encode(frame):
            packet.duration = round(_CLOCK / _RATE)
            self._container.mux(packet)

    def _end(self) -> None:
        self._closed = True
        try:
            self._mux(None)
        finally:
            if self._container is not None:
                self._container.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            self.close()
            kept = "what was recorded until then is there" if self._last >= 0 else "nothing was recorded"
            line = f"{self.part}: recording stopped ({reason(error)}); {kept}"
            raise FailedOnTheWay(line) from None
