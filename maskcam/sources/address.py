"""Opens what is at a network address, tells films from what is live, and says why there is nothing."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import av
import av.container
from av.error import (
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPServerError,
    HTTPTooManyRequestsError,
    HTTPUnauthorizedError,
)

from maskcam.live import Cause, SourceLost
from maskcam.sources.inputs import MAX_SIDE, shown_stream
from maskcam.sources.schemes import mask_password

MAX_PIXELS = str(MAX_SIDE * MAX_SIDE)
"""For libav's options: larger pictures are refused before they are decoded."""
_LOOK = 2.0
"""Seconds spent on finding out why a stream can't be opened."""
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_OPTIONS = {
    # Over UDP a lost packet tears the picture.
    "rtsp_transport": "tcp",
    # What a play list names is fetched from the network at most, never read from this machine.
    "protocol_whitelist": "http,https,tcp,udp,tls,rtp,rtsp,rtsps,srtp,httpproxy,crypto",
    "max_pixels": MAX_PIXELS,
    # A file whose connection is cut goes on where it was, on servers that give parts of files; servers cut those that
    # are read as slowly as they are played.
    "reconnect": "1",
}
_PLAY_LISTS = {"hls", "dash"}
_NEVER_FILMS = {"mpjpeg", "image2", "sdp"}
"""Cameras, which may make up a length; single pictures; what only tells where a stream is."""
_LONGEST = 2**40
"""Bytes from which on a length is made up, too."""
_MADE_UP = (2**31 - 1, 2**31, 2**32 - 1, 2**32)
"""Lengths in bytes that devices give for what has no end; others give a power of ten, or nines."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What an address gives; `name` shows no password.

    `film` says whether it has a beginning and an end, `in_pieces` whether it comes in pieces of some seconds (HLS,
    DASH), each before it is due. `length` is a file's in bytes, None where it isn't known. `patience` is how many
    seconds of silence count as its loss.
    """

    name: str
    container: av.container.InputContainer
    video: av.VideoStream
    patience: float
    film: bool
    in_pieces: bool
    length: int | None

    def unreadable(self) -> SourceLost:
        """The loss of what sends no picture that can be decoded."""
        return _unreadable(self.name)


def open_address(url: str, open_timeout: float, read_timeout: float) -> Opened:
    """Open it; the timeouts are in seconds. SourceLost says why it can't be opened."""
    try:
        container = av.open(url, options=_OPTIONS, timeout=(open_timeout, read_timeout), metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise why_no_stream(url, error) from None
    video = shown_stream(container)
    if video is None or video.codec_context is None:
        container.close()
        raise _unreadable(mask_password(url))
    kinds = set(container.format.name.split(","))
    in_pieces = bool(kinds & _PLAY_LISTS)
    length = None if in_pieces else _length(container)
    film = urlsplit(url).scheme.lower() in ("http", "https") and _is_film(container, kinds, video, length)
    return Opened(mask_password(url), container, video, read_timeout, film, in_pieces, length)


def why_no_stream(url: str, error: Exception, patience: float = _LOOK) -> SourceLost:
    """Say why there is no stream at `url`, and what to do, from the error that opening it gave and one more look."""
    shown = mask_password(url)
    if (refused := _refused(url, error)) is not None:
        return refused
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
    return _unreadable(shown)


def _refused(url: str, error: Exception) -> SourceLost | None:
    """Say what a server's answer means; None where `error` is none."""
    shown = mask_password(url)
    if isinstance(error, HTTPUnauthorizedError | HTTPForbiddenError):
        scheme = url.partition("://")[0].lower()
        line = f"{shown} asks for a password, or for another one; write it as {scheme}://name:password@address"
        return SourceLost(line, Cause.DENIED)
    if isinstance(error, HTTPNotFoundError):
        line = f"{shown}: the camera answers, but has nothing under this path; check the address"
        return SourceLost(line, Cause.UNREACHABLE)
    if isinstance(error, HTTPServerError | HTTPTooManyRequestsError):  # of cameras that have all their viewers
        line = f"{shown} answers that it can't send now; end other viewers of it, or restart the camera"
        return SourceLost(line, Cause.BUSY)
    return None


def _is_film(
    container: av.container.InputContainer, kinds: set[str], video: av.VideoStream, length: int | None
) -> bool:
    """Whether what comes over HTTP is a file of a known end; when in doubt it is taken for live, and watched."""
    if kinds & _NEVER_FILMS or any(kind.endswith("_pipe") for kind in kinds):
        return False
    timed = (container.duration or 0) > 0
    if "mov" in kinds and not video.frames:
        # Of one in fragments the duration is that of the first, also where they never end.
        timed = False
    return timed or length is not None


def _length(container: av.container.InputContainer) -> int | None:
    size = container.size
    made_up = size in _MADE_UP or str(size).rstrip("0") == "1" or set(str(size)) == {"9"}
    return size if 0 < size < _LONGEST and not made_up else None


def _unreadable(shown: str) -> SourceLost:
    line = f"{shown} answers, but sends no video that can be read; check the path and the login"
    return SourceLost(line, Cause.UNREADABLE)
