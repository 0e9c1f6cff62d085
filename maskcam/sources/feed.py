"""What a camera sends over the network, as it comes."""

from __future__ import annotations

import contextlib
import time
from collections import deque

import av

from maskcam.colour import FromYuv
from maskcam.frames import Pixels
from maskcam.live import Cause, Pictures, SourceLost
from maskcam.sources.address import MAX_PIXELS, Opened
from maskcam.sources.pace import LivePace
from maskcam.sources.upright import Upright

_PICTURE_BY_PICTURE = ("mjpeg", "jpeg2000", "png")
"""Codecs that send each picture whole, with its sensor's noise in it. Others send what changes and take the noise
away, so that of a still scene the very same picture comes again and again."""
_OUT_OF_ORDER = ("mpeg1video", "mpeg2video", "mpeg4")
"""Codecs whose decoders, told to hurry, give pictures in the order in which they were sent, which isn't that in which
they were taken."""
UNTIL_A_KEY_FRAME = 2.5
"""How much longer the first picture may take: before a key frame a decoder gives none, and some cameras send one in
ten seconds."""


class Feed:
    """Reads what `opened` gives, which is live: its end is a loss."""

    def __init__(self, opened: Opened) -> None:
        self._opened, video = opened, opened.video
        fresh = video.codec_context.name in _PICTURE_BY_PICTURE
        self.pictures = Pictures.FRESH if fresh else Pictures.REPEATED
        self._pace = LivePace() if opened.in_pieces else None
        # With threads for whole frames, each one would hold back a frame.
        video.codec_context.thread_type = "SLICE"
        # What comes in pieces of some seconds has nothing to gain, and its pictures may have to be put in order.
        ordered = opened.in_pieces or video.codec_context.name in _OUT_OF_ORDER
        hurry = {} if ordered else {"flags": "low_delay"}
        video.codec_context.options = {"max_pixels": MAX_PIXELS, **hurry}
        self._colours, self._upright = FromYuv(), Upright()
        self._packets = opened.container.demux(video)
        self._ready: deque[av.VideoFrame] = deque()
        self._began = False

    def read(self) -> Pixels:
        """Wait for the next picture, upright; SourceLost when it doesn't come."""
        try:
            self._decode()
        except (av.FFmpegError, OSError, ValueError):
            self._ready.clear()
        if not self._ready:
            line = f"{self._opened.name} sends no more pictures; check the camera's power and network"
            raise SourceLost(line, Cause.SILENT)
        picture = self._ready.popleft()
        if self._pace is not None and picture.time is not None:
            self._pace.wait(picture.time)
        return self._upright.turn(picture, self._colours.convert(picture, picture.width, picture.height))

    def cancel(self) -> None:
        """Hold nothing back any more, from whichever thread."""
        if self._pace is not None:
            self._pace.cancel()

    def close(self) -> None:
        """Let the stream go; not while somebody reads."""
        self._opened.container.close()

    def _decode(self) -> None:
        """Read on until a picture is ready, or the stream ends."""
        patience = self._opened.patience * (1 if self._began else UNTIL_A_KEY_FRAME)
        deadline = time.monotonic() + patience
        while not self._ready:
            packet = next(self._packets, None)
            if packet is None:
                return
            with contextlib.suppress(av.FFmpegError):  # one torn packet is no reason to lose the stream
                pictures = packet.decode() if packet.size else []
                self._ready.extend(one for one in pictures if isinstance(one, av.VideoFrame))
            # The timeout below this counts silence only, not rubbish.
            self._began = self._began or bool(self._ready)
            if not self._ready and time.monotonic() > deadline:
                raise self._opened.unreadable()
