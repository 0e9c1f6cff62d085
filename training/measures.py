"""What a set of judged faces is worth: ranking, calibration, and how sure the error rates are. Pure numpy.

The positive class is everywhere "no mask". What can't be told, because a class is absent, is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Flags, Floats, Integers
from training.metrics import Scores, score

BINS = 15
"""Equally wide bins of the no-mask probability in which calibration is measured."""
Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """The faces with a probability from `low` to below `high`; the last bin includes 1."""

    low: float
    high: float
    faces: int
    mean_probability: float | None
    share_bare: float | None

    def __post_init__(self) -> None:
        if not self.low < self.high or self.faces < 0:
            raise ValueError("a bin has a width and can't hold fewer than no faces")
        if (self.faces == 0) != (self.mean_probability is None) or (self.faces == 0) != (self.share_bare is None):
            raise ValueError("an empty bin has no averages, and only an empty one")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How many faces are called bare at each threshold, from none of them to all.

    `caught` and `false` are `(k,) int64`: bare faces called bare and masked faces called bare. Both begin with 0
    and end with the size of the class.
    """

    caught: Integers
    false: Integers

    def __post_init__(self) -> None:
        for counts in (self.caught, self.false):
            if not len(counts) or counts[0] != 0 or (np.diff(counts) < 0).any():
                raise ValueError("a curve begins with 0 and never falls")
        if len(self.caught) != len(self.false):
            raise ValueError("a curve has as many caught as false counts")

    @property
    def positives(self) -> int:
        """Bare faces."""
        return int(self.caught[-1])

    @property
    def negatives(self) -> int:
        """Masked faces."""
        return int(self.false[-1])


@dataclass(frozen=True, slots=True)
class Measures:
    """All that is said of a set of faces at one threshold."""

    scores: Scores
    roc_auc: float | None
    ece: float | None

    @property
    def faces(self) -> int:
        """How many were judged."""
        return self.scores.positives + self.scores.negatives

    @property
    def precision(self) -> float | None:
        """Share of the faces called bare that are bare; None also where no face is bare, when it would say nothing."""
        return self.scores.precision if self.scores.positives else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        scores = self.scores
        caught = scores.positives - scores.missed_alarms
        if not scores.positives:
            return None
        return 2 * caught / (2 * caught + scores.missed_alarms + scores.false_alarms)

    @property
    def missed_rate(self) -> float | None:
        """Share of the bare faces that are called masked."""
        return self.scores.missed_alarms / self.scores.positives if self.scores.positives else None

    @property
    def false_rate(self) -> float | None:
        """Share of the masked faces that are called bare."""
        return self.scores.false_alarms / self.scores.negatives if self.scores.negatives else None

    @property
    def missed_interval(self) -> Interval | None:
        """The 95 % interval of the missed rate."""
        return wilson(self.scores.missed_alarms, self.scores.positives)

    @property
    def false_interval(self) -> Interval | None:
        """The 95 % interval of the false rate."""
        return wilson(self.scores.false_alarms, self.scores.negatives)

    def as_dict(self) -> dict[str, float | int | list[float] | None]:
        """Return everything for a file, with five decimals."""
        shares = ("missed_rate", "false_rate", "precision", "f1", "roc_auc", "ece")
        intervals = {"missed_rate_95": self.missed_interval, "false_rate_95": self.false_interval}
        return {
            **self.scores.as_dict(),
            **{name: _rounded(getattr(self, name)) for name in shares},
            **{
                name: None if ends is None else [round(ends[0], 5), round(ends[1], 5)]
                for name, ends in intervals.items()
            },
        }


def measure(no_mask_probability: Floats, bare: Flags, threshold: float) -> Measures:
    """Measure `(n,) float32` probabilities against the truth `(n,) bool`; n = 0 is fine."""
    return Measures(
        score(no_mask_probability, bare, threshold),
        roc_auc(no_mask_probability, bare),
        expected_calibration_error(calibration(no_mask_probability, bare)),
    )


def wilson(count: int, total: int) -> Interval | None:
    """Return the 95 % interval of a share after Wilson (1927); None for a share of nothing.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22 (1927), 209-212. It stays within 0 and 1 and doesn't shrink to nothing at 0 errors.
    """
    if not 0 <= count <= total:
        raise ValueError(f"can't have {count} of {total}")
    if not total:
        return None
    share, square = count / total, Z95 * Z95
    middle = share + square / (2 * total)
    half = Z95 * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    # Exact at both ends, where rounding would leave a trace.
    low = 0.0 if count == 0 else (middle - half) / (1 + square / total)
    high = 1.0 if count == total else (middle + half) / (1 + square / total)
    return low, high


def roc_auc(no_mask_probability: Floats, bare: Flags) -> float | None:
    """Return the chance that a bare face ranks above a masked one, ties counted half; None without both classes.

    Probabilities `(n,)` and truths `(n,) bool`, True where the face is bare.
    """
    positive, negative = no_mask_probability[bare], np.sort(no_mask_probability[~bare])
    if not len(positive) or not len(negative):
        return None
    below = int(np.searchsorted(negative, positive, side="left").sum())
    not_above = int(np.searchsorted(negative, positive, side="right").sum())
    return (below + not_above) / (2 * len(positive) * len(negative))


def curve(no_mask_probability: Floats, bare: Flags) -> Curve:
    """Count what of `(n,)` is called bare as the threshold sinks past each distinct probability; truths `(n,) bool`."""
    order = np.argsort(-no_mask_probability, kind="stable")
    sorted_probability = no_mask_probability[order]
    last: NDArray[np.int64] = np.flatnonzero(np.diff(sorted_probability, append=np.float32(-1)))
    caught, false = (np.cumsum(flags[order], dtype=np.int64)[last] for flags in (bare, ~bare))
    return Curve(np.concatenate([[0], caught]).astype(np.int64), np.concatenate([[0], false]).astype(np.int64))


def calibration(no_mask_probability: Floats, bare: Flags) -> tuple[Bin, ...]:
    """Sort the faces, probabilities and truths `(n,)`, into `BINS` equally wide bins of their probability."""
    wide = no_mask_probability.astype(np.float64)
    places = np.clip((wide * BINS).astype(np.int64), 0, BINS - 1)
    bins = []
    for place in range(BINS):
        inside = places == place
        count = int(inside.sum())
        mean = float(wide[inside].mean()) if count else None
        share = float(bare[inside].mean()) if count else None
        bins.append(Bin(place / BINS, (place + 1) / BINS, count, mean, share))
    return tuple(bins)


def expected_calibration_error(bins: tuple[Bin, ...]) -> float | None:
    """Return how far probability and truth lie apart on average over all faces; None for no faces."""
    total = sum(one.faces for one in bins)
    if not total:
        return None
    apart = (
        one.faces * abs(one.mean_probability - one.share_bare)
        for one in bins
        if one.mean_probability is not None and one.share_bare is not None
    )
    return sum(apart) / total


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
