"""Gives pictures that come before their time when they are due."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

GIVE_UP = 1.0
"""Seconds of lateness after which a film is played slower: network or machine can't keep up with it."""
_AHEAD = 1.2
"""Seconds that something live is waited for at most; whoever watches it calls it silent after little more."""
_STEP_BACK = 1.0
"""Seconds that pictures in a wrong order go back by at most."""
_STALL = 0.5
"""Seconds that the next picture has to be waited for before that counts as a stall."""
_SOON = 15.0
_OFTEN = 3
"""So many stalls, each within so many seconds of the one before, show that it doesn't come any sooner."""
_MOST = 4.0
"""Seconds by which something live is delayed so that it doesn't stall again and again."""


class _Pace:
    """Holds pictures back until they are due, by a clock of which `_anchor` is the beginning.

    `clock` gives the seconds of a steady clock, and `hold` waits for so many of them; without it `cancel` is heeded.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, hold: Callable[[float], object] | None = None
    ) -> None:
        self._anchor = math.inf
        self._cancelled = threading.Event()
        self._now, self._wait = clock, hold or self._cancelled.wait

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Hold nothing back any more."""
        self._cancelled.set()

    def _hold(self, seconds: float) -> None:
        if seconds > 0:
            self._wait(min(seconds, threading.TIMEOUT_MAX))


class FilmPace(_Pace):
    """For a film: every picture is due as long after the first as it says, however long that is."""

    def wait(self, seconds: float) -> None:
        """Wait until the picture at `seconds` of the film is due, or `cancel` is called; the first is due at once."""
        now = self._now()
        if not -math.inf < now - self._anchor - seconds <= GIVE_UP:
            self._anchor = now - seconds
        self._hold(self._anchor + seconds - now)


class LivePace(_Pace):
    """For what is live and comes in pieces: never long silent, and not later and later.

    What is late is shown at once, until that is made good. What would come much too early is shown at once too: pieces
    are missing, or the stream's clock was set anew.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, hold: Callable[[float], object] | None = None
    ) -> None:
        super().__init__(clock, hold)
        self._last = self._left = self._stalled = -math.inf
        self._stalls = 0
        self._given = 0.0

    def wait(self, seconds: float) -> None:
        """Wait until the picture at `seconds` of the stream's own clock is due, or `cancel` is called."""
        now = self._now()
        ahead = self._anchor + seconds - now
        if ahead > _AHEAD or self._last - seconds > _STEP_BACK:
            self._anchor, self._last, self._given = now - seconds, seconds, 0.0
        else:
            self._last = max(self._last, seconds)
            if ahead < 0 and now - self._left > _STALL:
                self._stall(now, -ahead)
        self._hold(self._anchor + seconds - now)
        self._left = self._now()

    def _stall(self, now: float, late: float) -> None:
        """Give in to a source that stalls with every piece, as far as that may go."""
        self._stalls = self._stalls + 1 if now - self._stalled < _SOON else 1
        self._stalled = now
        if self._stalls >= _OFTEN and self._given + late <= _MOST:
            self._anchor += late
            self._given += late
            self._stalls = 0
