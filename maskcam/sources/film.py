"""A film on a server: played at its own speed, once, to its last picture."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Generator, Iterator
from fractions import Fraction
from typing import Any

import av

from maskcam.colour import FromYuv
from maskcam.frames import Pixels
from maskcam.live import Cause, Pictures, SourceEnded, SourceLost
from maskcam.sources.address import MAX_PIXELS, Opened
from maskcam.sources.damage import ends_early
from maskcam.sources.pace import FilmPace
from maskcam.sources.timing import Clock
from maskcam.sources.upright import Upright
from maskcam.words import clock

_READ_ATTEMPTS = 100
"""A damaged place may be passed by reading on, but not for ever."""
_DECODING = 2
"""So many times the patience with silence may pass before there is a picture: some need a second's packets."""
_STEP = 0.04
"""Seconds that a picture stands where neither it nor its file says so."""
_NO_GAP = 10.0
"""Seconds between two pictures of what may be joined of several films from which on the next film has begun."""


class Film:
    """Reads what `opened` gives, picture by picture."""

    pictures = Pictures.FILMED

    def __init__(self, opened: Opened) -> None:
        self._opened, video = opened, opened.video
        # Not low_delay, which gives pictures in the order in which they come, not in which they are shown.
        video.codec_context.thread_type = "SLICE"
        video.codec_context.options = {"max_pixels": MAX_PIXELS}
        rate: Fraction | None = video.average_rate or video.guessed_rate or None
        self._base: Fraction = video.time_base or Fraction(1, 90000)
        self._clock = Clock(self._base, rate)
        self._step = float(1 / rate) if rate else _STEP
        self._colours, self._upright = FromYuv(), Upright()
        self._pace = FilmPace()
        self._place: float | None = None
        self._until = self._reach = 0.0
        self._joined = opened.in_pieces or "mpegts" in opened.container.format.name
        self._skipped = 0.0
        self._failed = False
        self._decoded = self._decode()

    def read(self) -> Pixels:
        """Wait for the next picture, upright; SourceEnded after the last one, also where the film breaks off."""
        picture = next(self._decoded, None)
        if picture is None:
            # The last picture stands as long as any other.
            self._pace.wait(self._until)
            raise self._end()
        tick = self._clock.tick(picture.pts, picture.dts)
        place = float((tick - self._clock.first) * self._base) - self._skipped
        if self._joined and self._place is not None and place - self._until > _NO_GAP:
            self._skipped += place - self._until
            place = self._until
        self._place = place
        self._until = self._place + (float((getattr(picture, "duration", 0) or 0) * self._base) or self._step)
        image = self._upright.turn(picture, self._colours.convert(picture, picture.width, picture.height))
        self._pace.wait(self._place)
        return image

    def cancel(self) -> None:
        """Hold nothing back any more, from whichever thread."""
        self._pace.cancel()

    def close(self) -> None:
        """Let the file go; not while somebody reads."""
        # The pictures to come hold the film, and it holds them.
        self._decoded.close()
        self._opened.container.close()

    def _end(self) -> SourceLost:
        name = self._opened.name
        if self._pace.cancelled:
            return SourceLost(f"{name} was closed")
        if self._place is None:
            return self._opened.unreadable()
        if self._broke_off():
            line = f"{name} broke off at {clock(self._place)}; check the network, then open it again"
            return SourceEnded(line, Cause.SILENT)
        return SourceEnded(f"{name} has ended")

    def _broke_off(self) -> bool:
        if self._opened.length is not None:
            return self._failed
        # libav takes the end of what has no known length for a failure, and leaves out pieces that can't be had.
        whole = (self._opened.container.duration or 0) / av.time_base
        reach = self._until if self._skipped else max(self._reach, self._until)
        return ends_early(reach, whole)

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        """Yield all pictures, in the order in which they are shown."""
        # The network's timeout counts silence only, not rubbish.
        deadline = time.monotonic() + _DECODING * self._opened.patience
        for packet in self._packets():
            found: list[av.VideoFrame] = []
            with contextlib.suppress(av.FFmpegError):  # one torn packet is no reason to end the film
                found = self._opened.video.codec_context.decode(packet)
            if found:
                deadline = math.inf
            if time.monotonic() > deadline:
                return
            yield from found

    def _packets(self) -> Iterator[av.Packet[Any] | None]:
        """Yield the film's packets, then None once to empty the decoder."""
        container = self._opened.container
        start = (container.start_time or 0) / av.time_base
        attempts = 0
        while attempts < _READ_ATTEMPTS:
            try:
                # The sound as well: it tells how far the film goes.
                for packet in container.demux():
                    if self._pace.cancelled:
                        return
                    stamp = packet.dts if packet.pts is None else packet.pts
                    if stamp is not None:
                        stop = float((stamp + (packet.duration or 0)) * packet.time_base)
                        self._reach = max(self._reach, stop - start)
                    # An empty packet would end the decoding for good.
                    if packet.size and packet.stream.index == self._opened.video.index:
                        attempts = 0
                        yield packet
                break
            except av.error.InvalidDataError:
                attempts += 1
            except (av.FFmpegError, OSError, ValueError):
                self._failed = True
                break
        else:
            self._failed = True
        yield None
