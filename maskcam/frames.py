"""The small frozen types that every stage hands to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

KEYPOINTS = 6
"""Right eye, left eye, nose tip, mouth centre, right ear, left ear (the person's right and left)."""
MOUTH = 3
"""Place of the mouth among them."""
NOT_FACE_FROM = 0.98
"""Probability of "no face" from which a box is taken for none whatever the detector says; below, both are weighed."""


class Verdict(StrEnum):
    """What is said of a person."""

    MASK = "mask"
    NO_MASK = "no_mask"
    UNSURE = "unsure"

    @property
    def words(self) -> str:
        """The verdict as people say it."""
        return self.value.replace("_", " ")


class Reason(StrEnum):
    """Why a verdict is `unsure`."""

    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    CUT_OFF = "cut_off"
    """The mouth lies below the picture's lower edge, and what of the face is in it looks masked."""
    MIXED = "mixed"

    @property
    def words(self) -> str:
        """The reason as people say it."""
        return self.value.replace("_", " ")


UNCLEAR = (Reason.TOO_SMALL, Reason.TOO_BLURRED)
"""Doubts about a crop that leave open whether it is a face, too."""
DOUBTS = (*UNCLEAR, Reason.CUT_OFF)
"""All doubts about a crop: why it can't be judged by."""


class EventKind(StrEnum):
    """What happened to a person."""

    APPEARED = "appeared"
    VERDICT = "verdict"
    LEFT = "left"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    `image` is `(h, w, 3) uint8, RGB`, upright; `index` counts from 0; `time` is in seconds from the first frame.
    """

    image: Pixels
    index: int = 0
    time: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        check_image(self.image)
        if self.index < 0 or not math.isfinite(self.time):
            raise ValueError(f"a frame needs an index from 0 and a finite time, not {self.index}, {self.time}")

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What the detector found in one frame, in the frame's pixels.

    `boxes` is `(n, 4) float32, xyxy` and may reach over the picture's edge; `scores` is `(n,) float32, 0 to 1`;
    `keypoints` is `(n, 6, 2) float32, xy` in the order of `KEYPOINTS`.
    """

    boxes: Floats
    scores: Floats
    keypoints: Floats

    def __post_init__(self) -> None:
        n = len(self.boxes)
        check_array("boxes", self.boxes, (n, 4))
        check_array("scores", self.scores, (n,))
        check_array("keypoints", self.keypoints, (n, KEYPOINTS, 2))
        check_shares("scores", self.scores)
        if n and not (self.boxes[:, 2:] > self.boxes[:, :2]).all():
            raise ValueError("a face's box needs x1 > x0 and y1 > y0")

    def __len__(self) -> int:
        return len(self.boxes)

    @staticmethod
    def none() -> Faces:
        """No face at all."""
        return Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, KEYPOINTS, 2), np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Hints:
    """What is known of a frame before anybody looks at it.

    `turn` counts the turns of the search, from 0. This frame takes its own and, with more `turns` than one, those
    before it: frames that nobody looked at are made up for. `expected` is `(n, 4) float32, pixels, xyxy`, where the
    people of the frames before should be now, those first who are to be looked for first.
    """

    turn: int = 0
    expected: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    turns: int = 1

    def __post_init__(self) -> None:
        if self.turn < 0:
            raise ValueError(f"turns are counted from 0, not {self.turn}")
        if self.turns < 1:
            raise ValueError(f"a frame has a turn at least, not {self.turns}")
        check_array("expected", self.expected, (len(self.expected), 4))
        if len(self.expected) and not (self.expected[:, 2:] > self.expected[:, :2]).all():
            raise ValueError("where somebody is expected has x1 > x0 and y1 > y0")


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the classifier says of n crops, each `(n,) float32, 0 to 1`.

    `no_mask_probability` is bare / (bare + mask), `not_face_probability` that of the third answer: no face, or one
    framed too badly to tell; 0 from a network that doesn't know it.
    """

    no_mask_probability: Floats
    not_face_probability: Floats

    def __post_init__(self) -> None:
        n = len(self.no_mask_probability)
        for name in ("no_mask_probability", "not_face_probability"):
            check_array(name, getattr(self, name), (n,))
            check_shares(name, getattr(self, name))

    def __len__(self) -> int:
        return len(self.no_mask_probability)

    @property
    def rejected(self) -> Flags:
        """Which crops are no face so surely that no detector is heeded, `(n,) bool`."""
        return np.asarray(self.not_face_probability >= NOT_FACE_FROM, np.bool_)

    def of(self, row: int) -> tuple[float, float]:
        """Return the no-mask and the not-a-face probability of one crop."""
        return float(self.no_mask_probability[row]), float(self.not_face_probability[row])


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the person `track` at `time` (seconds from the first frame)."""

    time: float
    track: int
    kind: EventKind
    verdict: Verdict
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Everything that is known of the n people in one frame; every output reads this.

    `boxes` is `(n, 4) float32, pixels, xyxy`, clipped to the picture, x1 and y1 exclusive. `scores` is how sure it
    is that this is a face, `(n,) float32`. `track_ids` is `(n,) int64`, -1 where a single picture has no tracks.
    `detected` is `(n,) bool`, False while a track coasts. `no_mask_probability` is smoothed over time,
    `raw_no_mask_probability` that of the crop last judged, this frame's unless a track coasts or others had their turn;
    both are bare / (bare + mask), `(n,) float32`. `events` are those that this frame brought. `found` is every box
    that the detector gave for this frame, `(m, 4) float32`, believed to be a person or not; it may reach over the edge.
    `not_face_probability` is `(n,) float32`, the classifier's last doubt that this is a face at all; 0 from a
    network that doesn't know that answer.
    """

    index: int
    time: float
    width: int
    height: int
    boxes: Floats
    scores: Floats
    track_ids: Integers
    detected: Flags
    no_mask_probability: Floats
    raw_no_mask_probability: Floats
    verdicts: tuple[Verdict, ...]
    reasons: tuple[Reason | None, ...]
    not_face_probability: Floats
    events: tuple[Event, ...] = ()
    found: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    def __post_init__(self) -> None:
        n = len(self.boxes)
        if not math.isfinite(self.time) or min(self.width, self.height) < 1:
            raise ValueError(f"needs a finite time and a picture, not {self.time}, {self.width} x {self.height}")
        check_array("boxes", self.boxes, (n, 4))
        check_array("found", self.found, (len(self.found), 4))
        for name in ("scores", "no_mask_probability", "raw_no_mask_probability", "not_face_probability"):
            check_array(name, getattr(self, name), (n,))
            check_shares(name, getattr(self, name))
        check_array("track_ids", self.track_ids, (n,), np.int64)
        check_array("detected", self.detected, (n,), np.bool_)
        if len(self.verdicts) != n or len(self.reasons) != n:
            raise ValueError(f"{n} boxes need as many verdicts and reasons")
        for verdict, reason in zip(self.verdicts, self.reasons, strict=True):
            if (verdict is Verdict.UNSURE) != (reason is not None):
                raise ValueError("unsure needs a reason, and only unsure has one")

    def __len__(self) -> int:
        return len(self.boxes)

    def count(self, verdict: Verdict) -> int:
        """How many people in this frame have this verdict."""
        return sum(one is verdict for one in self.verdicts)


def check_image(image: Pixels) -> None:
    """Raise ValueError unless `image` is a picture with at least one pixel, `(h, w, 3) uint8`."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(f"a picture is (h, w, 3) uint8 with pixels in it, not {image.shape} {image.dtype}")


def check_array(
    name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type[np.generic] = np.float32
) -> None:
    """Raise ValueError unless `array` has this shape and dtype and, if float, only finite numbers."""
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"{name} must be {shape} {np.dtype(dtype)}, not {array.shape} {array.dtype}")
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")


def check_shares(name: str, array: Floats) -> None:
    """Raise ValueError unless all numbers lie between 0 and 1."""
    if ((array < 0) | (array > 1)).any():
        raise ValueError(f"{name} must lie between 0 and 1")
