"""`maskcam.tracks`: how long people stay who they are, and when they have left."""

import numpy as np
import pytest

from maskcam.frames import EventKind, Verdict
from maskcam.tracks import Tracker
from tests.track_parts import events, face, ids, run, step


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_a_gap_of_four_tenths_keeps_the_id(fps: int) -> None:
    results = run(3, fps, lambda t: [] if 1 < t < 1.39 else [face(300 + 60 * t, 300, bare=0.97)])
    assert ids(results) == {1}
    assert [event.kind for event in events(results)] == [EventKind.APPEARED]
    coasting = [result for result in results if 1 < result.time < 1.39]
    assert coasting
    for result in coasting:
        assert result.detected.tolist() == [False]
        assert result.verdicts == (Verdict.NO_MASK,)
        assert result.raw_no_mask_probability[0] == np.float32(0.97)
        assert abs(result.boxes[0].reshape(2, 2).mean(axis=0)[0] - (300 + 60 * result.time)) < 25


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_a_gap_of_six_tenths_is_a_new_person(fps: int) -> None:
    results = run(3, fps, lambda t: [] if 1.001 < t < 1.599 else [face(300, 300)])
    assert ids(results) == {1, 2}
    found = events(results)
    assert [(e.kind, e.track) for e in found] == [
        (EventKind.APPEARED, 1),
        (EventKind.LEFT, 1),
        (EventKind.APPEARED, 2),
    ]
    last_seen = max(r.time for r in results if 1 in r.track_ids and r.detected[0])
    assert 0.5 < found[1].time - last_seen <= 0.5 + 1 / fps + 1e-6
    assert all(len(r) == 1 for r in results if last_seen <= r.time <= last_seen + 0.499)


def test_slow_video_keeps_ids_from_frame_to_frame() -> None:
    assert ids(run(10, 1, lambda t: [face(300 + 20 * t, 300)])) == {1}


def test_where_every_frame_takes_seconds_people_stay_who_they_are() -> None:
    tracker = Tracker(0.5)
    results = [step(tracker, i, 3.0 * i, [face(300 + 2 * i, 300, bare=0.98)]) for i in range(12)]
    # How slow the frames are is known after three steps, of which each looks like a seek.
    assert [event.track for event in events(results, EventKind.LEFT)] == [1, 2, 3]
    assert ids(results[3:]) == {4}
    assert results[-1].verdicts == (Verdict.NO_MASK,)
    # A step that is far longer than those is a seek even so, and so is the first long one after short ones.
    later = [step(tracker, 12, 43.0, [face(324, 300)]), step(tracker, 13, 43.5, [face(324, 300)])]
    later.append(step(tracker, 14, 46.5, [face(324, 300)]))
    assert [event.track for event in events(later, EventKind.LEFT)] == [4, 5]


@pytest.mark.parametrize("steps", [(5.0, 5.0, 5.0), (0.04, 5.0, 5.0, 0.04, 5.0, 5.0)])
def test_one_seek_after_the_other_drops_everybody_each_time(steps: tuple[float, ...]) -> None:
    tracker = Tracker(0.5)
    run(1, 25, lambda t: [face(300, 300)], tracker)
    time = 24 / 25
    for i, length in enumerate(steps):
        time += length
        result = step(tracker, 25 + i, time, [face(300, 300)])
        assert bool(events([result], EventKind.LEFT)) is (length == 5.0)


def test_who_walks_out_of_the_picture_leaves_at_once() -> None:
    results = run(3, 30, lambda t: [face(1000 + 300 * t, 300)] if 1000 + 300 * t < 1310 else [])
    left = events(results, EventKind.LEFT)
    assert len(left) == 1
    last_seen = max(r.time for r in results if r.detected.any())
    assert left[0].time - last_seen < 0.3


@pytest.mark.parametrize("to", [20.0, 0.0, 2.5])
def test_a_seek_drops_everybody(to: float) -> None:
    tracker = Tracker(0.5)
    run(3, 30, lambda t: [face(300, 300), face(700, 300)], tracker)
    result = step(tracker, 90, to, [face(300, 300)])
    assert [(e.kind, e.track) for e in result.events] == [
        (EventKind.LEFT, 1),
        (EventKind.LEFT, 2),
        (EventKind.APPEARED, 3),
    ]
    assert result.events[0].time == pytest.approx(89 / 30)
    assert ids(run(1, 30, lambda t: [face(300, 300)], tracker, to + 0.033)) == {3}


def test_a_standing_or_jittering_clock_changes_nothing() -> None:
    tracker = Tracker(0.5)
    times = [0.0, 0.0, 0.033, 0.033, 0.02, 0.066, 0.066, 0.05, 0.1]
    results = [step(tracker, i, t, [face(300 + i, 300, bare=0.9)]) for i, t in enumerate(times)]
    assert ids(results) == {1}
    assert len(events(results)) == 1
    assert all(abs(r.boxes[0, 0] - (250 + i)) < 4 for i, r in enumerate(results))


def test_another_picture_size_is_another_picture() -> None:
    tracker = Tracker(0.5)
    step(tracker, 0, 0.0, [face(300, 300)])
    result = step(tracker, 1, 0.03, [face(300, 300)], width=640, height=480)
    assert result.track_ids.tolist() == [2]


def test_finish_says_who_left_and_only_once() -> None:
    tracker = Tracker(0.5)
    run(
        1,
        30,
        lambda t: [face(300, 300, bare=0.97), face(700, 300), face(1000, 300, score=0.3)][: 2 + (t > 0.95)],
        tracker,
    )
    left = tracker.finish()
    assert [(e.track, e.kind, e.verdict) for e in left] == [
        (1, EventKind.LEFT, Verdict.NO_MASK),
        (2, EventKind.LEFT, Verdict.MASK),
    ]
    assert left[0].time == pytest.approx(29 / 30)
    assert tracker.finish() == ()


@pytest.mark.parametrize("rate", [1, 1.5, 2, 3, 3.9, 4.1, 10, 30])
def test_one_frame_without_a_box_makes_nobody_new_at_any_rate(rate: float) -> None:
    tracker, results = Tracker(0.5), []
    for number in range(30):
        rows = [] if number % 10 == 5 else [face(300, 300)]
        results.append(step(tracker, number, number / rate, rows))
    later = [one for one in results if one.time >= 2 / rate]
    assert {tuple(one.track_ids.tolist()) for one in later} == {(1,)}
    assert not events(results, EventKind.LEFT)


def test_one_long_frame_without_a_box_makes_nobody_new_but_a_long_absence_does() -> None:
    """Also where frames come unevenly, as they do where others' work keeps the analysis from it."""
    for long, short in ((1.0, 0.1), (0.7, 0.1), (0.6, 0.25), (0.1, 1.0)):
        tracker, time, results = Tracker(0.5), 0.0, []
        for number in range(12):
            time += long if number % 2 else short
            results.append(step(tracker, number, time, [] if number in (5, 8) else [face(300, 300)]))
        assert {tuple(one.track_ids.tolist()) for one in results} == {(1,)}
    tracker = Tracker(0.5)
    for number in range(30):
        step(tracker, number, number / 30, [face(300, 300, bare=0.02)] if number < 16 else [])
    after = [step(tracker, 30 + n, 29 / 30 + 1.8 + n / 30, [face(300, 300, bare=0.98)]) for n in range(3)]
    assert {tuple(one.track_ids.tolist()) for one in after} == {(2,)}
    assert after[0].verdicts == (Verdict.NO_MASK,), "nothing is inherited from who was there before"


@pytest.mark.parametrize("rate", [1, 2, 3, 3.9, 10])
def test_who_is_gone_is_gone_after_half_a_second_or_two_frames(rate: float) -> None:
    tracker = Tracker(0.5)
    results = [step(tracker, n, n / rate, [face(300, 300)] if n < 10 else []) for n in range(20)]
    (left,) = events(results, EventKind.LEFT)
    assert left.time - 9 / rate <= max(0.5 + 1 / rate, 2 / rate) + 1e-6
