"""When things happened by the clock on the wall, from when they happened by one that never jumps. No Qt, no clocks."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_SAME_CLOCK = timedelta(seconds=1)
"""By less than this two clocks run apart; by more, the machine slept or the wall clock was set."""
_JUMPS = 100
"""So many sleeps and settings are remembered."""


class WallClock:
    """Turns seconds of an event clock, which stands still while the machine sleeps, into times of day.

    Compared with the wall clock often, it tells what happened before the machine slept from what happened after it.
    """

    def __init__(self) -> None:
        self._begun: deque[tuple[float, datetime]] = deque(maxlen=_JUMPS)

    def compare(self, seconds: float, now: datetime) -> None:
        """Take that it is `now` at `seconds` of the event clock, which grow, or begin anew with another engine."""
        begun = now - timedelta(seconds=seconds)
        if self._begun and seconds < self._begun[-1][0]:
            self._begun.clear()
        if self._begun and abs(begun - self._begun[-1][1]) < _SAME_CLOCK:
            self._begun[-1] = (self._begun[-1][0], begun)
        else:
            self._begun.append((seconds, begun))

    def at(self, seconds: float) -> datetime:
        """Return the time of day at `seconds` of the event clock; IndexError before anything was compared."""
        begun = next((begun for since, begun in reversed(self._begun) if since <= seconds), self._begun[0][1])
        return begun + timedelta(seconds=seconds)
