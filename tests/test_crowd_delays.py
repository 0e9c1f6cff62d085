"""Made-up crowds, of whom a few are judged at a time: how soon what happens is told, and that no moment turns it."""

from __future__ import annotations

import numpy as np
import pytest

from maskcam.detections import Sighting
from maskcam.finder import PLAIN
from maskcam.frames import Event, EventKind, Faces, Judgement, Reason, Result, Verdict
from maskcam.judging import LONGEST, completed, to_judge, whose
from maskcam.pipeline import MOST_JUDGED
from maskcam.tracks import Tracker
from tests.track_parts import HEIGHT


def crowd(count: int) -> Faces:
    """People who stand in a row."""
    left = np.arange(count, dtype=np.float32) * 120
    boxes = np.stack([left, left * 0 + 100, left + 80, left * 0 + 180], axis=1)
    return Faces(boxes, np.full(count, 0.97, np.float32), np.zeros((count, 6, 2), np.float32))


def judge_in_turns(
    tracker: Tracker, time: float, faces: Faces, truth: Judgement, doubts: list[Reason | None], *, most: int | None
) -> Result:
    """Show `faces` for a picture, `truth` and `doubts` being what the classifier says of whom it is asked about."""
    before = tracker.known(time, 4000, HEIGHT)
    owners = whose(faces.boxes, before)
    anew = to_judge(owners, before, faces.scores >= PLAIN, most)
    new = Judgement(truth.no_mask_probability[anew], truth.not_face_probability[anew])
    said, doubtful = completed(owners, before, anew, new, [doubts[row] for row in np.flatnonzero(anew)])
    return tracker.update(Sighting(0, time, 4000, HEIGHT, faces, said, doubtful, anew))


@pytest.mark.parametrize(("usual", "odd"), [(0.98, 0.02), (0.02, 0.98)])
def test_in_a_crowd_a_moment_turns_no_verdict(usual: float, odd: float) -> None:
    people = 10
    for seed in range(8):
        tracker, begins = Tracker(0.8), 2 + np.random.default_rng(seed).random() / 25
        events: list[Event] = []
        for time in np.arange(100) / 25:
            bare = np.full(people, usual, np.float32)
            bare[seed] = odd if begins <= time < begins + 0.1 else usual
            truth = Judgement(bare, np.zeros(people, np.float32))
            events += judge_in_turns(tracker, time, crowd(people), truth, [None] * people, most=MOST_JUDGED).events
        assert {event.kind for event in events} == {EventKind.APPEARED}


def told_after(
    rate: float, most: int | None, seed: int, *, people: int = 10, strangers: int = 0, blurred: int = 0, off: int = 1
) -> list[float]:
    """Seconds from when `off` of some made-up people in masks take them off until each is told, at `rate` pictures/s.

    `strangers` more are rejected as no face in each picture, and `blurred` of the people can't be judged.
    """
    random = np.random.default_rng(seed)
    tracker, count = Tracker(0.8), people + strangers
    begins = 2 + random.random() / rate
    bare_from = np.full(count, np.inf)
    bare_from[random.choice(people - blurred, off, replace=False)] = begins
    no_face = np.array([0.0] * people + [0.995] * strangers, np.float32)
    doubts = [Reason.TOO_BLURRED if people - blurred <= one < people else None for one in range(count)]
    told: list[float] = []
    for number in range(round(4 * rate)):
        time = number / rate
        bare = np.where(time >= bare_from, 0.98, 0.02).astype(np.float32)
        shown = judge_in_turns(tracker, time, crowd(count), Judgement(bare, no_face), doubts, most=most)
        told += [time - begins for event in shown.events if event.verdict is Verdict.NO_MASK]
    assert len(told) == off
    return told


@pytest.mark.parametrize(
    ("who", "later"),
    [
        ({}, 0.1),
        ({"strangers": 4}, 0.1),
        ({"people": 14, "blurred": 8}, 0.1),
        ({"off": 10}, 0.15),
        ({"people": 30, "off": 3}, 0.25),
    ],
)
@pytest.mark.parametrize(("rate", "in_turns"), [(2, 2), (3.4, 4.5), (13, 20), (25, 25)])
def test_that_a_mask_comes_off_in_a_crowd_is_told_hardly_later(
    rate: float, in_turns: float, who: dict[str, int], later: float
) -> None:
    """With as many pictures a second as were seen while everybody was judged, and as judging in turns has time for."""
    before = np.concatenate([told_after(rate, None, seed, **who) for seed in range(8)])
    after = np.concatenate([told_after(in_turns, MOST_JUDGED, seed, **who) for seed in range(8)])
    assert np.median(after) <= np.median(before) + later
    assert after.max() <= before.max() + LONGEST


def gone_after(rate: float, most: int | None, seed: int) -> float:
    """Seconds from when one of ten made-up people leaves until that is told, while a weak box stays at their place."""
    people, tracker = 10, Tracker(0.8)
    leaves = 2 + np.random.default_rng(seed).random() / rate
    for number in range(round(5 * rate)):
        time, faces = number / rate, crowd(people)
        no_face = np.zeros(people, np.float32)
        if time >= leaves:
            faces.scores[seed], no_face[seed] = 0.5, 0.995
        truth = Judgement(np.full(people, 0.02, np.float32), no_face)
        shown = judge_in_turns(tracker, time, faces, truth, [None] * people, most=most)
        if any(event.kind is EventKind.LEFT for event in shown.events):
            return time - leaves
    raise AssertionError("they never left")


@pytest.mark.parametrize(("rate", "in_turns"), [(2, 2), (3.4, 4.5), (13, 20), (25, 25)])
def test_that_somebody_left_a_crowd_is_told_hardly_later(rate: float, in_turns: float) -> None:
    before = [gone_after(rate, None, seed) for seed in range(8)]
    after = [gone_after(in_turns, MOST_JUDGED, seed) for seed in range(8)]
    assert np.median(after) <= np.median(before) + 0.1
