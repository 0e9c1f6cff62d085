"""Keeps a video's time stamps strictly increasing without touching those that are right."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

_FEW_FRAMES = 5
"""What a reordering gone wrong may set stamps back by."""
_LEAST_RESTART = Fraction(1, 5)
_SURE_RESTART = Fraction(1)
"""Seconds: a smaller fall-back is never taken for a restart, a larger one always."""
APART = Fraction(366 * 24 * 60 * 60)
"""Seconds: stamps further apart are damaged. Written as they are, such a gap would be filled without end."""
_MOST_WAITING = 200
"""Packets of sound, some four seconds. Later than that, no picture will say when they sound."""


class Clock:
    """Gives every frame its time stamp, in ticks of `time_base` (seconds).

    Stamps that increase pass as they are. A missing one continues at the frame rate. One that falls back by a
    few frames becomes the tick after the last. One that falls back further is a restarted counter, one that jumps more
    than a year ahead a damaged one, which `jumps` counts: from there on all stamps are shifted, by `shift` ticks, to go
    on where the last left off.
    """

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self.time_base = time_base
        self._step = max(1, round(1 / ((rate or Fraction(25)) * time_base)))
        slack = max(_FEW_FRAMES * self._step * time_base, _LEAST_RESTART)
        self._slack = min(slack, _SURE_RESTART) / time_base
        self._last: int | None = None
        self.shift = self.jumps = 0
        self.first = 0

    def tick(self, pts: int | None, dts: int | None) -> int:
        """Return the next frame's time stamp, from what its container said."""
        stamp = dts if pts is None else pts
        if self._last is None:
            self.first = self._last = 0 if stamp is None else stamp
            return self._last
        if stamp is None:
            stamp = self._last + self._step - self.shift
        stamp += self.shift
        ahead = (stamp - self._last) * self.time_base > APART
        self.jumps += ahead
        if ahead or self._last - stamp > self._slack:
            self.shift += self._last + self._step - stamp
            stamp = self._last + self._step
        self._last = max(stamp, self._last + 1)
        return self._last

    def mend_sound(self, packet: av.Packet[Any]) -> None:
        """Shift a sound packet as the pictures around it are shifted."""
        if not self.shift or packet.time_base is None:
            return
        shift = round(self.shift * self.time_base / packet.time_base)
        if packet.pts is not None:
            packet.pts += shift
        if packet.dts is not None:
            packet.dts += shift


class SoundClock:
    """Keeps sound packets in step with the pictures of `clock`.

    Decoders hold pictures back, so where a counter restarts the sound does first: it waits for the pictures, by
    which alone it can be told how far to shift it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: list[av.Packet[Any]] = []
        self._waiting: list[av.Packet[Any]] = []
        self._shift = 0
        self._last: Fraction | None = None

    def add(self, packet: av.Packet[Any]) -> None:
        """Take the next packet of the file."""
        stamp = packet.pts if packet.dts is None else packet.dts
        if not self._waiting and stamp is not None and self._last is not None and packet.time_base is not None:
            time = stamp * packet.time_base + self._clock.shift * self._clock.time_base
            if self._last - time > _LEAST_RESTART or time - self._last > APART:
                self._shift = self._clock.shift
                self._waiting.append(packet)
                return
        if self._waiting:
            self._waiting.append(packet)
        else:
            self._mend(packet)
            self._ready.append(packet)

    def ready(self, end: bool = False) -> tuple[av.Packet[Any], ...]:
        """Return the packets whose time is known, and at the `end` all of them; in the file's order, each once."""
        if self._clock.shift != self._shift or end or len(self._waiting) > _MOST_WAITING:
            for packet in self._waiting:
                self._mend(packet)
            self._ready += self._waiting
            self._waiting = []
        found, self._ready = tuple(self._ready), []
        return found

    def _mend(self, packet: av.Packet[Any]) -> None:
        self._clock.mend_sound(packet)
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is not None and packet.time_base is not None:
            self._last = stamp * packet.time_base
