"""Who gets a verdict: the app's own answers to judged faces, the curve of its confidence, the report on both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskcam.assets import MASK_MODEL, asset
from maskcam.crops import crop_faces
from maskcam.doubts import LEAST_JUDGED_SIDE, doubts
from maskcam.frames import Faces, Pixels, Reason, Verdict
from maskcam.modelcard import MASK, NO_MASK
from maskcam.odds import log_odds
from maskcam.single import judge_single
from maskcam.track_rules import TrackRules
from tests.drawn_faces import save
from tests.support import all_judged, astronaut
from tests.support import judged as said_of
from training.judge import Judged, judge
from training.labelled import Labelled
from training.measures import wilson
from training.metrics import Scores, score
from training.plots import draw_risk_coverage
from training.report_verdicts import caught_line, verdicts
from training.risk_coverage import (
    ANSWERS,
    LEVELS,
    REJECTED,
    Covered,
    RiskCurve,
    app_answers,
    confidence_ranks,
    measure_coverage,
    risk_curve,
)
from training.scan import Trouble
from training.scorers import open_scorer

FaceJudged = tuple[float, bool, Reason | None, bool]
"""No-mask probability, whether it is bare, the doubt, whether it is rejected."""


def judged_of(faces: Sequence[FaceJudged]) -> Judged:
    """As `judge` would answer; what is rejected has no probability."""
    truths = [NO_MASK if one[1] else MASK for one in faces]
    return Judged(
        faces=tuple(Labelled(Path(f"{number}.png"), truth, "own") for number, truth in enumerate(truths)),
        no_mask_probability=np.array([0 if one[3] else one[0] for one in faces], np.float32),
        rejected=np.array([one[3] for one in faces], np.bool_),
        hardly=np.zeros(len(faces), np.bool_),
        doubts=tuple(one[2] for one in faces),
        sizes=np.full(len(faces), 50, np.int64),
        steps=(),
        on_ladder=np.zeros(0, np.int64),
        by_step=np.zeros((0, 0), np.float32),
    )


# Few different values, so that ties are common; and the ends, where log-odds are cut off.
probabilities = st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
doubtful = st.sampled_from([None, None, None, Reason.TOO_SMALL, Reason.TOO_BLURRED])
judgements = st.tuples(probabilities, st.booleans(), doubtful, st.sampled_from([False] * 4 + [True]))
# What is doubtful is never rejected.
crowds = st.lists(judgements.map(lambda one: (*one[:3], one[3] and one[2] is None)), max_size=40)
thresholds = st.sampled_from([0.1, 0.5, 0.5242, 0.9])


# The curve.


@given(crowds, thresholds)
def test_the_curve_by_brute_force(faces: list[FaceJudged], threshold: float) -> None:
    """Every face is compared with every other: those at least as sure come before it."""
    found = judged_of(faces)
    curve = measure_coverage(found, threshold).curve

    def class_and_distance(place: int) -> tuple[int, float]:
        probability = float(found.no_mask_probability[place])
        _, _, doubt, rejected = faces[place]
        distance = abs(log_odds(probability) - log_odds(threshold))
        return (2 if rejected else 1 if doubt else 0), -distance

    expected = set()
    for one in range(len(faces)):
        sure = [other for other in range(len(faces)) if class_and_distance(other) <= class_and_distance(one)]
        said = [(bool(found.no_mask_probability[other] >= np.float32(threshold)), faces[other][1]) for other in sure]
        expected.add(
            (
                len(said),
                sum(bare for _, bare in said),
                sum(bare and not called for called, bare in said),
                sum(called and not bare for called, bare in said),
            )
        )
    lines = zip(*(one.tolist() for one in (curve.covered, curve.bare, curve.missed, curve.false)), strict=True)
    assert list(lines) == sorted(expected)


@given(crowds, thresholds)
def test_coverage_grows_and_ends_with_all_faces_as_they_are_scored(faces: list[FaceJudged], threshold: float) -> None:
    found = judged_of(faces)
    curve = measure_coverage(found, threshold).curve
    assert (np.diff(curve.covered) > 0).all()
    for counts in (curve.bare, curve.missed, curve.false):
        assert (np.diff(counts) >= 0).all()
    assert curve.at(100).scores == score(found.no_mask_probability, found.bare, threshold)
    assert curve.at(100).covered == len(faces)


@given(crowds.filter(bool), st.integers(1, 100))
def test_a_level_takes_no_more_faces_than_it_needs(faces: list[FaceJudged], percent: int) -> None:
    curve = measure_coverage(judged_of(faces), 0.5).curve
    enough = [place for place, covered in enumerate(curve.covered) if 100 * covered >= percent * len(faces)]
    at = curve.at(percent)
    assert at.covered == curve.covered[enough[0]] and at.scores.positives == curve.bare[enough[0]]
    assert (at.scores.missed_alarms, at.scores.false_alarms) == (curve.missed[enough[0]], curve.false[enough[0]])
    assert (at.faces, at.bare) == (len(faces), sum(one[1] for one in faces))


def test_the_surest_come_first_then_poor_crops_then_what_is_no_face() -> None:
    faces: list[FaceJudged] = [
        (0.75, True, None, False),
        (0.99, True, Reason.TOO_BLURRED, False),
        (0.01, False, None, False),
        (0.75, False, None, False),
        (0.9, True, None, True),
        (0.9, True, Reason.TOO_SMALL, False),
    ]
    assert confidence_ranks(judged_of(faces), 0.5).tolist() == [1, 2, 0, 1, 4, 3]
    assert confidence_ranks(judged_of(faces), 0.9).tolist() == [1, 2, 0, 1, 4, 3], "of masks too the surest come first"


# The app's answers.


@given(crowds, thresholds)
def test_faces_get_the_answer_that_the_app_gives_a_single_picture(faces: list[FaceJudged], threshold: float) -> None:
    one_face = Faces(np.array([[10, 10, 60, 60]], np.float32), np.ones(1, np.float32), np.zeros((1, 6, 2), np.float32))
    expected = []
    for probability, _, doubt, rejected in faces:
        said = said_of(np.array([probability], np.float32), np.array([rejected], np.float32))
        result = judge_single(all_judged(0, 0.0, 99, 99, one_face, said, (doubt,)), threshold)
        assert len(result) == (not rejected)
        expected.append(REJECTED if rejected else result.reasons[0] or result.verdicts[0])
    found = judged_of(faces)
    assert app_answers(found, threshold) == expected
    measured = measure_coverage(found, threshold)
    assert sum(one.bare + one.masked for one in measured.answers) == len(faces), "everybody gets one answer"
    assert measured.app.covered == sum(one in (MASK, NO_MASK) for one in expected)
    assert measured.app.caught == measured.bare(NO_MASK)


def test_poor_crops_are_those_the_app_finds_poor(tmp_path: Path) -> None:
    """Faces with a box, and pictures that are one face, which the app would have cut around a smaller box."""
    portrait = astronaut()
    head = (177.0, 75.0, 272.0, 178.0)
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 9), np.uint8)
    dark = np.asarray(portrait // 30, np.uint8)

    def whole(side: int) -> Pixels:
        return np.asarray(cv2.resize(portrait[65:188, 165:288], (side, side), interpolation=cv2.INTER_AREA), np.uint8)

    pictures = {"plain": portrait, "blurred": blurred, "dark": dark, "large": whole(60), "tiny": whole(18)}
    paths = {name: save(picture, tmp_path / f"{name}.png") for name, picture in pictures.items()}
    boxes = {**dict.fromkeys(("plain", "blurred", "dark"), head), "large": None, "tiny": None}
    small = (200.0, 100.0, 200.0 + LEAST_JUDGED_SIDE - 1, 110.0)
    faces = [Labelled(paths[name], NO_MASK, "own", box) for name, box in boxes.items()]
    faces.append(Labelled(paths["plain"], NO_MASK, "own", small))
    with open_scorer(asset(MASK_MODEL)) as scorer:
        judged = judge(scorer, faces, (), None, Trouble())
        for place, picture in ((0, portrait), (1, blurred), (2, dark), (5, portrait)):
            box = np.array([faces[place].box], np.float32)
            assert list(doubts(box, crop_faces(picture, box, scorer.card))) == [judged.doubts[place]]
    assert judged.doubts == (None, Reason.TOO_BLURRED, Reason.TOO_BLURRED, None, Reason.TOO_SMALL, Reason.TOO_SMALL)
    assert app_answers(judged, 0.5242)[0] == Verdict.NO_MASK


# What is told.


def by_hand() -> Judged:
    """Ten bare faces and four masked ones; at .5 the app is sure from .622 on, and below .289."""
    return judged_of(
        [
            *[(0.9, True, None, False)] * 5,
            (0.1, True, None, False),
            (0.55, True, None, False),
            (0.45, True, None, False),
            (0.95, True, Reason.TOO_SMALL, False),
            (0.95, True, None, True),
            (0.05, False, None, False),
            (0.8, False, None, False),
            (0.2, False, Reason.TOO_BLURRED, False),
            (0.2, False, None, True),
        ]
    )


def test_the_apps_point_by_hand() -> None:
    found = measure_coverage(by_hand(), 0.5)
    assert {one.name: (one.bare, one.masked) for one in found.answers} == {
        NO_MASK: (5, 1),
        MASK: (1, 1),
        "too_small": (1, 0),
        "too_blurred": (0, 1),
        "mixed": (2, 0),
        REJECTED: (1, 1),
    }
    told = found.as_dict()
    app = told["app"]
    assert (app["coverage"], app["with_verdict"], app["bare"], app["masked"]) == (round(8 / 14, 5), 8, 6, 2)
    assert (app["missed_alarms"], app["false_alarms"], app["caught"]) == (1, 1, 5)
    assert (app["accuracy"], app["missed_rate"], app["false_rate"]) == (0.75, 0.16667, 0.5)
    assert app["caught_of_all_bare"] == 0.5, "of ten bare faces, whatever became of the others"
    for name, counts in (("accuracy", (6, 8)), ("missed_rate", (1, 6)), ("false_rate", (1, 2))):
        assert app[f"{name}_95"] == [round(end, 5) for end in wilson(*counts) or ()]
    assert app["caught_of_all_bare_95"] == [round(end, 5) for end in wilson(5, 10) or ()]
    assert told["answers"]["mixed"] == {"bare": 2, "masked": 0}
    assert [row["at_least"] for row in told["levels"]] == [1, 0.99, 0.98, 0.95, 0.9, 0.8]
    # The two rejected come as one, before them the poor crops, of which the small one is the surer.
    assert [row["with_verdict"] for row in told["levels"]] == [14, 14, 14, 14, 14, 12]
    assert [row["missed_alarms"] for row in told["levels"]][::5] == [3, 2]
    json.dumps(told, allow_nan=False)


def test_the_report_tells_what_becomes_of_bare_faces() -> None:
    found = measure_coverage(by_hand(), 0.5)
    text = "\n".join(verdicts(found))
    low, high = wilson(5, 10) or (0, 0)
    caught = f"of 10 bare faces 5 are caught (95 %: {100 * low:.2f}-{100 * high:.2f} %), 5 are not: 1 called masked"
    assert f"8 of 14 faces a verdict; {caught}, 3 left unsure, 1 rejected as no face" in caught_line(found)
    assert caught in text and "*not caught*" in text
    for row in ("| no mask | 5 | 1 |", "| unsure: too small | 1 | 0 |", "| nothing: rejected as no face | 1 | 1 |"):
        assert row in text
    assert "| the app | 8 of 14, 0.5714 | 1 of 6 |" in text
    assert sum(line.startswith("| surest ") for line in text.splitlines()) == len(LEVELS)


@pytest.mark.parametrize(
    "faces",
    [[], [(0.9, True, None, True)], [(0.5, True, None, False)], [(0.1, False, None, False)]],
    ids=["nobody", "only rejected", "only unsure", "only masked"],
)
def test_what_cant_be_told_is_a_dash_and_the_diagram_is_drawn(faces: list[FaceJudged], tmp_path: Path) -> None:
    found = measure_coverage(judged_of(faces), 0.5)
    assert found.as_dict()["app"]["missed_rate"] is None and "| - |" in "\n".join(verdicts(found))
    draw_risk_coverage(found, tmp_path / "one.png")
    with Image.open(tmp_path / "one.png") as picture:
        assert min(picture.size) > 200


def test_the_diagram_marks_where_the_app_stands(tmp_path: Path) -> None:
    """With every second face unsure its marks stand left of where all have a verdict."""
    places = []
    for unsure in (0.5, 0.9):
        faces: list[FaceJudged] = [(0.9, True, None, False), (0.1, True, None, False), (unsure, True, None, False)] * 20
        draw_risk_coverage(measure_coverage(judged_of(faces), 0.5), tmp_path / "one.png")
        with Image.open(tmp_path / "one.png") as picture:
            pixels = np.asarray(picture.convert("RGB"), np.uint8)
        vermillion = (pixels == (0xD5, 0x5E, 0x00)).all(axis=2)
        disc = cv2.erode(vermillion.astype(np.uint8), np.ones((5, 5), np.uint8))
        places.append(float(np.nonzero(disc)[1].mean()) / pixels.shape[1])
    assert places[0] < 0.3 and places[1] > 0.9


def test_the_types_check_themselves() -> None:
    one, two = np.array([1], np.int64), np.array([1, 2], np.int64)
    with pytest.raises(ValueError, match="as many of all counts"):
        RiskCurve(0.5, two, one, one, one)
    with pytest.raises(ValueError, match="none falls"):
        RiskCurve(0.5, two, two[::-1].copy(), two, two)
    with pytest.raises(ValueError, match="more faces than the one before"):
        RiskCurve(0.5, np.array([1, 1]), two, two, two)
    with pytest.raises(ValueError, match="more faces with a verdict"):
        Covered(Scores(0.5, 2, 0, 0, 0), 3, 1)
    with pytest.raises(ValueError, match="as many doubts"):
        replace(judged_of([]), doubts=(None,))
    empty = risk_curve(np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.bool_), 0.5)
    assert empty.at(90).coverage is None and empty.at(90).covered == 0
    assert len(ANSWERS) == len(set(ANSWERS)) and TrackRules().mask_enter > TrackRules().bare_enter
