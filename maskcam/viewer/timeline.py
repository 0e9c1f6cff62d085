"""The last ten minutes: how many people, and how many of them without a mask, second by second."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from maskcam.frames import Result, Verdict

SECONDS = 600


@dataclass(frozen=True, slots=True)
class Moment:
    """The most people that were in view at once within one second, and the most of them without a mask."""

    second: int
    people: int
    bare: int

    def __post_init__(self) -> None:
        if not 0 <= self.bare <= self.people:
            raise ValueError(f"{self.bare} of {self.people} people cannot be without a mask")


class Timeline:
    """Sums results up to seconds and forgets what is older than ten minutes.

    A second without any result has no moment: that nobody looked is not that nobody was there.
    """

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque(maxlen=SECONDS)

    def add(self, at: float, result: Result) -> None:
        """Take what was seen at a time; times grow."""
        second = math.floor(at)
        people, bare = len(result), result.count(Verdict.NO_MASK)
        last = self._moments[-1] if self._moments else None
        if last is not None and second <= last.second:
            self._moments[-1] = Moment(last.second, max(last.people, people), max(last.bare, bare))
        else:
            self._moments.append(Moment(second, people, bare))

    def moments(self, now: float) -> tuple[Moment, ...]:
        """The moments of the last ten minutes, oldest first."""
        oldest = math.floor(now) - SECONDS
        return tuple(one for one in self._moments if one.second > oldest)
