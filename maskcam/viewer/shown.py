"""The frozen picture of the viewer's state: all that is painted, and nothing that must be worked out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from maskcam.frames import Pixels, Result, Verdict
from maskcam.viewer.messages import Message
from maskcam.viewer.timeline import Moment


class AlarmLight(StrEnum):
    """How the alarm stands."""

    OFF = "off"
    WATCHING = "watching"
    SNOOZED = "snoozed"
    RAISED = "raised"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people are in view, by verdict."""

    mask: int = 0
    no_mask: int = 0
    unsure: int = 0

    def __post_init__(self) -> None:
        if min(self.mask, self.no_mask, self.unsure) < 0:
            raise ValueError("nobody can be less than nobody")

    @property
    def people(self) -> int:
        """All of them."""
        return self.mask + self.no_mask + self.unsure

    @staticmethod
    def of(result: Result) -> Counts:
        """The counts of one result."""
        return Counts(*(result.count(one) for one in (Verdict.MASK, Verdict.NO_MASK, Verdict.UNSURE)))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is painted where the video is: an image `(h, w, 3) uint8 RGB`, who is where in it, and its age.

    `at` is when the read of this image returned. `number` is its frame's index: the same number is the same
    picture. `pixelated` says that every found face in `image` has been made unrecognisable.
    """

    image: Pixels
    result: Result | None
    number: int
    at: float
    pixelated: bool = False

    def __post_init__(self) -> None:
        height, width = self.image.shape[:2]
        if self.result is not None and (self.result.width, self.result.height) != (width, height):
            raise ValueError("the result is one of another picture")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Everything that can be seen, at one moment.

    `source` is the name of what is watched, None for the welcome page. `counts` is None while it isn't known who is
    there. `retry` says when a lost source is tried again. `greyed` is for a picture that is not of now. `people` and
    `people_without` are sums since the source was chosen. `recording` is the length of the running recording in
    seconds, None when there is none. `position` and `duration` are those of a video file, in seconds.
    """

    source: str | None = None
    picture: Picture | None = None
    counts: Counts | None = None
    message: Message | None = None
    retry: str = ""
    greyed: bool = False
    alarm: AlarmLight = AlarmLight.OFF
    alarmed: frozenset[int] = frozenset()
    snooze_left: float = 0.0
    people: int = 0
    people_without: int = 0
    mirrored: bool = False
    private: bool = False
    paused: bool = False
    looping: bool = False
    position: float | None = None
    duration: float | None = None
    recording: float | None = None
    notice: str = ""
    now: float = 0.0
    moments: tuple[Moment, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.private and self.picture is not None and not self.picture.pixelated:
            raise ValueError("in private mode only pixelated pictures are shown")
