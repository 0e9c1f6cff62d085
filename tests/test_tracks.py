"""`maskcam.tracks`: who is who from frame to frame, on made-up boxes."""

import itertools
import math
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskcam.association import assign
from maskcam.frames import EventKind, Reason, Verdict
from maskcam.track_rules import TrackRules
from maskcam.tracks import Tracker
from tests.support import all_judged, judged
from tests.track_parts import HEIGHT, WIDTH, Row, arrays, events, face, ids, run, step


def test_standing_still_is_one_person_whose_box_does_not_jitter() -> None:
    random = np.random.default_rng(0)
    results = run(3, 30, lambda t: [face(400 + random.normal(0, 2), 300 + random.normal(0, 2))])
    assert all(result.track_ids.tolist() == [1] for result in results)
    assert [event.kind for event in events(results)] == [EventKind.APPEARED]
    assert events(results)[0].verdict is Verdict.MASK
    shown = np.array([result.boxes[0] for result in results[15:]])
    # Noise of 2 pixels on each axis moves a raw centre by about 2.8 a frame.
    assert np.abs(np.diff(shown[:, 0])).mean() < 1.7
    assert np.abs(shown[:, 0] - 350).max() < 6


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
@pytest.mark.parametrize("speed", [100, 250, 400])
def test_walking_keeps_the_id_and_the_box_does_not_lag(fps: int, speed: float) -> None:
    results = run(2.4, fps, lambda t: [face(150 + speed * t, 300)])
    assert ids(results) == {1}
    assert all(len(result) == 1 for result in results)
    late = [r for r in results if r.time > 1]
    assert all(abs((r.boxes[0, 0] + r.boxes[0, 2]) / 2 - (150 + speed * r.time)) < 3 for r in late)


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_turning_round_in_fast_motion_keeps_the_id(fps: int) -> None:
    results = run(4, fps, lambda t: [face(640 + 250 * math.sin(2 * t), 360 + 100 * math.cos(3 * t))])
    assert ids(results) == {1}


@pytest.mark.parametrize("fps", [10, 30, 60])
@pytest.mark.parametrize("hidden", [False, True])
def test_two_people_crossing_do_not_swap(fps: int, hidden: bool) -> None:
    def rows(t: float) -> list[Row]:
        left, right = face(200 + 300 * t, 300, bare=0.02), face(1000 - 300 * t, 312, 110, bare=0.97)
        behind = hidden and abs((200 + 300 * t) - (1000 - 300 * t)) < 70
        return [right] if behind else [left, right]

    results = run(2.6, fps, rows)
    assert ids(results) == {1, 2}
    assert dict(zip(results[0].track_ids.tolist(), results[0].verdicts, strict=True)) == {
        1: Verdict.MASK,
        2: Verdict.NO_MASK,
    }
    boxes = dict(zip(results[-1].track_ids.tolist(), results[-1].boxes.tolist(), strict=True))
    assert boxes[1][0] > boxes[2][0]
    assert not events(results, EventKind.VERDICT)


def test_a_box_that_changes_its_size_at_once_is_the_same_person() -> None:
    assert ids(run(2, 30, lambda t: [face(400, 300, 100 if t < 1 else 190)])) == {1}


@pytest.mark.parametrize("fps", [5, 30])
def test_a_face_jumping_across_the_picture_is_a_new_person(fps: int) -> None:
    results = run(2, fps, lambda t: [face(200 if t < 1 else 1000, 300)])
    assert ids(results) == {1, 2}
    assert [e.track for e in events(results, EventKind.LEFT)] == [1]


def test_neighbours_stay_who_they_are_when_one_leaves() -> None:
    results = run(2, 10, lambda t: [face(300 + 110 * k, 300) for k in range(5) if k != 2 or t < 1])
    left = events(results, EventKind.LEFT)
    assert [event.track for event in left] == [3]
    assert results[-1].track_ids.tolist() == [1, 2, 4, 5]


def test_nothing_gives_nothing() -> None:
    tracker = Tracker(0.5)
    result = step(tracker, 7, 1.5, [])
    assert len(result) == 0
    assert (result.index, result.time, result.width, result.height, result.events) == (7, 1.5, 1280, 720, ())
    assert tracker.finish() == ()
    assert Tracker(0.5).finish() == ()


def test_ids_count_from_left_to_right() -> None:
    rows = [face(900, 300, score=0.99), face(200, 500, score=0.96), face(500, 100, score=0.97)]
    result = step(Tracker(0.5), 0, 0.0, rows)
    assert result.boxes[:, 0].tolist() == [150, 450, 850]
    assert result.track_ids.tolist() == [1, 2, 3]


def test_every_box_of_the_detector_is_handed_on_believed_or_not() -> None:
    tracker = Tracker(0.5)
    rows = [face(300, 300), face(700, 300, score=0.2), face(1275, 300, score=0.12)]
    found = step(tracker, 0, 0.0, rows)
    assert found.track_ids.tolist() == [1]
    assert found.found.tolist() == [list(row[0]) for row in rows]
    assert len(step(tracker, 1, 0.04, []).found) == 0


def test_there_are_as_many_judgements_as_faces() -> None:
    faces, _, doubts = arrays([face(300, 300)])
    with pytest.raises(ValueError, match="as many judgements"):
        all_judged(0, 0.0, 9, 9, faces, judged(np.zeros(2, np.float32)), tuple(doubts))


@pytest.mark.parametrize(
    "wrong",
    [
        {"coast_seconds": 0.0},
        {"coast_seconds": 3.0},
        {"start_score": 0.2},
        {"weight_limit": 1.5},
        {"bare_keep": 0.7},
        {"reach": math.nan},
        {"keep_score": -0.1},
        {"size_ratio": 1.0},
        {"slow_steps": 2.5},
        {"weak_misses": 0.5},
    ],
)
def test_rules_check_themselves(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TrackRules(**wrong)


def test_wrong_input_is_refused() -> None:
    faces, bare, doubts = arrays([face(300, 300)])
    for threshold in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="threshold"):
            Tracker(threshold)
    with pytest.raises(ValueError, match="doubts"):
        all_judged(0, 0.0, 9, 9, faces, judged(bare), ())
    with pytest.raises(ValueError, match="doubts"):
        all_judged(0, 0.0, 9, 9, faces, judged(bare), (Reason.MIXED,))
    with pytest.raises(ValueError, match="between 0 and 1"):
        all_judged(0, 0.0, 9, 9, faces, judged(bare + 1), tuple(doubts))
    with pytest.raises(ValueError, match="finite"):
        all_judged(0, math.inf, 9, 9, faces, judged(bare), tuple(doubts))


@given(
    st.integers(1, 5).flatmap(
        lambda m: st.lists(
            st.lists(st.one_of(st.just(math.inf), st.floats(0, 1)), min_size=m, max_size=m), min_size=1, max_size=5
        )
    )
)
@settings(max_examples=150)
def test_assignment_is_the_best_there_is(rows: list[list[float]]) -> None:
    costs = np.array(rows)
    pairs = assign(costs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(np.isfinite(costs[i, j]) for i, j in pairs)
    # Every way to give each row one column or none, of which there are few enough to try.
    n, m = costs.shape
    filled = np.hstack([np.where(np.isfinite(costs), costs, 1.0), np.ones((n, n))])
    best = min(
        sum(filled[i, j] for i, j in enumerate(columns))
        for columns in {tuple(min(j, m + i) if j >= m else j for i, j in enumerate(p)) for p in _choices(n, m)}
    )
    assert sum(costs[i, j] for i, j in pairs) + (n - len(pairs)) == pytest.approx(best, abs=1e-9)


def _choices(n: int, m: int) -> Iterator[tuple[int, ...]]:
    for columns in itertools.product(range(m + 1), repeat=n):
        used = [j for j in columns if j < m]
        if len(used) == len(set(used)):
            yield tuple(m + i if j == m else j for i, j in enumerate(columns))


detections = st.builds(
    face,
    st.floats(-100, 740),
    st.floats(-100, 580),
    st.floats(0.5, 300),
    st.floats(0, 1),
    st.floats(0, 1),
    doubt=st.sampled_from([None, Reason.TOO_SMALL, Reason.TOO_BLURRED]),
)


videos = st.lists(
    st.tuples(st.sampled_from([-5.0, -0.05, 0.0, 0.016, 0.033, 0.1, 0.2, 0.6, 5.0]), st.lists(detections, max_size=5)),
    max_size=12,
)


@given(videos, st.floats(0.05, 0.95), st.randoms(use_true_random=False))
@settings(max_examples=120)
def test_whatever_comes_the_result_is_sound(
    video: list[tuple[float, list[Row]]], threshold: float, random: Random
) -> None:
    tracker, other = Tracker(threshold), Tracker(threshold)
    time = 0.0
    present: set[int] = set()
    seen: set[int] = set()
    last: dict[int, Verdict] = {}
    for index, (passed, rows) in enumerate(video):
        time += passed
        result = step(tracker, index, time, rows, width=640, height=480)
        shuffled = random.sample(rows, len(rows))
        same = step(other, index, time, shuffled, width=640, height=480)
        for name in ("boxes", "scores", "track_ids", "detected", "no_mask_probability", "raw_no_mask_probability"):
            np.testing.assert_array_equal(getattr(result, name), getattr(same, name))
        assert (result.verdicts, result.reasons, result.events) == (same.verdicts, same.reasons, same.events)

        tracks = result.track_ids.tolist()
        assert tracks == sorted(set(tracks))
        assert (result.boxes >= 0).all()
        assert (result.boxes[:, 2:] <= (640, 480)).all()
        assert (result.boxes[:, 2:] > result.boxes[:, :2]).all()
        for probability in (result.no_mask_probability, result.raw_no_mask_probability):
            assert ((probability >= 0) & (probability <= 1)).all()
        for event in result.events:
            if event.kind is EventKind.APPEARED:
                assert event.track not in seen
                seen.add(event.track)
                present.add(event.track)
            elif event.kind is EventKind.LEFT:
                present.remove(event.track)
            else:
                assert event.verdict is not last[event.track]
            last[event.track] = event.verdict
        assert present == set(tracks)
        assert all(last[track] is verdict for track, verdict in zip(tracks, result.verdicts, strict=True))
    assert [event.track for event in tracker.finish()] == sorted(present)
    assert seen == set(range(1, len(seen) + 1))


@given(st.lists(st.tuples(st.floats(100, 1100), st.floats(100, 600)), max_size=5), st.floats(0.01, 0.4))
def test_people_are_expected_where_they_are_shown_next(places: list[tuple[float, float]], wait: float) -> None:
    """Whoever isn't found in the next frame is shown just where the detector was told to look."""
    tracker = Tracker(0.5)
    for number in range(4):
        rows = [face(x + 9 * number, y + 4 * number) for x, y in places]
        step(tracker, number, number * 0.04, rows)
    time = 3 * 0.04 + wait
    expected = tracker.expected(time, WIDTH, HEIGHT)
    assert expected.shape == (len(expected), 4) and expected.dtype == np.float32
    shown = step(tracker, 4, time, [])
    assert sorted(np.clip(expected, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT)).tolist()) == pytest.approx(
        np.array(sorted(shown.boxes.tolist())), abs=0.01
    )


def test_who_was_not_seen_for_longest_is_expected_first_and_strangers_too() -> None:
    tracker = Tracker(0.5)
    step(tracker, 0, 0.0, [face(200, 200), face(800, 200)])
    step(tracker, 0, 0.04, [face(800, 200), face(500, 500, score=0.4)])
    middles = [round(float(box[0] + box[2]) / 2) for box in tracker.expected(0.08, WIDTH, HEIGHT)]
    assert middles[0] == 200 and sorted(middles[1:]) == [500, 800]


def test_newcomers_are_expected_among_the_first_however_many_are_followed() -> None:
    """Only so many are looked for from close by: a newcomer whom a tile showed once would be missed, and dropped."""
    tracker = Tracker(0.5)
    crowd = [face(100 + 130 * (one % 9), 100 + 130 * (one // 9), 50) for one in range(36)]
    for index in range(5):
        step(tracker, index, index / 30, crowd)
    newcomer = face(1180, 650, 50, score=0.8)
    step(tracker, 5, 5 / 30, [newcomer])
    expected = tracker.expected(6 / 30, WIDTH, HEIGHT)
    assert len(expected) == 37
    assert newcomer[0] in [tuple(box) for box in expected[:2].tolist()]


def test_nobody_is_expected_at_first_or_after_a_jump_in_time_or_size() -> None:
    tracker = Tracker(0.5)
    assert tracker.expected(0.0, WIDTH, HEIGHT).shape == (0, 4)
    step(tracker, 0, 5.0, [face(200, 200)])
    assert len(tracker.expected(5.04, WIDTH, HEIGHT)) == 1
    assert not len(tracker.expected(5.04, WIDTH // 2, HEIGHT))
    assert not len(tracker.expected(60.0, WIDTH, HEIGHT))
    assert not len(tracker.expected(1.0, WIDTH, HEIGHT))
    assert len(tracker.expected(5.04, WIDTH, HEIGHT)) == 1, "asking changes nothing"


def test_the_same_threshold_again_changes_nobody_s_verdict() -> None:
    tracker = Tracker(0.8)
    for number in range(20):
        step(tracker, number, number / 30, [face(300, 300, bare=0.99)])
    leaning = [step(tracker, number, number / 30, [face(300, 300, bare=0.82)]) for number in range(20, 60)][-1]
    assert leaning.verdicts == (Verdict.NO_MASK,)
    tracker.change_threshold(0.8)
    assert step(tracker, 60, 2.0, [face(300, 300, bare=0.82)]).verdicts == (Verdict.NO_MASK,)
