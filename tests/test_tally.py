from collections.abc import Sequence

import numpy as np
import pytest

from maskcam.frames import Event, EventKind, Faces, Reason, Result, Verdict
from maskcam.single import judge_single
from maskcam.tally import Summary, Tally
from maskcam.tracks import Tracker
from tests.support import all_judged, judged

MASK, BARE, UNSURE = Verdict.MASK, Verdict.NO_MASK, Verdict.UNSURE


def result(time: float, people: Sequence[tuple[int, Verdict, bool]], events: Sequence[Event] = ()) -> Result:
    """A result of people given as (track, verdict, detected)."""
    n = len(people)
    return Result(
        0,
        time,
        640,
        480,
        np.tile(np.array([10, 10, 50, 60], np.float32), (n, 1)),
        np.full(n, 0.9, np.float32),
        np.array([track for track, _, _ in people], np.int64),
        np.array([detected for _, _, detected in people], np.bool_),
        np.full(n, 0.5, np.float32),
        np.full(n, 0.5, np.float32),
        tuple(verdict for _, verdict, _ in people),
        tuple(Reason.MIXED if verdict is UNSURE else None for _, verdict, _ in people),
        np.zeros(n, np.float32),
        tuple(events),
    )


def tally(*results: Result) -> Summary:
    counted = Tally()
    for one in results:
        counted.add(one)
    return counted.summary()


def test_nothing_sums_up_to_nothing() -> None:
    assert Tally().summary() == Summary()


def test_people_are_counted_once_and_frames_each_time() -> None:
    summary = tally(
        result(0.0, []),
        result(0.5, [(1, MASK, True)]),
        result(1.0, [(1, BARE, True), (2, MASK, True)]),
        result(1.5, [(1, MASK, False), (2, MASK, False)]),
        result(2.0, [(3, UNSURE, True)]),
    )
    assert summary == Summary(3, 1, 0.0, 1, 5, 3, 2.0)


def test_the_longest_time_without_is_one_persons_and_unbroken() -> None:
    def people(time: float) -> list[tuple[int, Verdict, bool]]:
        first = BARE if time < 1.0 or 2.0 <= time < 2.6 else UNSURE
        return [(1, first, True), (2, BARE if 1.0 <= time < 2.5 else MASK, True)]

    times = np.arange(0, 3, 0.1)
    summary = tally(*(result(time, people(time)) for time in times))
    assert summary.longest_without == pytest.approx(1.5)
    assert summary.longest_without_track == 2
    assert summary.people_without == 2


def test_coasting_counts_only_once_the_person_is_seen_again() -> None:
    gap = [result(1.1, [(1, BARE, False)]), result(1.3, [(1, BARE, False)])]
    start = [result(0.0, [(1, BARE, True)]), result(1.0, [(1, BARE, True)])]
    assert tally(*start, *gap).longest_without == 1.0
    assert tally(*start, *gap, result(1.4, [(1, BARE, True)])).longest_without == pytest.approx(1.4)


def test_who_left_does_not_go_on() -> None:
    left = Event(1.0, 1, EventKind.LEFT, BARE, 0.9)
    counted = Tally()
    counted.add(result(0.0, [(1, BARE, True)]))
    counted.add(result(1.0, [(1, BARE, True)]))
    counted.finish([left])
    counted.add(result(9.0, [(1, BARE, True)]))
    assert counted.summary().longest_without == 1.0


def test_someone_bare_in_one_frame_only_is_named() -> None:
    assert tally(result(3.0, [(4, BARE, True)])) == Summary(1, 1, 0.0, 4, 1, 1, 0.0)


def test_a_step_back_in_time_adds_nothing() -> None:
    summary = tally(result(5.0, [(1, BARE, True)]), result(1.0, [(2, BARE, True)]), result(1.5, [(2, BARE, True)]))
    assert (summary.duration, summary.longest_without, summary.longest_without_track) == (0.5, 0.5, 2)


def test_faces_of_single_pictures_count_one_each() -> None:
    faces = Faces(
        np.array([[0, 0, 50, 50], [100, 0, 150, 50]], np.float32),
        np.array([0.9, 0.9], np.float32),
        np.zeros((2, 6, 2), np.float32),
    )
    bare = np.array([0.9, 0.1], np.float32)
    one = judge_single(all_judged(0, 0.0, 640, 480, faces, judged(bare), (None, None)), 0.5)
    assert tally(one, one) == Summary(4, 2, 0.0, None, 2, 2, 0.0)


def test_a_tracked_video_adds_up() -> None:
    tracker, counted = Tracker(0.5), Tally()
    box = np.array([[100, 100, 200, 200]], np.float32)
    faces = Faces(box, np.array([0.97], np.float32), np.zeros((1, 6, 2), np.float32))
    for i in range(90):
        bare = np.array([0.97 if 30 <= i < 75 else 0.03], np.float32)
        counted.add(tracker.update(all_judged(i, i / 30, 640, 480, faces, judged(bare), (None,))))
    counted.finish(tracker.finish())
    summary = counted.summary()
    assert (summary.people, summary.people_without, summary.frames, summary.frames_with_faces) == (1, 1, 90, 90)
    # Bare for 1.5 s, and said so for as long, only a moment later.
    assert summary.longest_without == pytest.approx(1.5, abs=0.15)
    assert summary.duration == pytest.approx(89 / 30)


def test_a_summary_checks_itself() -> None:
    for wrong in ({"people_without": 1}, {"frames_with_faces": 1}, {"duration": -1.0}, {"duration": float("nan")}):
        with pytest.raises(ValueError, match=r"cannot|not negative"):
            Summary(**wrong)
