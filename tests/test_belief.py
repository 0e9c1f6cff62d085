"""What detector and classifier say together of whether a box is a face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.belief import CHILD, believe, on_a_chest
from maskcam.frames import Faces, Floats, Judgement, Reason

SURE_OF_A_MASK = 0.01
"""The no-mask probability of most people with a mask."""


def believed(
    scores: list[float],
    rejected: list[float],
    doubts: list[Reason | None] | None = None,
    bare: float = SURE_OF_A_MASK,
) -> Floats:
    n = len(scores)
    boxes = np.tile(np.array([0, 0, 9, 9], np.float32), (n, 1))
    faces = Faces(boxes, np.array(scores, np.float32), np.zeros((n, 6, 2), np.float32))
    judgement = Judgement(np.full(n, bare, np.float32), np.array(rejected, np.float32))
    return believe(faces, judgement, doubts or [None] * n).scores


def test_a_weak_box_becomes_sure_where_the_classifier_sees_a_face_and_weaker_where_it_sees_none() -> None:
    face, none = believed([0.3, 0.3], [0.0005, 0.6])
    assert face > 0.5 and none < 0.1


def test_a_sure_box_stays_sure_unless_the_classifier_is_sure_of_the_opposite() -> None:
    assert believed([0.9], [0.05])[0] > 0.8
    assert believed([0.9], [0.99])[0] < 0.1


@given(st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_the_surer_the_verdict_the_surer_the_face_whichever_it_is(
    score: float, rejected: float, first: float, second: float
) -> None:
    def face(bare: float) -> float:
        return float(believed([score], [rejected], bare=bare)[0])

    assert face(first) == pytest.approx(face(1 - first), abs=1e-4)
    vague, clear = sorted((first, second), key=lambda one: abs(one - 0.5))
    assert face(vague) <= face(clear) + 1e-6
    assert face(0.5) < face(0.99)


def test_what_is_neither_bare_nor_masked_is_rather_no_face() -> None:
    vague, clear = (believed([0.55], [0.01], bare=bare)[0] for bare in (0.4, 0.003))
    assert vague < 0.5 < clear


DOUBTS = st.sampled_from([Reason.TOO_SMALL, Reason.TOO_BLURRED])


@pytest.mark.parametrize("doubt", [Reason.TOO_SMALL, Reason.TOO_BLURRED])
def test_a_face_in_a_doubtful_crop_is_as_sure_as_the_detector_and_what_is_plainly_none_vanishes(doubt: Reason) -> None:
    assert believed([0.4, 0.7, 0.9], [0.001, 0.3, 0.5], [doubt] * 3) == pytest.approx([0.4, 0.7, 0.9])
    cloth, surer = believed([0.6, 0.97], [0.998, 0.998], [doubt] * 2)
    assert cloth < 0.05 and surer > 0.5


@given(st.floats(0.01, 0.99), st.floats(0, 1), DOUBTS)
def test_a_doubtful_crop_never_makes_a_box_surer(score: float, rejected: float, doubt: Reason) -> None:
    assert believed([score], [rejected], [doubt])[0] <= score + 1e-5


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


def square(x: float, y: float, side: float) -> list[float]:
    return [x - side / 2, y - side / 2, x + side / 2, y + side / 2]


FACE = square(500, 200, 100)


@pytest.mark.parametrize(
    ("box", "on"),
    [
        (square(500, 400, 30), True),  # an emblem
        (square(640, 450, 40), True),  # on the sleeve
        (square(500, 400, 60), False),  # a child's face before the chest
        (square(760, 400, 30), False),  # beside
        (square(500, 100, 30), False),  # above: somebody far behind
        (square(500, 250, 30), False),  # at the mouth: the same face or none, which isn't asked here
        (square(500, 900, 30), False),  # far below: another row
    ],
)
def test_only_what_lies_small_below_a_face_is_on_its_chest(box: list[float], on: bool) -> None:
    assert on_a_chest(np.array([box], np.float32), np.array([FACE], np.float32)).tolist() == [on]
    assert not on_a_chest(np.array([box], np.float32), np.zeros((0, 4), np.float32)).any()


@given(
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(1, 200)),
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(1, 200)),
)
def test_nobody_is_on_the_chest_of_whoever_is_on_theirs(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> None:
    one, other = (np.array([square(*place)], np.float32) for place in (first, second))
    assert not on_a_chest(one, one).any()
    assert not (on_a_chest(one, other).any() and on_a_chest(other, one).any())
    if second[2] * CHILD < first[2]:
        assert not on_a_chest(one, other).any()


def test_what_is_on_a_chest_must_be_surer() -> None:
    boxes = np.array([FACE, square(500, 400, 30), square(100, 400, 30)], np.float32)
    judgement = Judgement(np.full(3, SURE_OF_A_MASK, np.float32), np.array([0.001, 0.003, 0.003], np.float32))

    def scores(face: float, small: float, doubt: Reason | None = None) -> list[float]:
        found = Faces(boxes, np.array([face, small, small], np.float32), np.zeros((3, 6, 2), np.float32))
        return [float(score) for score in believe(found, judgement, [None, doubt, doubt]).scores]

    sure, emblem, other = scores(0.9, 0.5)
    assert sure > 0.95 and emblem < 0.35 and other > 0.65
    assert scores(0.9, 0.95)[1] > 0.9, "a face that is sure itself is told"
    blurred, elsewhere = scores(0.9, 0.5, Reason.TOO_BLURRED)[1:]
    assert blurred < 0.1 and elsewhere == pytest.approx(0.5)
    _, small, same = scores(0.3, 0.5)
    assert small == same, "only below somebody who is sure"
