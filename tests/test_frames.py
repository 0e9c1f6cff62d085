from __future__ import annotations

import numpy as np
import pytest

from maskcam.frames import Faces, Floats, Frame, Judgement, Reason, Result, Verdict


def result(**changed: object) -> Result:
    fields: dict[str, object] = {
        "index": 0,
        "time": 0.0,
        "width": 10,
        "height": 10,
        "boxes": np.array([[1, 1, 5, 5]], np.float32),
        "scores": np.ones(1, np.float32),
        "track_ids": np.ones(1, np.int64),
        "detected": np.ones(1, np.bool_),
        "no_mask_probability": np.ones(1, np.float32),
        "raw_no_mask_probability": np.ones(1, np.float32),
        "verdicts": (Verdict.NO_MASK,),
        "reasons": (None,),
        "not_face_probability": np.zeros(1, np.float32),
    }
    return Result(**{**fields, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_a_frame_refuses_what_is_no_picture(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="picture"):
        Frame(image)


@pytest.mark.parametrize(("index", "time"), [(-1, 0.0), (0, float("nan")), (0, float("inf"))])
def test_a_frame_refuses_a_bad_index_or_time(index: int, time: float) -> None:
    with pytest.raises(ValueError, match="finite time"):
        Frame(np.zeros((4, 4, 3), np.uint8), index, time)


def test_faces_need_boxes_with_an_area() -> None:
    box = np.array([[5, 5, 5, 9]], np.float32)
    with pytest.raises(ValueError, match="x1 > x0"):
        Faces(box, np.ones(1, np.float32), np.zeros((1, 6, 2), np.float32))


def test_faces_need_as_many_scores_as_boxes() -> None:
    with pytest.raises(ValueError, match="scores"):
        Faces(np.array([[1, 1, 5, 9]], np.float32), np.ones(2, np.float32), np.zeros((1, 6, 2), np.float32))


@pytest.mark.parametrize("score", [-0.1, 7.0])
def test_faces_have_scores_from_0_to_1(score: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Faces(np.array([[1, 1, 5, 9]], np.float32), np.array([score], np.float32), np.zeros((1, 6, 2), np.float32))


def test_no_faces_are_fine() -> None:
    assert len(Faces.none()) == 0


def test_a_result_counts_its_verdicts() -> None:
    assert result().count(Verdict.NO_MASK) == 1
    assert result().count(Verdict.MASK) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"scores": np.ones(2, np.float32)},
        {"scores": np.ones(1, np.float64)},
        {"no_mask_probability": np.array([np.nan], np.float32)},
        {"track_ids": np.ones(1, np.int32)},
        {"not_face_probability": np.zeros(2, np.float32)},
        {"not_face_probability": np.zeros(1, np.float64)},
        {"scores": np.full(1, 1.5, np.float32)},
        {"no_mask_probability": np.full(1, -2, np.float32)},
        {"time": float("nan")},
        {"height": 0},
        {"verdicts": ()},
        {"reasons": (Reason.MIXED,)},
        {"verdicts": (Verdict.UNSURE,)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_result_checks_itself(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|need"):
        result(**changed)


@pytest.mark.parametrize("name", ["no_mask_probability", "not_face_probability"])
@pytest.mark.parametrize(
    "wrong",
    [
        np.array([0.5, np.nan], np.float32),
        np.array([0.5, 1.01], np.float32),
        np.array([-0.01, 0.5], np.float32),
        np.array([0.5, 0.5]),
        np.array([[0.5, 0.5]], np.float32),
        np.array([0.5, 0.5, 0.5], np.float32),
    ],
    ids=["nan", "above", "below", "float64", "shape", "number"],
)
def test_a_judgement_is_two_probabilities_a_face(name: str, wrong: Floats) -> None:
    fine = np.array([0.0, 1.0], np.float32)
    fields = {"no_mask_probability": fine, "not_face_probability": fine}
    assert len(Judgement(**fields)) == 2
    with pytest.raises(ValueError, match="_probability must"):
        Judgement(**{**fields, name: wrong})


def test_nobody_is_judged_in_an_empty_frame() -> None:
    assert len(Judgement(np.zeros(0, np.float32), np.zeros(0, np.float32))) == 0
