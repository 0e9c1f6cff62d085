"""Scores and the choice of the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskcam.frames import Flags, Floats
from training.metrics import HIGHEST, LEAST_RECALL, LOWEST, MISSED_WEIGHS, Scores, choose_threshold, score

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


judged = st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=2, max_size=40).filter(
    lambda faces: len({bare for _, bare in faces}) == 2
)


def test_counts_errors_by_hand() -> None:
    probability = np.array([0.9, 0.5, 0.4, 0.6, 0.1, 0.2, 0.3], np.float32)
    bare = np.array([True, True, True, False, False, False, False])
    scores = score(probability, bare, 0.5)
    assert scores == Scores(threshold=0.5, positives=3, negatives=4, missed_alarms=1, false_alarms=1)
    assert scores.as_dict() == {
        "threshold": 0.5,
        "positives": 3,
        "negatives": 4,
        "missed_alarms": 1,
        "false_alarms": 1,
        "accuracy": 0.71429,
        "precision": 0.66667,
        "recall": 0.66667,
        "specificity": 0.75,
    }


@pytest.mark.parametrize(
    ("bare", "nothing"),
    [
        ([True, True], {"specificity"}),
        ([False, False], {"recall"}),
        ([], {"accuracy", "precision", "recall", "specificity"}),
    ],
)
def test_a_share_of_nothing_is_none(bare: list[bool], nothing: set[str]) -> None:
    shares = score(np.full(len(bare), 0.7, np.float32), np.array(bare, np.bool_), 0.5).as_dict()
    assert {name for name, value in shares.items() if value is None} == nothing


def test_nobody_called_bare_gives_no_precision() -> None:
    scores = score(np.array([0.1, 0.2], np.float32), np.array([True, False]), 0.5)
    assert (scores.precision, scores.recall, scores.specificity, scores.accuracy) == (None, 0.0, 1.0, 0.5)


def test_scores_refuse_more_errors_than_faces() -> None:
    with pytest.raises(ValueError, match="more errors"):
        Scores(threshold=0.5, positives=1, negatives=1, missed_alarms=2, false_alarms=0)


def catches(probability: Floats, bare: Flags, threshold: float) -> bool:
    return (score(probability, bare, threshold).recall or 0) >= LEAST_RECALL


def errors(probability: Floats, bare: Flags, threshold: float) -> int:
    found = score(probability, bare, threshold)
    return MISSED_WEIGHS * found.missed_alarms + found.false_alarms


@settings(max_examples=200)
@given(judged)
def test_the_chosen_threshold_has_the_fewest_errors_of_those_that_catch(faces: list[tuple[float, bool]]) -> None:
    probability = np.array([one for one, _ in faces], np.float32)
    bare = np.array([one for _, one in faces])
    able = [float(one) for one in np.linspace(0.0005, 0.9995, 1000) if catches(probability, bare, float(one))]
    fewest = min((errors(probability, bare, one) for one in able), default=MISSED_WEIGHS * len(faces))
    try:
        threshold = choose_threshold(probability, bare)
    except ValueError as error:
        assert "calibration" in str(error) or ("none catches" in str(error) and not able)
        assert all(errors(probability, bare, one) > fewest + 1 for one in able if LOWEST < one < HIGHEST)
        return
    assert LOWEST < threshold < HIGHEST and catches(probability, bare, threshold)
    inside = [one for one in able if LOWEST < one < HIGHEST]
    assert all(errors(probability, bare, threshold) <= errors(probability, bare, one) for one in inside)


def test_one_false_alarm_fewer_is_not_worth_two_missed_faces() -> None:
    masked, bare = [0.05, 0.1, 0.86], [0.83, 0.85, *[0.97] * 998]
    probability, truth = np.array(masked + bare, np.float32), np.arange(1003) >= 3
    threshold = choose_threshold(probability, truth)
    assert catches(probability, truth, 0.9), "recall alone would allow it"
    assert threshold == pytest.approx((0.1 + 0.83) / 2)


def test_the_chosen_threshold_lies_in_the_middle_of_the_gap() -> None:
    probability = np.array([0.02, 0.2, 0.7, 0.99], np.float32)
    assert choose_threshold(probability, np.array([False, False, True, True])) == pytest.approx(0.45)


def test_one_bare_face_of_a_thousand_may_be_given_up_and_one_of_a_hundred_not() -> None:
    masked = np.linspace(0.31, 0.4, 6).astype(np.float32)
    for many, given_up in ((1000, True), (100, False)):
        bare = np.concatenate([[0.3], np.full(many - 1, 0.95)]).astype(np.float32)
        truth = np.arange(many + len(masked)) < many
        threshold = choose_threshold(np.concatenate([bare, masked]), truth)
        assert (threshold > 0.3) == given_up


@pytest.mark.parametrize("probability", [[0.01, 0.05, 0.03, 0.06], [0.93, 0.92, 0.95, 0.99]])
def test_a_threshold_at_the_very_edge_is_refused(probability: list[float]) -> None:
    with pytest.raises(ValueError, match="calibration"):
        choose_threshold(np.array(probability, np.float32), np.array([False, False, True, True]))


@pytest.mark.parametrize("bare_is_odd", [True, False])
@pytest.mark.parametrize("faces", [800, 3000])
def test_a_few_odd_faces_are_no_bad_calibration_and_more_are(bare_is_odd: bool, faces: int) -> None:
    bare = np.arange(2 * faces) < faces
    for odd, refused in ((1, False), (faces // 1000, False), (faces // 400, True)):
        probability = np.where(bare, 0.9999, 0.0005).astype(np.float32)
        probability[np.arange(odd) + (0 if bare_is_odd else faces)] = 0.05 if bare_is_odd else 0.95
        if refused:
            with pytest.raises(ValueError, match="calibration"):
                choose_threshold(probability, bare)
        else:
            assert LOWEST < choose_threshold(probability, bare) < HIGHEST


@pytest.mark.parametrize("bare", [[True, True], [False, False]])
def test_no_threshold_without_both_classes(bare: list[bool]) -> None:
    with pytest.raises(ValueError, match="both classes"):
        choose_threshold(np.array([0.2, 0.8], np.float32), np.array(bare))


def test_too_many_bare_faces_rejected_leave_no_threshold_and_that_is_said() -> None:
    probability = np.concatenate([np.zeros(3), np.full(97, 0.9), np.full(50, 0.1)]).astype(np.float32)
    with pytest.raises(ValueError, match=r"none catches 99.75 % of the bare faces; 3 of 100 are rejected"):
        choose_threshold(probability, np.arange(150) < 100)


def test_harder_views_decide_between_thresholds_that_are_equally_good_otherwise() -> None:
    bare = np.array([True, True, False, False])
    plain = np.array([0.95, 0.9, 0.12, 0.11], np.float32)
    harder = np.array([[0.3, 0.35, 0.2, 0.05], [0.9, 0.31, 0.28, 0.1]], np.float32)
    assert choose_threshold(plain, bare) == pytest.approx(0.5, abs=0.02)
    assert choose_threshold(plain, bare, harder) == pytest.approx(0.29)
    # One view in which a bare face looks masked can't outweigh the faces as they are.
    assert choose_threshold(plain, bare, np.array([[0.01, 0.01, 0.99, 0.99]], np.float32)) > 0.12


def test_a_narrow_gap_is_not_left_by_rounding() -> None:
    probability = np.array([0.50006, 0.50008], np.float32)
    threshold = choose_threshold(probability, np.array([False, True]))
    assert probability[0] < threshold <= probability[1]


def test_one_error_more_in_two_thousand_faces_keeps_the_threshold_where_it_should_be() -> None:
    masked, bare = np.full(1000, 0.05, np.float32), np.full(1000, 0.97, np.float32)
    masked[0] = 0.905
    threshold = choose_threshold(np.concatenate([masked, bare]), np.arange(2000) >= 1000)
    assert LOWEST < threshold < HIGHEST
    masked[:20] = 0.905
    with pytest.raises(ValueError, match="calibration"):
        choose_threshold(np.concatenate([masked, bare]), np.arange(2000) >= 1000)
