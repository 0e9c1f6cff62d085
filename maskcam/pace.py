"""Gives pictures that come before their time when they are due."""

from __future__ import annotations

import math
import threading
import time

_JUMP = 5.0
"""Seconds between two pictures from which on a stream's clock was set anew."""
_LATE = 1.0
"""Seconds of lateness after which what follows isn't hurried any more."""


class Pace:
    """Holds pictures back until they are due; the first is due at once."""

    def __init__(self) -> None:
        self.last = -math.inf
        self._anchor = 0.0
        self._cancelled = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait until the picture at `seconds` of the stream's own clock is due, or `cancel` is called."""
        now = time.monotonic()
        late = now - self._anchor - seconds
        if not 0 <= seconds - self.last <= _JUMP or late > _LATE:
            self._anchor, late = now - seconds, 0.0
        self.last = seconds
        if late < 0:
            self._cancelled.wait(-late)

    def cancel(self) -> None:
        """Hold nothing back any more."""
        self._cancelled.set()
