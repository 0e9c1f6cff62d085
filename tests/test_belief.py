"""What detector and classifier say together of whether a box is a face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.belief import believe
from maskcam.frames import Faces, Floats, Judgement, Reason


def believed(scores: list[float], rejected: list[float], doubts: list[Reason | None] | None = None) -> Floats:
    n = len(scores)
    boxes = np.tile(np.array([0, 0, 9, 9], np.float32), (n, 1))
    faces = Faces(boxes, np.array(scores, np.float32), np.zeros((n, 6, 2), np.float32))
    judgement = Judgement(np.full(n, 0.5, np.float32), np.array(rejected, np.float32))
    return believe(faces, judgement, doubts or [None] * n).scores


def test_a_weak_box_becomes_sure_where_the_classifier_sees_a_face_and_weaker_where_it_sees_none() -> None:
    face, none = believed([0.3, 0.3], [0.001, 0.6])
    assert face > 0.5 and none < 0.1


def test_a_sure_box_stays_sure_unless_the_classifier_is_sure_of_the_opposite() -> None:
    assert believed([0.9], [0.05])[0] > 0.8
    assert believed([0.9], [0.99])[0] < 0.1


def test_of_a_doubtful_crop_only_the_detector_is_believed() -> None:
    doubts = [None, Reason.TOO_SMALL, Reason.TOO_BLURRED]
    assert believed([0.7] * 3, [0.999] * 3, doubts)[1:] == pytest.approx([0.7, 0.7])
    assert believed([0.7] * 3, [0.999] * 3, doubts)[0] < 0.1


shares = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(shares, shares), min_size=2, max_size=2))
def test_more_of_either_never_makes_it_less(said: list[tuple[float, float]]) -> None:
    (first, first_rejected), (second, second_rejected) = said
    both = believed([min(first, second), max(first, second)], [max(first_rejected, second_rejected)] * 2)
    assert both[0] <= both[1]
    both = believed([first] * 2, sorted([first_rejected, second_rejected]))
    assert both[0] >= both[1] and (both >= 0).all() and (both <= 1).all()


def test_no_boxes_are_fine() -> None:
    assert believed([], []).shape == (0,)
