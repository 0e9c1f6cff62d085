"""What is known of the source that is watched: its newest picture, who is in it, and how many there were."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from maskcam.frames import Floats, Result
from maskcam.glide import glide
from maskcam.live import Analysed, Captured
from maskcam.privacy import pixelate
from maskcam.viewer.shown import Counts, Picture
from maskcam.viewer.totals import Totals

FRESH_SECONDS = 1.0
"""A verdict older than this, against its picture, is no longer shown: nobody knows whether it still holds."""

_FLICKER_SECONDS = 0.5
"""What was found so long ago is still pixelated: weak boxes come and go from frame to frame, faces don't."""

_NEXT_SECONDS = 0.05
"""A camera that is well gives the next picture within this time."""


class Sight:
    """Takes pictures and results as they come, and gives what of them may be shown."""

    def __init__(self) -> None:
        self.newest: Captured | None = None
        self.totals = Totals()
        self._before: Result | None = None
        self._latest: Analysed | None = None
        self._made: tuple[tuple[Captured, Analysed | None], Picture] | None = None
        self._pixelated: tuple[Analysed, Picture] | None = None
        self._found: deque[Result] = deque()

    @property
    def judged(self) -> bool:
        """Whether anything was analysed yet."""
        return self._latest is not None

    def take(self, one: Analysed) -> bool:
        """Take the next result; True after a jump in the source, when everybody in it is new."""
        jumped = self._latest is not None and self._latest.captured.part != one.captured.part
        if jumped:
            self._latest = None
            self._found.clear()
        self._before = None if self._latest is None else self._latest.result
        self._latest = one
        self.totals.add(one.result)
        self._found.append(one.result)
        # The one before stays, however long an analysis takes.
        while len(self._found) > 2 and one.result.time - self._found[0].time > _FLICKER_SECONDS:
            self._found.popleft()
        return jumped

    def picture(self, now: float) -> Picture | None:
        """The newest picture, its people moved on to its moment."""
        newest = self.newest
        if newest is None:
            return None
        made_of = (newest, self._latest)
        # The same parts give the same picture, by which the canvas knows that it has nothing to prepare. A picture
        # that has just been painted isn't painted again for a new result: the next picture will show it.
        same = self._made is not None and self._made[0][0] is newest and now - newest.at < _NEXT_SECONDS
        if self._made is None or (self._made[0] != made_of and not same):
            frame = newest.frame
            self._made = made_of, Picture(frame.image, self._result_for(newest), frame.index, newest.at)
        return self._made[1]

    def private_picture(self, since: float = -math.inf) -> Picture | None:
        """The newest picture that was analysed, everybody in it and whatever might be a face pixelated.

        None if it was read before `since`.
        """
        if self._latest is None or self._latest.captured.at < since:
            return None
        if self._pixelated is None or self._pixelated[0] is not self._latest:
            captured, result = self._latest.captured, self._latest.result
            image = pixelate(captured.frame.image, np.concatenate([self._suspected(result), result.boxes]))
            made = Picture(image, result, captured.frame.index, captured.at, pixelated=True)
            self._pixelated = self._latest, made
        return self._pixelated[1]

    def silence(self) -> float:
        """Seconds for which pictures came since the last result did."""
        return 0.0 if self._latest is None or self.newest is None else self.newest.at - self._latest.at

    def counts(self) -> Counts | None:
        """Who is in view, None while that isn't known."""
        result = self._fresh(self.newest)
        return None if result is None else Counts.of(result)

    def _suspected(self, result: Result) -> Floats:
        """What was found now, and lately where nobody was followed: what is too weak for that may be a face."""
        size = (result.width, result.height)
        before = [_unfollowed(one) for one in self._found if one is not result and (one.width, one.height) == size]
        return np.concatenate([*before, result.found])

    def _fresh(self, newest: Captured | None) -> Result | None:
        """The newest result, unless it is too old for the picture, or of before a jump."""
        if newest is None or self._latest is None or self._latest.captured.part != newest.part:
            return None
        result = self._latest.result
        return result if newest.frame.time - result.time <= FRESH_SECONDS else None

    def _result_for(self, newest: Captured) -> Result | None:
        result, frame = self._fresh(newest), newest.frame
        if result is None or (result.width, result.height) != (frame.width, frame.height):
            return None
        return glide(self._before, result, frame.time)


def _unfollowed(result: Result) -> Floats:
    """The boxes that were found and whose middle lies in nobody's box."""
    x, y = ((result.found[:, :2] + result.found[:, 2:]) / 2).T[..., None]
    x0, y0, x1, y1 = result.boxes.T
    followed = ((x0 < x) & (x < x1) & (y0 < y) & (y < y1)).any(axis=1)
    return np.asarray(result.found[~followed], np.float32)
