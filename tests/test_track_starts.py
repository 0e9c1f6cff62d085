"""From which boxes on somebody is a person: weak boxes, false ones and what is called no face."""

import itertools

import numpy as np
import pytest

from maskcam.frames import EventKind, Result, Verdict
from maskcam.single import judge_single
from maskcam.tracks import Tracker
from tests.support import all_judged, judged
from tests.track_parts import HEIGHT, WIDTH, Row, arrays, events, face, ids, run, step


def test_a_weak_box_does_not_start_a_person_but_continues_one() -> None:
    assert not ids(run(3, 30, lambda t: [face(300, 300, score=0.2)]))
    results = run(3, 30, lambda t: [face(300 + 50 * t, 300, score=0.97 if t < 0.5 else 0.15)])
    assert ids(results) == {1}
    assert all(result.detected.all() for result in results)
    assert [event.kind for event in events(results)] == [EventKind.APPEARED]


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_weak_boxes_that_persist_start_a_person(fps: int) -> None:
    results = run(2, fps, lambda t: [face(300 + 40 * t, 300, score=0.4)])
    assert not len(results[0])
    shown = next(result for result in results if len(result))
    assert 0.1 <= shown.time <= 0.9
    assert shown.track_ids.tolist() == [1]
    assert shown.events[0].kind is EventKind.APPEARED


def test_a_confident_box_is_shown_at_once() -> None:
    result = step(Tracker(0.5), 0, 0.0, [face(300, 300, score=0.96, bare=0.9)])
    assert result.track_ids.tolist() == [1]
    assert result.events[0].verdict is Verdict.NO_MASK


@pytest.mark.parametrize(("fps", "frames"), [(10, 3), (25, 4), (60, 7)])
def test_a_box_that_is_probably_a_face_must_be_seen_thrice_and_last_a_tenth_of_a_second(fps: int, frames: int) -> None:
    """A fold of cloth is taken for a face in one frame and not in the next."""
    tracker, row = Tracker(0.5), face(300, 300, score=0.7)
    shown = [len(step(tracker, index, index / fps, [row] if index else [])) for index in range(1, frames + 1)]
    assert shown == [0] * (frames - 1) + [1]
    alone = Tracker(0.5)
    assert not any(len(step(alone, index, index / fps, [row] if index == 1 else [])) for index in range(3 * fps))


def test_false_boxes_flickering_at_random_are_never_shown() -> None:
    random = np.random.default_rng(1)

    def anywhere(t: float) -> list[Row]:
        return [
            face(*random.uniform((60, 60), (1220, 660)), random.uniform(30, 120), random.uniform(0.15, 0.45))
            for _ in range(random.integers(0, 3))
        ]

    assert not ids(run(40, 30, anywhere))
    flashing = itertools.cycle([True, False, False])
    assert not ids(run(20, 30, lambda t: [face(300, 300, score=0.45)] if next(flashing) else []))


def test_what_was_never_shown_uses_up_no_id() -> None:
    tracker = Tracker(0.5)
    step(tracker, 0, 0.0, [face(300, 300, score=0.4)])
    assert step(tracker, 1, 0.1, [face(900, 300)]).track_ids.tolist() == [1]


@pytest.mark.parametrize(("dx", "size"), [(12, 100), (40, 110), (0, 60), (20, 45), (0, 180)])
def test_a_second_box_on_a_person_starts_nobody(dx: float, size: float) -> None:
    results = run(1, 30, lambda t: [face(400, 300), face(400 + dx, 300, size, score=0.8)])
    assert ids(results) == {1}
    later = Tracker(0.5)
    run(1, 30, lambda t: [face(400, 300)], later)
    assert ids(run(1, 30, lambda t: [face(400, 300), face(400 + dx, 300, size, 0.8)], later, 1.0)) == {1}


def rejecting(tracker: Tracker, index: int, rows: list[Row], rejected: list[float]) -> Result:
    """One frame at 25 a second, with the classifier's third answer for each face."""
    faces, bare, doubts = arrays(rows)
    said = judged(bare, np.array(rejected, np.float32))
    return tracker.update(all_judged(index, index / 25, WIDTH, HEIGHT, faces, said, tuple(doubts)))


@pytest.mark.parametrize(("rejected", "people"), [(0.0, 1), (0.97, 1), (0.98, 0), (1.0, 0)])
def test_a_box_that_is_called_no_face_counts_as_not_found(rejected: float, people: int) -> None:
    tracker, row = Tracker(0.5), face(300, 300, bare=0.97)
    for index in range(20):
        result = rejecting(tracker, index, [row], [rejected])
        assert len(result) == people
        assert result.found.tolist() == [list(row[0])], "what the detector gave is told all the same"
        assert result.not_face_probability.tolist() == [np.float32(rejected)] * people
    assert [event.kind for event in tracker.finish()] == [EventKind.LEFT] * people
    faces, bare, doubts = arrays([row])
    said = judged(bare, np.array([rejected], np.float32))
    single = judge_single(all_judged(0, 0.0, WIDTH, HEIGHT, faces, said, tuple(doubts)), 0.5)
    assert single.not_face_probability.tolist() == [np.float32(rejected)] * people
    assert len(single.found) == 1


def test_somebody_who_is_rejected_for_a_moment_coasts_and_then_leaves() -> None:
    tracker, row = Tracker(0.5), face(300, 300, bare=0.97)
    results = [rejecting(tracker, index, [row], [0.1 if index < 10 or index >= 15 else 0.99]) for index in range(20)]
    assert ids(results) == {1} and [len(one) for one in results] == [1] * 20
    assert [bool(one.detected[0]) for one in results] == [True] * 10 + [False] * 5 + [True] * 5
    assert all(one.not_face_probability[0] == np.float32(0.1) for one in results), "the last one that was believed"
    assert all(one.verdicts == (Verdict.NO_MASK,) for one in results)
    later = [rejecting(tracker, index, [row], [0.99]) for index in range(20, 40)]
    assert [event.kind for event in events(later)] == [EventKind.LEFT]


def test_a_rejected_box_does_not_take_the_place_of_a_face() -> None:
    """It is the better scored of the two, and lies over the face."""
    tracker = Tracker(0.5)
    rows = [face(300, 300, 110, score=0.99, bare=0.97), face(304, 304, 100, score=0.96, bare=0.02)]
    result = rejecting(tracker, 0, rows, [0.99, 0.1])
    assert result.verdicts == (Verdict.MASK,) and result.scores.tolist() == [np.float32(0.96)]
    faces, bare, doubts = arrays(rows)
    said = judged(bare, np.array([0.99, 0.1], np.float32))
    single = judge_single(all_judged(0, 0.0, WIDTH, HEIGHT, faces, said, tuple(doubts)), 0.5)
    assert single.verdicts == (Verdict.MASK,) and len(single.found) == 2


def test_the_order_of_boxes_that_differ_in_the_third_answer_alone_plays_no_part() -> None:
    for rejected in ([0.1, 0.4], [0.4, 0.1]):
        result = rejecting(Tracker(0.5), 0, [face(300, 300)] * 2, rejected)
        assert result.not_face_probability.tolist() == [np.float32(0.1)]
