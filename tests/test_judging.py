"""Who is judged anew where there are many: everybody has their turn, and whoever changes is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.classifier import MaskClassifier
from maskcam.detections import Sighting
from maskcam.drawn_mask import draw_mask
from maskcam.faces import FaceDetector
from maskcam.frames import EventKind, Faces, Frame, Hints, Judgement, Pixels, Reason, Verdict
from maskcam.judging import LONGEST, NOBODY, UNDECIDED, Known, completed, to_judge, whose
from maskcam.pipeline import MOST_JUDGED, Pipeline
from maskcam.tracks import Tracker
from tests.support import astronaut, judged, keypoints
from tests.track_parts import HEIGHT, WIDTH, arrays, face, step


def known(waited: list[float], decided: list[bool] | None = None) -> Known:
    """People in a row, 100 px apart, of whom the n-th was said to be bare with n hundredths."""
    n = len(waited)
    left = 100 * np.arange(n, dtype=np.float32)
    said = np.arange(n, dtype=np.float32) / 100
    return Known(
        np.stack([left, np.zeros_like(left), left + 50, np.full_like(left, 50)], axis=1).reshape(n, 4),
        Judgement(said, said / 10),
        tuple(Reason.TOO_SMALL if one % 2 else None for one in range(n)),
        np.array(waited, np.float32),
        np.array(decided if decided is not None else [True] * n, np.bool_),
    )


def judged_anew(owners: np.ndarray, people: Known, most: int | None) -> np.ndarray:
    """Who is judged anew where the detector is sure of everybody."""
    return to_judge(owners, people, np.ones(len(owners), np.bool_), most)


def test_a_box_belongs_to_who_should_be_there_and_nobody_has_two() -> None:
    people = known([1.0, 1.0])
    boxes = np.array([[102, 2, 152, 52], [0, 0, 50, 50], [5, 5, 55, 55], [300, 0, 350, 50]], np.float32)
    assert whose(boxes, people).tolist() == [1, 0, -1, -1]
    assert whose(boxes, NOBODY).tolist() == [-1] * 4
    beside = np.array([[25, 0, 75, 50], [0, 60, 50, 110]], np.float32)
    assert whose(beside, people).tolist() == [-1, -1]
    assert whose(boxes[:0], people).tolist() == []


def test_where_there_are_few_all_are_judged() -> None:
    people = known([0.1] * 6)
    assert judged_anew(np.arange(6), people, None).all()
    assert judged_anew(np.arange(6), people, 6).all()
    assert judged_anew(np.arange(0), people, 1).tolist() == []


def test_strangers_are_always_judged_and_then_who_waited_longest() -> None:
    people = known([0.1, 0.39, 0.2, 0.3])
    owners = np.array([0, -1, 1, 2, 3])
    assert judged_anew(owners, people, 2).tolist() == [False, True, True, False, True]
    crowd = np.array([-1, -1, -1, -1, 0, 1, 2, 3])
    assert judged_anew(crowd, people, 1).tolist() == [True] * 4 + [False, True, False, False]


def test_who_was_contradicted_comes_next() -> None:
    waited = [0.1 * UNDECIDED - 0.01] * 3 + [0.1]
    assert judged_anew(np.arange(4), known(waited, [True] * 3 + [False]), 1).tolist() == [False, False, False, True]
    assert not judged_anew(np.arange(4), known(waited), 3).tolist()[3]


def test_whose_box_is_weak_comes_next_they_may_have_left() -> None:
    people = known([0.1 * UNDECIDED - 0.01] * 3 + [0.1])
    plain = np.array([True] * 3 + [False])
    assert to_judge(np.arange(4), people, plain, 1).tolist() == [False, False, False, True]


def test_who_waited_too_long_is_judged_whatever_it_takes() -> None:
    people = known([LONGEST, LONGEST, LONGEST + 0.1, LONGEST - 0.01])
    assert judged_anew(np.arange(4), people, 1).tolist() == [True, True, True, False]


@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 5), st.sets(st.integers(0, 29)))
def test_nobody_waits_for_ever(people: int, most: int, strangers: int, undecided: set[int]) -> None:
    """However many strangers there are, and whoever is undecided all the time."""
    waited = np.zeros(people)
    decided = [one not in undecided for one in range(people)]
    owners = np.array([-1] * strangers + list(range(people)))
    for _ in range(100):
        waited += 0.05
        chosen = judged_anew(owners, known(list(waited), decided), most)
        assert chosen[:strangers].all()
        assert chosen[strangers:].sum() >= min(most, people)
        waited[chosen[strangers:]] = 0
        assert waited.max(initial=0) < LONGEST


def test_of_the_others_stands_what_was_last_said_of_them() -> None:
    people = known([0.1, 0.1, 0.1])
    owners, anew = np.array([2, -1, 1]), np.array([False, True, False])
    new = Judgement(np.array([0.9], np.float32), np.array([0.7], np.float32))
    said, doubts = completed(owners, people, anew, new, [Reason.TOO_BLURRED])
    assert said.no_mask_probability == pytest.approx([0.02, 0.9, 0.01])
    assert said.not_face_probability == pytest.approx([0.002, 0.7, 0.001])
    assert doubts == (None, Reason.TOO_BLURRED, Reason.TOO_SMALL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("waited", np.zeros(3, np.float32)),
        ("decided", np.zeros(2, np.float32)),
        ("doubts", (None,)),
        ("boxes", np.zeros((2, 3), np.float32)),
    ],
)
def test_what_is_known_has_a_place_for_everybody(field: str, value: object) -> None:
    people = known([0.1, 0.1])
    parts = {name: getattr(people, name) for name in ("boxes", "judgement", "doubts", "waited", "decided")}
    with pytest.raises(ValueError, match=r"boxes|waited|decided|people"):
        Known(**{**parts, field: value})


def sighting(index: int, time: float, rows: list[tuple], anew: list[bool]) -> Sighting:
    faces, bare, doubts = arrays(rows)
    return Sighting(index, time, WIDTH, HEIGHT, faces, judged(bare), tuple(doubts), np.array(anew, np.bool_))


def test_who_is_not_judged_anew_moves_on_and_what_was_said_is_held() -> None:
    tracker = Tracker(0.5)
    for number in range(10):
        step(tracker, number, number / 10, [face(300, 300, bare=0.02)])
    before = tracker.known(0.9, WIDTH, HEIGHT)
    kept = tracker.update(sighting(10, 1.0, [face(310, 300, bare=0.99)], [False]))
    assert kept.detected.all() and kept.boxes[0, 0] > 250
    assert kept.raw_no_mask_probability == pytest.approx([0.02]) and kept.verdicts == (Verdict.MASK,)
    after = tracker.known(1.0, WIDTH, HEIGHT)
    assert before.waited == pytest.approx([0.0]) and after.waited == pytest.approx([0.1])
    assert tracker.known(1.05, WIDTH, HEIGHT).waited == pytest.approx([0.15])


def test_known_is_who_is_believed_to_be_there_with_the_last_doubt() -> None:
    tracker = Tracker(0.5)
    step(tracker, 0, 0.0, [face(300, 300, score=0.5)])
    assert len(tracker.known(0.1, WIDTH, HEIGHT).boxes) == 0
    for number in range(1, 20):
        step(tracker, number, number / 10, [face(300, 300, doubt=Reason.TOO_BLURRED)])
    known_now = tracker.known(2.0, WIDTH, HEIGHT)
    assert known_now.doubts == (Reason.TOO_BLURRED,) and known_now.decided.all()
    step(tracker, 20, 2.0, [face(300, 300)])
    assert not tracker.known(2.1, WIDTH, HEIGHT).decided.any()


def test_held_is_as_good_as_said_again() -> None:
    often, seldom = Tracker(0.5), Tracker(0.5)
    for number in range(60):
        said = 0.02 if number < 30 else 0.9
        last = seldom.update(sighting(number, number / 30, [face(300, 300, bare=said)], [number % 3 == 0]))
        same = often.update(sighting(number, number / 30, [face(300, 300, bare=said)], [True]))
        assert last.no_mask_probability == pytest.approx(same.no_mask_probability, abs=1e-6)
        assert last.verdicts == same.verdicts


def test_who_was_missed_is_no_longer_known_and_a_jump_forgets_everybody() -> None:
    tracker = Tracker(0.5)
    for number in range(5):
        step(tracker, number, number / 10, [face(300, 300)])
    assert len(tracker.known(0.5, WIDTH, HEIGHT).boxes) == 1
    assert len(tracker.known(60.0, WIDTH, HEIGHT).boxes) == 0
    assert len(tracker.known(0.5, WIDTH, HEIGHT + 1).boxes) == 0
    step(tracker, 5, 0.5, [])
    assert len(tracker.known(0.6, WIDTH, HEIGHT).boxes) == 0


def test_nobody_begins_with_what_was_said_of_somebody_else() -> None:
    tracker = Tracker(0.5)
    for number in range(5):
        shown = tracker.update(sighting(number, number / 10, [face(300, 300, score=0.99)], [False]))
        assert len(shown) == 0


def test_a_sighting_tells_of_each_face_whether_it_was_judged() -> None:
    with pytest.raises(ValueError, match="judged"):
        sighting(0, 0.0, [face(300, 300)], [True, False])


class Standing:
    """A detector, a stand-in that points at people who stand in a row: the real one would take its time for ten."""

    def __init__(self, boxes: np.ndarray) -> None:
        self.boxes = boxes

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        n = len(self.boxes)
        return Faces(self.boxes, np.full(n, 0.95, np.float32), np.zeros((n, 6, 2), np.float32))


class Counting:
    """The real classifier, counting the crops that it is given."""

    def __init__(self, classifier: MaskClassifier) -> None:
        self.card, self._classifier = classifier.card, classifier
        self.crops: list[int] = []

    def judge(self, crops: Pixels) -> Judgement:
        self.crops.append(len(crops))
        return self._classifier.judge(crops)


def test_in_a_crowd_few_are_judged_at_a_time_and_a_mask_taken_off_is_told(
    parts: tuple[FaceDetector, MaskClassifier],
) -> None:
    bare = astronaut()
    masked = draw_mask(bare, keypoints(bare))
    head = (slice(40, 200), slice(140, 300))
    people = 10
    boxes = np.array([[160 * n + 37, 35, 160 * n + 132, 138] for n in range(people)], np.float32)
    counting = Counting(parts[1])
    pipeline = Pipeline(Standing(boxes), counting, most_judged=MOST_JUDGED)
    off = 15
    results = []
    for number in range(off + 12):
        row = [bare if n in (0, 4) or (n == 7 and number >= off) else masked for n in range(people)]
        image = np.concatenate([one[head] for one in row], axis=1)
        results.append(pipeline.process(Frame(image, number, number / 25)))
    assert counting.crops[0] == people
    assert set(counting.crops[3:]) == {MOST_JUDGED}
    expected = [Verdict.NO_MASK if n in (0, 4) else Verdict.MASK for n in range(people)]
    assert {one.verdicts for one in results[10:off]} == {tuple(expected)}
    expected[7] = Verdict.NO_MASK
    assert results[-1].verdicts == tuple(expected)
    assert all(len(one) == people and one.detected.all() for one in results)
    kinds = [event.kind for one in results for event in one.events]
    assert kinds == [EventKind.APPEARED] * people + [EventKind.VERDICT]
