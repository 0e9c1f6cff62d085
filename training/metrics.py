"""What a classifier got right and wrong. Pure numpy; the positive class is everywhere "no mask"."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from maskcam.frames import Flags, Floats, Judgement

LEAST_RECALL = 0.9975
"""Share of the bare faces that a threshold must catch: a bare face that is called masked is the serious error."""
MISSED_WEIGHS = 5
"""False alarms that a missed one weighs as much as: else one false alarm fewer could be worth two missed faces."""
LOWEST, HIGHEST = 0.1, 0.9
"""A threshold outside these would speak of bad calibration."""
MORE_INSIDE = 0.001
"""Share of the faces that may be wrong besides, to stay between the two; one face may, of however few."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts and shares at one threshold; a share of nothing is None.

    A missed alarm is a bare face called masked, a false alarm a masked face called bare.
    """

    threshold: float
    positives: int
    negatives: int
    missed_alarms: int
    false_alarms: int

    def __post_init__(self) -> None:
        if not (0 <= self.missed_alarms <= self.positives and 0 <= self.false_alarms <= self.negatives):
            raise ValueError("more errors than faces")

    @property
    def accuracy(self) -> float | None:
        """Share of all faces called right."""
        return _share(self.positives + self.negatives - self.missed_alarms - self.false_alarms, self._all)

    @property
    def precision(self) -> float | None:
        """Share of the faces called bare that are bare."""
        caught = self.positives - self.missed_alarms
        return _share(caught, caught + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of the bare faces that are called bare."""
        return _share(self.positives - self.missed_alarms, self.positives)

    @property
    def specificity(self) -> float | None:
        """Share of the masked faces that are called masked."""
        return _share(self.negatives - self.false_alarms, self.negatives)

    @property
    def errors(self) -> int:
        """All errors, a missed alarm counted as `MISSED_WEIGHS`."""
        return MISSED_WEIGHS * self.missed_alarms + self.false_alarms

    @property
    def _all(self) -> int:
        return self.positives + self.negatives

    def as_dict(self) -> dict[str, float | int | None]:
        """Return counts and shares for a report; shares with five decimals."""
        shares = {name: getattr(self, name) for name in ("accuracy", "precision", "recall", "specificity")}
        return {
            "threshold": self.threshold,
            "positives": self.positives,
            "negatives": self.negatives,
            "missed_alarms": self.missed_alarms,
            "false_alarms": self.false_alarms,
            **{name: None if value is None else round(value, 5) for name, value in shares.items()},
        }


def score(no_mask_probability: Floats, bare: Flags, threshold: float) -> Scores:
    """Count the errors of `(n,)` probabilities against the truth `(n,) bool`, True where the face is bare."""
    called_bare = no_mask_probability >= threshold
    return Scores(
        threshold=threshold,
        positives=int(bare.sum()),
        negatives=int((~bare).sum()),
        missed_alarms=int((bare & ~called_bare).sum()),
        false_alarms=int((~bare & called_bare).sum()),
    )


def called_bare(said: Judgement) -> Floats:
    """Return the probability `(n,)` by which each face is called bare: 0 where it is rejected as no face.

    A bare face that is rejected is not caught, so it counts as missed whatever the threshold.
    """
    return np.asarray(np.where(said.rejected, 0, said.no_mask_probability), np.float32)


class _Candidate(NamedTuple):
    """A threshold that catches enough; the better it is, the smaller."""

    errors: int
    outside: bool
    harder_errors: int
    minus_gap: float
    threshold: float
    wrong: int


def choose_threshold(no_mask_probability: Floats, bare: Flags, harder: Floats | None = None) -> float:
    """Return the threshold with the fewest errors of those that catch `LEAST_RECALL` of the bare faces.

    Probabilities `(n,)` and truths `(n,) bool`. A missed alarm counts as `MISSED_WEIGHS` false ones. Equally good ones
    differ by their errors on `harder` `(k, n)`, the probabilities of the same faces in k harder views. Of those that
    are good there too it is the middle of the widest gap between probabilities, which new faces are least likely to
    fall into. ValueError when a class is absent, when too many bare faces are rejected for any to catch enough of them,
    and when the best from .1 to .9 judges more faces wrongly than the best of all: more than one and than
    `MORE_INSIDE`.
    """
    if not bare.any() or bare.all():
        raise ValueError("a threshold can only be chosen on faces of both classes")
    views = no_mask_probability[None] if harder is None else np.concatenate([no_mask_probability[None], harder])
    edges = np.unique(np.concatenate([[0.0, LOWEST, HIGHEST, 1.0], views.ravel().astype(np.float64)]))
    able = []
    for low, high in pairwise(edges.tolist()):
        middle = _short(low, high)
        plain, *hard = (score(view, bare, middle) for view in views)
        if (plain.recall or 0) >= LEAST_RECALL:
            outside = not LOWEST < middle < HIGHEST
            wrong = plain.missed_alarms + plain.false_alarms
            hard_errors = sum(one.errors for one in hard)
            able.append(_Candidate(plain.errors, outside, hard_errors, low - high, middle, wrong))
    if not able:
        rejected = int((no_mask_probability[bare] == 0).sum())
        raise ValueError(
            f"none catches {100 * LEAST_RECALL:g} % of the bare faces;"
            f" {rejected} of {int(bare.sum())} are rejected as no face"
        )
    best = min(able)
    inside = min((one for one in able if not one.outside), default=None)
    if inside is None or inside.wrong - best.wrong > max(1.0, len(bare) * MORE_INSIDE):
        raise ValueError(
            f"the best one, {best.threshold:.3f}, lies outside {LOWEST} to {HIGHEST}, which speaks of bad calibration"
        )
    return inside.threshold


def _short(low: float, high: float) -> float:
    """Return the middle of the two, with as few decimals as lie between them, but four if they can."""
    middle = (low + high) / 2
    return next((short for digits in range(4, 17) if low < (short := round(middle, digits)) <= high), middle)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
