"""A network camera as a live source."""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections import deque
from urllib.parse import urlsplit

import av
import av.container
from av.error import HTTPForbiddenError, HTTPNotFoundError, HTTPUnauthorizedError

from maskcam.colour import FromYuv
from maskcam.frames import Pixels
from maskcam.handle import Handle
from maskcam.inputs import MAX_SIDE
from maskcam.live import Cause, Pictures, SourceEnded, SourceLost
from maskcam.pace import Pace
from maskcam.source_spec import mask_password

OPEN_TIMEOUT = 5.0
"""Seconds that a stream has to send its first pictures."""
READ_TIMEOUT = 4.0
"""Seconds of silence after which a stream counts as lost."""
_PICTURE_BY_PICTURE = ("mjpeg", "jpeg2000", "png")
"""Codecs that send each picture whole, with its sensor's noise in it. Others send what changes and take the noise
away, so that of a still scene the very same picture comes again and again."""
_LAST_SECOND = 1.0
"""Seconds before its end from which on a film that stops has ended, and isn't lost."""
_LOOK = 2.0
"""Seconds spent on finding out why a stream can't be opened."""
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_OPTIONS = {
    # Over UDP a lost packet tears the picture.
    "rtsp_transport": "tcp",
    # What a play list names is fetched from the network at most, never read from this machine.
    "protocol_whitelist": "http,https,tcp,udp,tls,rtp,rtsp,rtsps,srtp,httpproxy,crypto",
    "max_pixels": str(MAX_SIDE * MAX_SIDE),
}


class StreamSource:
    """A network camera at an RTSP or HTTP(S) address. Pictures keep the size they have, also when it changes.

    What isn't live, as a film on a server, comes at its own speed, and ends with SourceEnded. The timeouts are in
    seconds. SourceLost says why it can't be opened. Nothing shows the address's password.
    """

    # Not OpenCV's VideoCapture: that scales every picture to the size of the first.

    def __init__(self, url: str, open_timeout: float = OPEN_TIMEOUT, read_timeout: float = READ_TIMEOUT) -> None:
        self.name = mask_password(url)
        self._patience = read_timeout
        try:
            self._container = av.open(
                url, options=_OPTIONS, timeout=(open_timeout, read_timeout), metadata_errors="replace"
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise why_no_stream(url, error) from None
        self._handle = Handle(self.name, self._container.close)
        if not self._container.streams.video or self._container.streams.video[0].codec_context is None:
            self.close()
            raise self._unreadable()
        self._video = self._container.streams.video[0]
        self.pictures = self._expected()
        # With threads for whole frames, each one would hold back a frame.
        self._video.codec_context.thread_type = "SLICE"
        self._video.codec_context.options = {"flags": "low_delay", "max_pixels": _OPTIONS["max_pixels"]}
        self._colours = FromYuv()
        self._packets = self._container.demux(self._video)
        self._ready: deque[av.VideoFrame] = deque()
        self._pace = Pace() if self._ahead_of_time() else None

    def read(self) -> Pixels:
        """Wait for the next picture, `(h, w, 3) uint8 RGB`; SourceLost when it doesn't come."""
        with self._handle.using():
            try:
                self._decode()
            except (av.FFmpegError, OSError, ValueError):
                self._ready.clear()
            if self._ready:
                picture = self._ready.popleft()
                if self._pace is not None and picture.time is not None:
                    self._pace.wait(picture.time)
                return self._colours.convert(picture, picture.width, picture.height)
        if self._pace is not None and self._pace.last >= self._end() - _LAST_SECOND:
            raise SourceEnded(f"{self.name} has ended")
        raise SourceLost(f"{self.name} sends no more pictures; check the camera's power and network", Cause.SILENT)

    def close(self) -> None:
        """Let it go, at the latest when a read that is under way returns."""
        if self._pace is not None:
            self._pace.cancel()
        self._handle.close()

    def _expected(self) -> Pictures:
        if math.isfinite(self._end()):
            return Pictures.FILMED
        return Pictures.FRESH if self._video.codec_context.name in _PICTURE_BY_PICTURE else Pictures.REPEATED

    def _ahead_of_time(self) -> bool:
        """Whether pictures may be sent before their time: of a film, or in pieces of some seconds, as HLS is."""
        return self.pictures is Pictures.FILMED or self._container.format.name == "hls"

    def _end(self) -> float:
        """When the last picture is due, in seconds of the pictures' own clock; infinite for what is live."""
        duration = self._container.duration or 0
        return ((self._container.start_time or 0) + duration) / av.time_base if duration > 0 else math.inf

    def _decode(self) -> None:
        """Read on until a picture is ready, or the stream ends."""
        deadline = time.monotonic() + self._patience
        while not self._ready:
            packet = next(self._packets, None)
            if packet is None:
                return
            with contextlib.suppress(av.FFmpegError):  # one torn packet is no reason to lose the stream
                pictures = packet.decode() if packet.size else []
                self._ready.extend(one for one in pictures if isinstance(one, av.VideoFrame))
            # The timeout below this counts silence only, not rubbish.
            if not self._ready and time.monotonic() > deadline:
                raise self._unreadable()

    def _unreadable(self) -> SourceLost:
        line = f"{self.name} answers, but sends no video that can be read; check the path and the login"
        return SourceLost(line, Cause.UNREADABLE)


def why_no_stream(url: str, error: Exception, patience: float = _LOOK) -> SourceLost:
    """Say why there is no stream at `url`, and what to do, from the error that opening it gave and one more look."""
    shown = mask_password(url)
    if isinstance(error, HTTPUnauthorizedError | HTTPForbiddenError):
        scheme = url.partition("://")[0].lower()
        line = f"{shown} asks for a password, or for another one; write it as {scheme}://name:password@address"
        return SourceLost(line, Cause.DENIED)
    if isinstance(error, HTTPNotFoundError):
        line = f"{shown}: the camera answers, but has nothing under this path; check the address"
        return SourceLost(line, Cause.UNREACHABLE)
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme.lower(), 80)
        socket.create_connection((parts.hostname or "", port), timeout=patience).close()
    except socket.gaierror:
        return SourceLost(f"{shown}: no machine of that name is known; check the address", Cause.UNREACHABLE)
    except ConnectionRefusedError:
        return SourceLost(f"{shown}: nothing answers there; is the camera on, and the port right?", Cause.UNREACHABLE)
    except (OSError, ValueError):
        line = f"{shown} can't be reached; check the network, the camera's power and the address"
        return SourceLost(line, Cause.UNREACHABLE)
    line = f"{shown} answers, but sends no video that can be read; check the path and the login"
    return SourceLost(line, Cause.UNREADABLE)
