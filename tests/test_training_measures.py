"""Measures against values by hand, by brute force and from the literature."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.labelled import Labelled, Listed
from training.ladders import Step
from training.measures import (
    BINS,
    Z95,
    Bin,
    Curve,
    calibration,
    curve,
    expected_calibration_error,
    measure,
    roc_auc,
    wilson,
)
from training.metrics import score


def arrays(faces: Sequence[tuple[float, bool]]) -> tuple[Any, Any]:
    return np.array([one for one, _ in faces], np.float32), np.array([one for _, one in faces], np.bool_)


# Few different values, so that ties are common.
anyone = st.lists(
    st.tuples(st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.25, 0.5, 1.0])), st.booleans()), max_size=40
)


def test_measures_by_hand() -> None:
    probability = np.array([0.9, 0.5, 0.4, 0.6, 0.1, 0.2, 0.3], np.float32)
    bare = np.array([True, True, True, False, False, False, False])
    measures = measure(probability, bare, 0.5)
    assert (measures.scores.missed_alarms, measures.scores.false_alarms, measures.faces) == (1, 1, 7)
    assert measures.f1 == pytest.approx(2 / 3)
    assert measures.roc_auc == pytest.approx(10 / 12), "of 12 pairs .5 and .4 rank below .6"
    assert (measures.missed_rate, measures.false_rate) == (pytest.approx(1 / 3), pytest.approx(1 / 4))
    assert measures.missed_interval == pytest.approx((0.0615, 0.7923), abs=1e-4)
    every = measures.as_dict()
    assert every["missed_rate_95"] == [round(one, 5) for one in measures.missed_interval or ()]
    assert every["accuracy"] == 0.71429 and every["f1"] == 0.66667


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.27753),  # Z^2 / (n + Z^2)
        (10, 10, 0.72247, 1.0),
        (5, 10, 0.23659, 0.76341),
        (1, 909, 0.00019, 0.00621),
        (81, 263, 0.25527, 0.36621),  # Newcombe, Statistics in Medicine 17 (1998), table I
        (15, 148, 0.06239, 0.16052),
        (0, 20, 0.0, 0.16113),
        (1, 29, 0.00611, 0.17176),
    ],
)
def test_wilson_gives_known_intervals(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=6e-5)


def test_wilson_of_nothing_is_none_and_of_nonsense_refused() -> None:
    assert wilson(0, 0) is None
    for count, total in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="can't have"):
            wilson(count, total)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_ends_are_where_the_share_is_just_not_rejected(counts: tuple[int, int]) -> None:
    """The interval's definition: at its ends the score test is exactly at its limit."""
    count, total = counts
    low, high = wilson(count, total) or (-1, -1)
    assert 0 <= low <= count / total <= high <= 1
    for end, allowed in ((low, count > 0), (high, count < total)):
        if allowed:
            apart = abs(count / total - end) / math.sqrt(end * (1 - end) / total)
            assert apart == pytest.approx(Z95, rel=1e-6)


@given(anyone)
def test_auc_is_the_share_of_pairs_in_the_right_order(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    pairs = [(a > b) + (a == b) / 2 for a in probability[bare] for b in probability[~bare]]
    expected = float(np.mean(pairs)) if pairs else None
    assert roc_auc(probability, bare) == (None if expected is None else pytest.approx(expected, abs=1e-9))


@given(anyone)
def test_the_curve_counts_as_score_does_at_every_threshold(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    line = curve(probability, bare)
    thresholds = sorted(set(probability.tolist()), reverse=True)
    assert len(line.caught) == len(thresholds) + 1
    for place, threshold in enumerate(thresholds, 1):
        scores = score(probability, bare, threshold)
        assert (line.caught[place], line.false[place]) == (
            scores.positives - scores.missed_alarms,
            scores.false_alarms,
        )
    assert (line.positives, line.negatives) == (int(bare.sum()), int((~bare).sum()))


@given(anyone.filter(lambda faces: len({bare for _, bare in faces}) == 2))
def test_the_area_under_the_curve_is_the_auc(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    line = curve(probability, bare)
    area = np.trapezoid(line.caught / line.positives, line.false / line.negatives)
    assert roc_auc(probability, bare) == pytest.approx(float(area), abs=1e-9)


@given(anyone.filter(bool))
def test_calibration_error_by_brute_force(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    bins = calibration(probability, bare)
    assert len(bins) == BINS and sum(one.faces for one in bins) == len(faces)
    expected = 0.0
    for place in range(BINS):
        inside = [(p, b) for p, b in faces if min(int(p * BINS), BINS - 1) == place]
        if inside:
            apart = abs(sum(p for p, _ in inside) - sum(b for _, b in inside))
            expected += apart / len(faces)
    assert expected_calibration_error(bins) == pytest.approx(expected, abs=1e-6)


def test_calibration_error_of_honest_and_of_overconfident_answers() -> None:
    honest = np.repeat(np.array([0.1, 0.3, 0.7, 0.9], np.float32), 100)
    bare = np.concatenate([np.arange(100) < share for share in (10, 30, 70, 90)])
    assert expected_calibration_error(calibration(honest, bare)) == pytest.approx(0, abs=1e-6)
    sure = np.repeat(np.array([0.0, 1.0], np.float32), 100)
    half_right = np.tile(np.arange(100) < 50, 2)
    assert expected_calibration_error(calibration(sure, half_right)) == pytest.approx(0.5)
    right = np.repeat([False, True], 100)
    assert expected_calibration_error(calibration(sure, right)) == 0


@pytest.mark.parametrize(
    ("bare", "absent"),
    [
        ([True, True], {"specificity", "false_rate", "false_rate_95", "roc_auc"}),
        ([False, False], {"recall", "precision", "f1", "missed_rate", "missed_rate_95", "roc_auc"}),
        (
            [],
            {"accuracy", "recall", "precision", "specificity", "f1", "roc_auc", "ece"}
            | {"missed_rate", "missed_rate_95", "false_rate", "false_rate_95"},
        ),
    ],
)
@pytest.mark.parametrize("probability", [0.2, 0.7])
def test_an_absent_class_gives_null(bare: list[bool], absent: set[str], probability: float) -> None:
    every = measure(np.full(len(bare), probability, np.float32), np.array(bare, np.bool_), 0.5).as_dict()
    nothing = {name for name, value in every.items() if value is None}
    if bare and all(bare) and probability < 0.5:
        absent = absent | {"precision"}  # nobody was called bare
    assert nothing == absent
    json.dumps(every, allow_nan=False)


def test_the_types_check_themselves() -> None:
    with pytest.raises(ValueError, match="width"):
        Bin(0.5, 0.5, 0, None, None)
    with pytest.raises(ValueError, match="averages"):
        Bin(0.0, 0.5, 3, None, 0.5)
    with pytest.raises(ValueError, match="begins with 0"):
        Curve(np.array([1, 2]), np.array([0, 2]))
    with pytest.raises(ValueError, match="as many"):
        Curve(np.array([0, 2]), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="no ladder"):
        Step("hail", 1)
    with pytest.raises(ValueError, match="unknown truth"):
        Labelled(Path("a.png"), "scarf", "own")
    with pytest.raises(ValueError, match="names"):
        Listed("", frozenset())
