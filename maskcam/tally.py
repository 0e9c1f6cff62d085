"""What a whole video showed: how many people, how many without a mask, and for how long."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from maskcam.frames import Event, EventKind, Result, Verdict


@dataclass(frozen=True, slots=True)
class Summary:
    """The sum of many results.

    `people` counts distinct people, `people_without` those of whom `no_mask` was ever said. Faces of single
    pictures have no ids and count one each. `longest_without` is the longest time in seconds that one person
    was said to wear no mask without a break, from the first such frame to the last one in which the face was
    detected, or to the frame that said otherwise; `longest_without_track` is whose, None if nobody's.
    `frames_with_faces` counts the frames in which a face was detected. `duration` is in seconds from the
    first frame to the last; a step back in time adds nothing.
    """

    people: int = 0
    people_without: int = 0
    longest_without: float = 0.0
    longest_without_track: int | None = None
    frames: int = 0
    frames_with_faces: int = 0
    duration: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.people_without <= self.people:
            raise ValueError(f"{self.people_without} of {self.people} people cannot be without a mask")
        if not 0 <= self.frames_with_faces <= self.frames:
            raise ValueError(f"{self.frames_with_faces} of {self.frames} frames cannot have faces")
        if not (0 <= self.longest_without < math.inf and 0 <= self.duration < math.inf):
            raise ValueError("times are finite and not negative")


class Tally:
    """Counts up results, in the order of their frames."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._without: set[int] = set()
        self._single = self._single_without = 0
        self._since: dict[int, float] = {}
        self._longest = 0.0
        self._longest_track: int | None = None
        self._frames = self._with_faces = 0
        self._duration = 0.0
        self._time: float | None = None

    def add(self, result: Result) -> None:
        """Count one frame."""
        self._frames += 1
        self._with_faces += bool(result.detected.any())
        if self._time is not None:
            self._duration += max(result.time - self._time, 0.0)
        self._time = result.time
        self._close(result.events)
        for track, detected, verdict in zip(
            result.track_ids.tolist(), result.detected.tolist(), result.verdicts, strict=True
        ):
            bare = verdict is Verdict.NO_MASK
            if track < 0:
                self._single += 1
                self._single_without += bare
                continue
            self._seen.add(track)
            if bare:
                self._without.add(track)
                self._since.setdefault(track, result.time)
            # An undetected person's verdict is only repeated, so that time counts once they are seen again.
            if detected:
                self._extend(track, result.time)
            if not bare:
                self._since.pop(track, None)

    def finish(self, events: Iterable[Event]) -> None:
        """Take the events that came after the last frame."""
        self._close(events)

    def summary(self) -> Summary:
        """The sum so far."""
        return Summary(
            len(self._seen) + self._single,
            len(self._without) + self._single_without,
            self._longest,
            self._longest_track,
            self._frames,
            self._with_faces,
            self._duration,
        )

    def _extend(self, track: int, time: float) -> None:
        since = self._since.get(track)
        if since is not None and (time - since > self._longest or self._longest_track is None):
            self._longest, self._longest_track = max(time - since, 0.0), track

    def _close(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.kind is EventKind.LEFT:
                self._since.pop(event.track, None)
