"""What is at a network address, as a live source: a camera, or a film on a server."""

from __future__ import annotations

from maskcam.frames import Pixels
from maskcam.live import LiveSource
from maskcam.sources.address import open_address
from maskcam.sources.feed import Feed
from maskcam.sources.film import Film
from maskcam.sources.handle import Handle

OPEN_TIMEOUT = 5.0
"""Seconds that a stream has to send its first pictures."""
READ_TIMEOUT = 4.0
"""Seconds of silence after which a stream counts as lost."""


class StreamSource(LiveSource):
    """A network camera or a film at an RTSP or HTTP(S) address. Pictures keep the size they have, also when it changes.

    A film comes at its own speed, and ends with SourceEnded; what is live never ends, but may be lost. The timeouts
    are in seconds. SourceLost says why it can't be opened. Nothing shows the address's password.
    """

    # Not OpenCV's VideoCapture: that scales every picture to the size of the first.

    def __init__(self, url: str, open_timeout: float = OPEN_TIMEOUT, read_timeout: float = READ_TIMEOUT) -> None:
        opened = open_address(url, open_timeout, read_timeout)
        self.name = opened.name
        self._flow: Film | Feed = Film(opened) if opened.film else Feed(opened)
        self._handle = Handle(self.name, self._flow.close)
        self.pictures = self._flow.pictures

    def read(self) -> Pixels:
        """Wait for the next picture, `(h, w, 3) uint8 RGB`, upright; SourceLost when there will be none."""
        with self._handle.using():
            return self._flow.read()

    def close(self) -> None:
        """Let it go, at the latest when a read that is under way returns."""
        self._flow.cancel()
        self._handle.close()
