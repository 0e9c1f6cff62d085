"""Keeps a video's time stamps strictly increasing without touching those that are right."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av


class Clock:
    """Gives every frame its time stamp, in ticks of `time_base` (seconds).

    Stamps that increase pass as they are. A missing one continues at the frame rate. One that falls back a
    little becomes the tick after the last. One that falls back by more than a second is a restarted counter:
    from there on all stamps are shifted to go on where the last left off.
    """

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self._time_base = time_base
        self._step = max(1, round(1 / ((rate or Fraction(25)) * time_base)))
        self._last: int | None = None
        self._shift = 0
        self.first = 0

    def tick(self, pts: int | None, dts: int | None) -> int:
        """Return the next frame's time stamp, from what its container said."""
        stamp = dts if pts is None else pts
        if self._last is None:
            self.first = self._last = 0 if stamp is None else stamp
            return self._last
        if stamp is None:
            stamp = self._last + self._step - self._shift
        stamp += self._shift
        if (self._last - stamp) * self._time_base > 1:
            self._shift += self._last + self._step - stamp
            stamp = self._last + self._step
        self._last = max(stamp, self._last + 1)
        return self._last

    def mend_sound(self, packet: av.Packet[Any]) -> None:
        """Shift a sound packet as the pictures around it are shifted."""
        if not self._shift or packet.time_base is None:
            return
        shift = round(self._shift * self._time_base / packet.time_base)
        if packet.pts is not None:
            packet.pts += shift
        if packet.dts is not None:
            packet.dts += shift
