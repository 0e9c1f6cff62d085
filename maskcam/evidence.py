"""What the frames so far say of one person: mask, no mask or unsure."""

from __future__ import annotations

import math

from maskcam.frames import DOUBTS, Reason, Verdict
from maskcam.odds import log_odds
from maskcam.track_rules import TrackRules


def check_threshold(threshold: float) -> float:
    """The threshold itself; ValueError unless it lies between 0 and 1, both excluded."""
    if not 0.0 < threshold < 1.0:
        raise ValueError(f"the threshold must lie between 0 and 1, not {threshold}")
    return threshold


def lean(above: float, before: Verdict, rules: TrackRules) -> Verdict:
    """What log-odds `above` the threshold's say, with hysteresis for what was said `before`."""
    if above >= (rules.bare_keep if before is Verdict.NO_MASK else rules.bare_enter):
        return Verdict.NO_MASK
    if -above >= (rules.mask_keep if before is Verdict.MASK else rules.mask_enter):
        return Verdict.MASK
    return Verdict.UNSURE


def single_verdict(
    probability: float, doubt: Reason | None, threshold: float, rules: TrackRules
) -> tuple[Verdict, Reason | None]:
    """What one crop says by itself, of which nothing is known before or after, and why if that is `unsure`.

    `probability` is its no-mask probability, `doubt` why the crop is too poor to judge by, or None. ValueError for a
    threshold that is none.
    """
    said = lean(log_odds(probability) - log_odds(check_threshold(threshold)), Verdict.UNSURE, rules)
    reason = doubt or (Reason.MIXED if said is Verdict.UNSURE else None)
    return (said if reason is None else Verdict.UNSURE), reason


class Evidence:
    """The evidence on one person, averaged over time and not over frames.

    The average is one of log-odds, in which each frame's weight fades with the time since, so that a second
    of frames has the same say at any frame rate; the first frame, having no past, counts fully.
    `probability` is its no-mask probability, `verdict` and `reason` what follows; all are set by `add`.
    """

    __slots__ = (
        "_anew",
        "_doubts",
        "_lean",
        "_log_odds",
        "_rules",
        "_threshold",
        "_turning_for",
        "_turning_to",
        "_weight",
        "probability",
        "reason",
        "verdict",
    )

    def __init__(self, threshold: float, rules: TrackRules) -> None:
        self._rules = rules
        self._threshold = log_odds(check_threshold(threshold))
        self._log_odds = self._threshold
        self._weight = 0.0
        self._doubts = dict.fromkeys(DOUBTS, 0.0)
        self._lean = Verdict.UNSURE
        self._turning_to, self._turning_for = Verdict.UNSURE, 0.0
        self._anew = True
        self.probability = threshold
        self.verdict = Verdict.UNSURE
        self.reason: Reason | None = Reason.MIXED

    def change_threshold(self, threshold: float) -> None:
        """Weigh what is known against another threshold; the verdict follows with the next frame, without delay."""
        self._threshold = log_odds(check_threshold(threshold))
        low, high = self._limits()
        self._log_odds = min(max(self._log_odds, low), high)
        # What was said by the old threshold gives no head start by the new one.
        self._lean = Verdict.UNSURE
        self._anew = True

    def add(self, elapsed: float, probability: float, doubt: Reason | None) -> None:
        """Take one frame's raw no-mask probability and doubt, `elapsed` seconds after the one before."""
        first = self._weight == 0.0
        if self.reason in DOUBTS:
            # Nobody was told what the doubtful crops lean to, so it must not be held on to as what was said is.
            self._lean, self._anew = Verdict.UNSURE, True
        self._average(elapsed, probability, doubt, first)
        self._judge(elapsed)
        self._doubt(elapsed, doubt, first)
        if self.reason is None:
            self.verdict = self._lean
            self.reason = Reason.MIXED if self._lean is Verdict.UNSURE else None
        else:
            self.verdict = Verdict.UNSURE

    def _average(self, elapsed: float, probability: float, doubt: Reason | None, first: bool) -> None:
        rules = self._rules
        low, high = self._limits()
        measured = min(max(log_odds(probability), low), high)
        barer = measured > self._log_odds
        own = 1.0 if doubt is None else rules.doubtful_weight
        self._weight = self._weight * math.exp(-elapsed / (rules.bare_seconds if barer else rules.mask_seconds)) + own
        # After so long it may be somebody else: one frame is enough then for who looks bare.
        limit = 1.0 if barer and elapsed >= rules.seldom_step else rules.weight_limit
        step = 1.0 if first else min(own / self._weight, limit * own)
        self._log_odds += step * (measured - self._log_odds)
        self.probability = 1.0 / (1.0 + math.exp(-self._log_odds))

    def _limits(self) -> tuple[float, float]:
        # The cut-off leaves room on both sides of an extreme threshold too: each verdict must stay possible.
        limit = self._rules.log_odds_limit
        return min(0.0, self._threshold) - limit, max(0.0, self._threshold) + limit

    def _judge(self, elapsed: float) -> None:
        rules = self._rules
        said = lean(self._log_odds - self._threshold, self._lean, rules)
        anew, self._anew = self._anew, False
        if said is self._lean or anew or Verdict.UNSURE not in (said, self._lean):
            self._lean = self._turning_to = said
            return
        # Counted from the first frame that says so: when before it the evidence got there is not known.
        self._turning_for = self._turning_for + elapsed if said is self._turning_to else 0.0
        self._turning_to = said
        if self._turning_for >= (rules.mixed_seconds if said is Verdict.UNSURE else rules.settle_seconds):
            self._lean = said

    def _doubt(self, elapsed: float, doubt: Reason | None, first: bool) -> None:
        rules = self._rules
        step = 1.0 if first else min(1.0 - math.exp(-elapsed / rules.doubt_seconds), rules.weight_limit)
        for kind in DOUBTS:
            self._doubts[kind] += step * ((doubt is kind) - self._doubts[kind])
        if sum(self._doubts.values()) < (rules.doubt_leave if self.reason in DOUBTS else rules.doubt_enter):
            self.reason = None
            return
        # Of doubts about equally strong the one that is being said stays, or the label would flicker.
        said = self.reason
        self.reason = max(DOUBTS, key=lambda kind: self._doubts[kind] + (0.1 if kind is said else 0.0))
