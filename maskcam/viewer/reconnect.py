"""When to try a lost source again: at once, then with growing pauses, for as long as it takes."""

from __future__ import annotations

import math

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each try; the last one counts for all that follow."""

OPENING_SECONDS = 12.0
"""An opening that has come to nothing after this time is given up and counts as a failed try."""

STEADY_SECONDS = 5.0
"""Only a source that has been well so long gets a first, short pause again; one that flutters doesn't."""


class Reconnect:
    """Counts the tries; time is passed in."""

    def __init__(self) -> None:
        self.tries = 0
        self._due: float | None = None
        self._well_since: float | None = None

    def lost(self, now: float) -> None:
        """The source has given up, or given nothing: plan the next try unless one is planned."""
        self._well_since = None
        if self._due is None:
            self._due = now + PAUSES[min(self.tries, len(PAUSES) - 1)]

    def well(self, now: float) -> None:
        """A good picture came."""
        self._due = None
        if self._well_since is None:
            self._well_since = now
        if now - self._well_since >= STEADY_SECONDS:
            self.tries = 0

    def cancel(self) -> None:
        """The source is being opened for another reason: no try is planned any more."""
        self._due = None

    def due(self, now: float) -> bool:
        """Whether to try now; a try that is due is thereby made."""
        if self._due is None or now < self._due:
            return False
        self._due = None
        self.tries += 1
        return True

    def next_in(self, now: float) -> float:
        """Seconds until the next planned try, infinite when none is planned."""
        return math.inf if self._due is None else max(self._due - now, 0.0)
