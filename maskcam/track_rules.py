"""The numbers by which people are followed and judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

_POSITIVE = (
    "coast_seconds",
    "damp_seconds",
    "least_step",
    "reach",
    "reach_limit",
    "weak_reach_share",
    "box_seconds",
    "box_jump",
    "bare_seconds",
    "mask_seconds",
    "weight_limit",
    "seldom_step",
    "doubtful_weight",
    "doubt_seconds",
    "log_odds_limit",
    "slow_steps",
    "slow_reset",
)
_COUNTS = ("weak_misses", "slow_steps")
_SHARES = (
    "start_score",
    "picture_score",
    "same_iou",
    "duplicate_iou",
    "duplicate_share",
    "weak_reach_share",
    "weight_limit",
    "doubtful_weight",
    "doubt_enter",
)
_ASCENDING = (
    ("keep_score", "weak_score"),
    ("weak_score", "start_score"),
    ("bare_keep", "bare_enter"),
    ("mask_keep", "mask_enter"),
    ("doubt_leave", "doubt_enter"),
    ("bare_enter", "log_odds_limit"),
    ("mask_enter", "log_odds_limit"),
    ("coast_seconds", "forward_reset"),
    ("reach", "reach_limit"),
)


@dataclass(frozen=True, slots=True)
class TrackRules:
    """The numbers by which people are followed, judged and told apart, checked when made.

    Scores say how sure it is that a box is a face, 0 to 1. Times are in seconds. Distances between boxes are in
    face sizes (square root of the box's area), so that near and far faces follow the same rule. Bands are in log-odds
    from the threshold's log-odds.
    """

    start_score: float = 0.95
    """A box of this score starts a person at once; below it a box is weak, and one alone may be a fold of cloth."""
    keep_score: float = 0.1
    """Boxes under this score are ignored; from it on they can continue a person in view."""
    weak_score: float = 0.35
    """Lowest score of a weak box that may count towards starting a person: collars and patterns reach 0.3."""
    weak_evidence: float = 2.0
    """Sum of weak scores at one place that starts a person: three boxes of .67."""
    picture_score: float = 0.5
    """A box of this score is shown in a single picture, where no later frame can confirm it."""
    weak_seconds: float = 0.1
    """Least time those boxes must span; at 60 frames/s four boxes in a row say no more than two at 30."""
    weak_misses: int = 1
    """Frames without a box that a person not yet started survives, each halving its evidence."""

    coast_seconds: float = 0.5
    """How long a person stays in view without detection; one frame at any rate."""
    damp_seconds: float = 0.5
    """Time constant by which the speed of an undetected person fades."""
    forward_reset: float = 2.0
    """A step in time longer than this is a seek, everybody has left; unless all steps are about as long."""
    slow_steps: int = 3
    """So many steps before it tell how long steps are: on a slow machine frames may be seconds apart."""
    slow_reset: float = 2.0
    """A step longer than the shortest of them by this factor is a seek all the same."""
    backward_reset: float = 0.25
    """A step back longer than this is a seek; a smaller one is a clock's jitter, and `least_step` passes."""
    least_step: float = 0.001
    """What a step in time counts at least."""

    reach: float = 0.5
    """How far a box may lie from the predicted place, when no time has passed."""
    reach_per_second: float = 5.0
    """How much this grows a second: people speed up and turn round."""
    reach_limit: float = 2.0
    """How far it grows at most: a face further off is another person."""
    weak_reach_share: float = 0.6
    """Weak boxes must lie within this share of the reach."""
    size_ratio: float = 2.0
    """Largest ratio of sizes of one face from one detection to the next, unless the boxes overlap."""
    same_iou: float = 0.2
    """A box that overlaps the prediction so much may be the same face whatever its size."""
    duplicate_iou: float = 0.3
    """A second box that overlaps a matched one so much is the same face."""
    duplicate_share: float = 0.5
    """So is one when this share of the smaller of the two lies within the other."""

    box_seconds: float = 0.05
    """Time constant of the box's smoothing; steady motion does not lag, as the speed is followed too."""
    box_jump: float = 0.3
    """A box so far off the prediction is taken as it is: a real start or stop, not jitter."""
    speed_limit: float = 8.0
    """Fastest believed motion, in face sizes a second."""

    bare_seconds: float = 0.2
    """Time constant of the evidence when it turns towards bare: shorter, as a missed bare face is worse."""
    mask_seconds: float = 0.28
    """Time constant when it turns towards mask: a mask must be seen a little longer to be believed."""
    weight_limit: float = 0.44
    """Most that one later frame counts: at 5 frames/s one frame must not turn a verdict, two must."""
    seldom_step: float = 1.0
    """After so long without a frame one may turn the verdict to bare by itself; to mask it takes two all the same."""
    doubtful_weight: float = 0.25
    """What a frame counts whose crop is too poor to judge by: too small, too blurred, or cut off."""
    log_odds_limit: float = 4.0
    """Where one frame's log-odds are cut off (98.2 %), so that a sure past can be turned in time."""
    bare_enter: float = 0.5
    """Log-odds above the threshold from which `no_mask` is said."""
    bare_keep: float = 0.0
    """Log-odds above the threshold down to which it goes on being said."""
    mask_enter: float = 0.9
    """Log-odds below the threshold from which `mask` is said: more than for bare, as a wrong one is worse."""
    mask_keep: float = 0.2
    """Log-odds below the threshold up to which it goes on being said."""
    mixed_seconds: float = 0.25
    """How long evidence must stay between before a verdict turns to unsure; turning passes through faster."""
    settle_seconds: float = 0.25
    """How long evidence must stay outside before unsure turns to a verdict; mask and no mask turn at once."""
    doubt_seconds: float = 0.25
    """Time constant of the share of such frames."""
    doubt_enter: float = 0.6
    """Share from which they make the verdict unsure."""
    doubt_leave: float = 0.4
    """Share below which they no longer do."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"{field.name} must be finite and not negative, not {value}")
        for name in _COUNTS:
            if not isinstance(getattr(self, name), int):
                raise ValueError(f"{name} must be a whole number, not {getattr(self, name)}")
        for name in _POSITIVE:
            if getattr(self, name) == 0:
                raise ValueError(f"{name} must be more than 0")
        for low, high in _ASCENDING:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} must not be more than {high}")
        for name in _SHARES:
            if getattr(self, name) > 1:
                raise ValueError(f"{name} must not be more than 1")
        if self.size_ratio <= 1:
            raise ValueError(f"size_ratio must be more than 1, not {self.size_ratio}")
