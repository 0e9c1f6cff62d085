"""Which faces get a verdict from the app, and how rare errors among them become as more are left without one.

In the words of selective classification, coverage is the share of the faces that get a verdict, and risk the share of
these whose verdict is wrong. Pure numpy.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcam.evidence import single_verdict
from maskcam.frames import Flags, Integers, Reason, Verdict
from maskcam.odds import log_odds
from maskcam.track_rules import TrackRules
from training.judge import Judged
from training.measures import Interval, wilson
from training.metrics import Scores

LEVELS = (100, 99, 98, 95, 90, 80)
"""Coverages that are reported, in per cent."""
REJECTED = "no_face"
"""What stands for the verdict of a face that is rejected as none: the app says nothing of it."""
ANSWERS = (Verdict.NO_MASK, Verdict.MASK, Reason.TOO_SMALL, Reason.TOO_BLURRED, Reason.MIXED, REJECTED)
"""All that can become of a face: a verdict, the reason for `unsure`, or no face."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The faces that get a verdict and its errors, `scores`, out of `faces`, `bare` of which are bare."""

    scores: Scores
    faces: int
    bare: int

    def __post_init__(self) -> None:
        if self.scores.positives > self.bare or self.scores.negatives > self.faces - self.bare:
            raise ValueError("more faces with a verdict than faces")

    @property
    def covered(self) -> int:
        """How many faces get a verdict."""
        return self.scores.positives + self.scores.negatives

    @property
    def coverage(self) -> float | None:
        """Share of the faces that get one."""
        return self.covered / self.faces if self.faces else None

    @property
    def caught(self) -> int:
        """Bare faces that are called bare; a bare face without a verdict is not caught."""
        return self.scores.positives - self.scores.missed_alarms

    @property
    def caught_interval(self) -> Interval | None:
        """The 95 % interval of their share of all bare faces."""
        return wilson(self.caught, self.bare)

    @property
    def missed_interval(self) -> Interval | None:
        """The 95 % interval of the share of missed alarms of the bare faces with a verdict."""
        return wilson(self.scores.missed_alarms, self.scores.positives)

    @property
    def false_interval(self) -> Interval | None:
        """The 95 % interval of the share of false alarms of the masked faces with a verdict."""
        return wilson(self.scores.false_alarms, self.scores.negatives)

    @property
    def accuracy_interval(self) -> Interval | None:
        """The 95 % interval of the share of right verdicts."""
        return wilson(self.covered - self.scores.missed_alarms - self.scores.false_alarms, self.covered)

    def as_dict(self) -> dict[str, Any]:
        """Return counts, and shares and intervals with five decimals, for a file."""
        scores = self.scores
        shares = {
            "accuracy": (scores.accuracy, self.accuracy_interval),
            "missed_rate": (1 - scores.recall if scores.recall is not None else None, self.missed_interval),
            "false_rate": (1 - scores.specificity if scores.specificity is not None else None, self.false_interval),
            "caught_of_all_bare": (self.caught / self.bare if self.bare else None, self.caught_interval),
        }
        return {
            "coverage": None if self.coverage is None else round(self.coverage, 5),
            "with_verdict": self.covered,
            "bare": scores.positives,
            "masked": scores.negatives,
            "missed_alarms": scores.missed_alarms,
            "false_alarms": scores.false_alarms,
            "caught": self.caught,
            **{name: None if share is None else round(share, 5) for name, (share, _) in shares.items()},
            **{
                f"{name}_95": None if ends is None else [round(end, 5) for end in ends]
                for name, (_, ends) in shares.items()
            },
        }


@dataclass(frozen=True, slots=True, eq=False)
class RiskCurve:
    """What is right and wrong among the surest faces, from the very surest to all of them.

    All are `(k,) int64`, one for each different confidence: faces with a verdict, bare ones among them, missed and
    false alarms. Equally sure faces get a verdict together.
    """

    threshold: float
    covered: Integers
    bare: Integers
    missed: Integers
    false: Integers

    def __post_init__(self) -> None:
        counts = (self.covered, self.bare, self.missed, self.false)
        if len({len(one) for one in counts}) > 1 or any((np.diff(one, prepend=0) < 0).any() for one in counts):
            raise ValueError("a curve has as many of all counts, and none falls")
        if (np.diff(self.covered, prepend=0) == 0).any():
            raise ValueError("each confidence covers more faces than the one before")

    def at(self, percent: int) -> Covered:
        """Return the surest faces that are at least this share of all."""
        if not len(self.covered):
            return Covered(Scores(self.threshold, 0, 0, 0, 0), 0, 0)
        faces, bare = int(self.covered[-1]), int(self.bare[-1])
        place = int(np.searchsorted(self.covered, -(-percent * faces // 100)))
        positives = int(self.bare[place])
        negatives = int(self.covered[place]) - positives
        missed, false = int(self.missed[place]), int(self.false[place])
        return Covered(Scores(self.threshold, positives, negatives, missed, false), faces, bare)


@dataclass(frozen=True, slots=True)
class Answer:
    """One of `ANSWERS`, and how many bare and masked faces get it."""

    name: str
    bare: int
    masked: int


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Where the app stands, `app` and its `answers`, and the curve that its confidence would allow."""

    app: Covered
    answers: tuple[Answer, ...]
    curve: RiskCurve

    def __post_init__(self) -> None:
        if sum(one.bare + one.masked for one in self.answers) != self.app.faces:
            raise ValueError("every face gets one of the answers")

    def bare(self, *names: str) -> int:
        """Return how many bare faces get one of these answers."""
        return sum(one.bare for one in self.answers if one.name in names)

    def as_dict(self) -> dict[str, Any]:
        """Return the app's point and a table of the curve for a file."""
        return {
            "app": self.app.as_dict(),
            "answers": {one.name: {"bare": one.bare, "masked": one.masked} for one in self.answers},
            "levels": [{"at_least": percent / 100, **self.curve.at(percent).as_dict()} for percent in LEVELS],
        }


def measure_coverage(judged: Judged, threshold: float) -> RiskCoverage:
    """Say of each face what the app would say of its crop alone, and draw the curve of its confidence."""
    bare, said = judged.bare, app_answers(judged, threshold)
    counts = Counter(zip(said, bare.tolist(), strict=True))
    answers = tuple(Answer(str(name), counts[name, True], counts[name, False]) for name in ANSWERS)
    no_mask, mask = answers[:2]
    scores = Scores(threshold, no_mask.bare + mask.bare, no_mask.masked + mask.masked, mask.bare, no_mask.masked)
    called_bare: Flags = judged.no_mask_probability >= threshold
    curve = risk_curve(confidence_ranks(judged, threshold), called_bare, bare, threshold)
    return RiskCoverage(Covered(scores, len(bare), int(bare.sum())), answers, curve)


def app_answers(judged: Judged, threshold: float) -> list[str]:
    """Return for each face one of `ANSWERS`: what the app says of a single picture in which it finds this face."""
    rules = TrackRules()
    said: list[str] = []
    faces = zip(judged.no_mask_probability.tolist(), judged.doubts, judged.rejected, strict=True)
    for probability, doubt, rejected in faces:
        verdict, reason = single_verdict(probability, doubt, threshold, rules)
        said.append(REJECTED if rejected else reason or verdict)
    return said


def confidence_ranks(judged: Judged, threshold: float) -> Integers:
    """Return the place of each face from the surest, 0, on, `(n,) int64`; equally sure faces share theirs.

    The farther the log-odds from those of the threshold, the surer; crops that are too poor to judge by come after all
    others, and what is rejected as no face last.
    """
    middle = log_odds(threshold)
    distances = np.array([abs(log_odds(one) - middle) for one in judged.no_mask_probability.tolist()])
    doubtful = np.array([one is not None for one in judged.doubts], np.bool_)
    classes = np.where(judged.rejected, 2, np.where(doubtful, 1, 0))
    _, ranks = np.unique(np.stack([classes, -distances], axis=1), axis=0, return_inverse=True)
    return np.asarray(ranks.reshape(-1), np.int64)


def risk_curve(ranks: Integers, called_bare: Flags, bare: Flags, threshold: float) -> RiskCurve:
    """Count verdicts and errors as ever less sure faces get a verdict; all are `(n,)`, n = 0 is fine."""
    order = np.argsort(ranks, kind="stable")
    last: NDArray[np.int64] = np.flatnonzero(np.diff(ranks[order], append=np.iinfo(np.int64).max))
    kinds = (np.ones(len(ranks), np.bool_), bare, bare & ~called_bare, ~bare & called_bare)
    return RiskCurve(threshold, *(np.cumsum(one[order], dtype=np.int64)[last] for one in kinds))
