"""Counts the pieces of a video that could not be read as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av

_RESTART = Fraction(1, 5)
"""Seconds by which a counter has to fall back to be a new recording's."""
_SOON = 3
"""Packets of pictures that a demuxer may still hold when it notices a break."""


class Losses:
    """How many pieces were lost, in `count`."""

    def __init__(self) -> None:
        self.count = 0
        self._last: Fraction | None = None
        self._doubtful = 0

    def add(self) -> None:
        """Count a piece that can't be read at all."""
        self.count += 1

    def judge(self, packet: av.Packet[Any] | None, pictures: Sequence[av.VideoFrame] | None) -> None:
        """Count `packet` if it is marked incomplete, its pictures are mended, or they are None as decoding failed."""
        bad = pictures is None or any(one.is_corrupt for one in pictures)
        marked = packet is not None and packet.is_corrupt
        if packet is not None and packet.dts is not None and packet.time_base is not None:
            time = packet.dts * packet.time_base
            # Where whole recordings were joined the packets' numbers break off too, yet nothing is lost.
            if self._doubtful and self._last is not None and self._last - time > _RESTART:
                self.count -= 1
                self._doubtful = 0
            self._last = time
        self.count += bad or marked
        self._doubtful = _SOON if marked and not bad else max(0, self._doubtful - 1)
