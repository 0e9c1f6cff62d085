"""What passes between a live source, the live runner and whoever shows the picture. No threads, no clocks.

All times named `at` are seconds of one monotonic clock, the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from maskcam.frames import Event, Frame, Pixels, Result


class Cause(StrEnum):
    """Why a source gives no pictures, for whoever has own words for it."""

    UNTOLD = "untold"
    """A camera can't be opened, and the system doesn't say why."""
    MISSING = "missing"
    BUSY = "busy"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    UNREADABLE = "unreadable"


class SourceLost(Exception):
    """A live source gives no more pictures: one line that says why, as far as it can be known."""

    def __init__(self, line: str = "", cause: Cause | None = None) -> None:
        super().__init__(line)
        self.cause = cause


class SourceEnded(SourceLost):
    """The source came to its own end, as a video file does; it is not begun again unless somebody wishes so.

    Nothing is wrong, unless there is a cause: then it broke off before.
    """


class Pictures(StrEnum):
    """What may be expected of a source's pictures.

    FRESH ones are never the same twice, a sensor's noise sees to that. REPEATED ones may be the same for a while,
    though the camera sees on. FILMED ones aren't live: they may stand still, be dark, and be slow to come.
    """

    FRESH = "fresh"
    REPEATED = "repeated"
    FILMED = "filmed"


class LiveSource(Protocol):
    """Something that gives pictures as time passes: a camera, a stream, a video played in real time.

    `part` counts how often it has jumped, as a video does when it is sought in: people aren't followed from one part to
    the next. Whoever inherits from it has FRESH pictures and doesn't jump, unless it says otherwise.
    """

    name: str
    pictures: Pictures = Pictures.FRESH
    part: int = 0

    def read(self) -> Pixels:
        """Wait for the next picture, `(h, w, 3) uint8 RGB`, upright; SourceLost when there will be none."""
        ...

    def close(self) -> None:
        """Let the source go; a second call does nothing. May be called while another thread is in `read`."""
        ...


class Stage(StrEnum):
    """How far a source has come."""

    OPENING = "opening"
    RUNNING = "running"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A frame, when the read that brought it returned, and of which part of its source it is.

    `frame.time` is seconds from the runner's start.
    """

    frame: Frame
    at: float
    part: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """A captured frame, what was found in it, and when that was known.

    `before` is what happened at the end of the source before this one, told of only now.
    """

    captured: Captured
    result: Result
    at: float
    before: tuple[Event, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """All that happened since the last one, in order."""
        return self.before + self.result.events


@dataclass(frozen=True, slots=True, eq=False)
class LiveView:
    """The newest that a live runner knows, taken at one moment.

    `opened_at` is when the source's present opening began. `problem` is one line when the source is LOST, or has
    ENDED too early, and `cause` what kind of trouble that is, where it is known. `pictures` says what may be expected
    of them.
    """

    stage: Stage
    opened_at: float
    newest: Captured | None = None
    analysed: Analysed | None = None
    problem: str | None = None
    cause: Cause | None = None
    pictures: Pictures = Pictures.FRESH
