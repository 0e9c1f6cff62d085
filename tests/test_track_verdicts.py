"""What is said of a tracked person: evidence over time, doubt and thresholds."""

import math

import numpy as np
import pytest

from maskcam.evidence import Evidence, lean
from maskcam.frames import EventKind, Reason, Verdict
from maskcam.odds import log_odds
from maskcam.single import judge_single
from maskcam.track_rules import TrackRules
from maskcam.tracks import Tracker
from tests.support import all_judged, judged
from tests.track_parts import HEIGHT, WIDTH, arrays, events, face, run, step


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
@pytest.mark.parametrize(("before", "after"), [(0.03, 0.97), (0.97, 0.03), (0.05, 0.9), (0.001, 0.999)])
def test_a_mask_coming_off_or_on_turns_the_verdict_in_half_a_second(fps: int, before: float, after: float) -> None:
    for phase in (0.01, 0.5, 0.99):
        change = 2 + phase / fps
        results = run(4, fps, lambda t: [face(300, 300, bare=before if t < change else after)])  # noqa: B023
        turned = [event.time for event in events(results, EventKind.VERDICT)]
        assert len(turned) == 1
        assert turned[0] - change <= (0.35 if fps >= 10 else 0.5)
        assert results[-1].verdicts == ((Verdict.NO_MASK if after > 0.5 else Verdict.MASK),)


def test_turning_to_bare_is_no_slower_than_turning_to_mask() -> None:
    def turning(before: float, after: float) -> float:
        results = run(4, 60, lambda t: [face(300, 300, bare=before if t < 2 else after)])
        return events(results, EventKind.VERDICT)[0].time

    assert turning(0.05, 0.95) < turning(0.95, 0.05)


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
@pytest.mark.parametrize(("usual", "outlier"), [(0.02, 0.99), (0.99, 0.02), (0.1, 0.95)])
def test_one_outlier_frame_does_not_flicker(fps: int, usual: float, outlier: float) -> None:
    odd = round(1.5 * fps)
    tracker = Tracker(0.5)
    results = [step(tracker, i, i / fps, [face(300, 300, bare=outlier if i == odd else usual)]) for i in range(3 * fps)]
    assert len(set(r.verdicts for r in results)) == 1
    assert results[odd].no_mask_probability[0] != results[odd - 1].no_mask_probability[0]


@pytest.mark.parametrize("fps", [5, 10, 30])
@pytest.mark.parametrize("middle", [-0.9, -0.3, 0.0, 0.3, 0.9])
def test_noise_near_the_threshold_does_not_flicker(fps: int, middle: float) -> None:
    changes = 0
    for seed in range(3):
        random = np.random.default_rng(seed)
        noisy = lambda t: [face(300, 300, bare=1 / (1 + math.exp(-middle - random.normal(0, 0.5))))]  # noqa: B023, E731
        changes += len(events(run(10, fps, noisy), EventKind.VERDICT))
    # The raw verdict changes several times a second; here thirty seconds may bring a few changes in all.
    assert changes <= 4


def test_evidence_in_the_band_is_unsure_on_either_side() -> None:
    for bare, threshold in ((0.55, 0.5), (0.42, 0.5), (0.33, 0.3), (0.2, 0.3)):
        last = run(2, 30, lambda t: [face(300, 300, bare=bare)], Tracker(threshold))[-1]  # noqa: B023
        assert (last.verdicts, last.reasons) == ((Verdict.UNSURE,), (Reason.MIXED,))


@pytest.mark.parametrize("threshold", [0.02, 0.3, 0.5, 0.9, 0.98])
def test_every_threshold_leaves_room_for_both_verdicts(threshold: float) -> None:
    for bare, verdict in ((1.0, Verdict.NO_MASK), (0.0, Verdict.MASK)):
        assert run(1, 30, lambda t: [face(300, 300, bare=bare)], Tracker(threshold))[-1].verdicts == (verdict,)  # noqa: B023


@pytest.mark.parametrize("reason", [Reason.TOO_SMALL, Reason.TOO_BLURRED])
@pytest.mark.parametrize("fps", [5, 10, 30])
def test_a_lasting_doubt_is_said_and_a_doubtful_frame_is_not(fps: int, reason: Reason) -> None:
    tracker = Tracker(0.5)
    clear = run(1, fps, lambda t: [face(300, 300)], tracker)
    blip = run(1 / fps, fps, lambda t: [face(300, 300, doubt=reason)], tracker, 1.0)
    again = run(1, fps, lambda t: [face(300, 300)], tracker, 1 + 1 / fps)
    assert {r.verdicts for r in clear + blip + again} == {(Verdict.MASK,)}
    lasting = run(1, fps, lambda t: [face(300, 300, doubt=reason)], tracker, 2 + 1 / fps)
    assert (lasting[-1].verdicts, lasting[-1].reasons) == ((Verdict.UNSURE,), (reason,))
    back = run(1, fps, lambda t: [face(300, 300)], tracker, 3 + 1 / fps)
    assert back[-1].verdicts == (Verdict.MASK,)
    assert len(events(lasting + back, EventKind.VERDICT)) == 2


def test_a_doubtful_frame_weighs_less() -> None:
    def after(doubt: Reason | None) -> float:
        tracker = Tracker(0.5)
        run(1, 30, lambda t: [face(300, 300, bare=0.05)], tracker)
        return step(tracker, 30, 1.0, [face(300, 300, bare=0.99, doubt=doubt)]).no_mask_probability[0]

    assert 0.05 < after(Reason.TOO_BLURRED) < after(None)


@pytest.mark.parametrize("fps", [0.5, 1, 2, 5, 10, 30])
def test_a_doubtful_frame_has_about_a_quarter_of_the_say_at_any_rate(fps: float) -> None:
    def moved(doubt: Reason | None) -> float:
        evidence = Evidence(0.5, TrackRules())
        for _ in range(60):
            evidence.add(1 / fps, 0.7, None)
        before = log_odds(evidence.probability)
        evidence.add(1 / fps, 0.3, doubt)
        return before - log_odds(evidence.probability)

    assert 0.2 < moved(Reason.TOO_BLURRED) / moved(None) < 0.35


@pytest.mark.parametrize("fps", [1, 2, 3, 5])
@pytest.mark.parametrize("bare", [0.6, 0.75, 0.9])
def test_one_blurred_crop_makes_nobody_masked_where_frames_are_seldom(fps: int, bare: float) -> None:
    tracker = Tracker(0.5)
    for i in range(8):
        odd = {"bare": 0.01, "doubt": Reason.TOO_BLURRED} if i == 4 else {"bare": bare}
        assert step(tracker, i, i / fps, [face(300, 300, **odd)]).verdicts != (Verdict.MASK,)  # type: ignore[arg-type]


@pytest.mark.parametrize("fps", [2, 5, 7, 10, 15, 30])
@pytest.mark.parametrize("bare", [0.7, 0.8, 0.9, 0.98])
def test_what_blurred_crops_lean_to_is_not_held_on_to_when_the_face_gets_clear(fps: int, bare: float) -> None:
    """It was never said; a bare face that came near in a blur that looked masked is not called masked afterwards."""
    tracker = Tracker(0.5)
    blurred = run(1.5, fps, lambda t: [face(300, 300, bare=0.02, doubt=Reason.TOO_BLURRED)], tracker)
    assert {r.verdicts for r in blurred} == {(Verdict.UNSURE,)}
    clear = run(4, fps, lambda t: [face(300, 300, bare=bare)], tracker, 1.5)
    assert Verdict.MASK not in {r.verdicts[0] for r in clear}
    assert clear[-1].verdicts == (Verdict.NO_MASK,)


@pytest.mark.parametrize("seconds", [1.0, 1.9, 5.0, 60.0])
def test_where_frames_are_seconds_apart_one_shows_who_is_bare_and_two_who_is_masked(seconds: float) -> None:
    """In a time-lapse of a counter each frame may show somebody else."""
    tracker = Tracker(0.5)
    shown = [0.001] * 4 + [0.999] + [0.001] * 3 + [0.999] * 4 + [0.001] + [0.999]
    results = [step(tracker, i, i * seconds, [face(300, 300, bare=bare)]) for i, bare in enumerate(shown)]
    said = [r.verdicts[0] for r in results]
    assert [said[i] for i in range(len(shown)) if shown[i] > 0.5] == [Verdict.NO_MASK] * 6
    assert said[5] is not Verdict.MASK and said[7] is Verdict.MASK
    assert said[12] is not Verdict.MASK


def test_another_threshold_takes_effect_with_the_next_frame_and_everybody_stays_who_they_are() -> None:
    tracker = Tracker(0.5)
    rows = [face(300, 300, bare=0.6), face(700, 300, bare=0.97), face(1000, 300, bare=0.1)]
    run(2, 30, lambda t: rows, tracker)
    tracker.change_threshold(0.8)
    stricter = step(tracker, 60, 2.0, rows)
    assert stricter.verdicts == (Verdict.MASK, Verdict.NO_MASK, Verdict.MASK)
    assert [(event.track, event.kind) for event in stricter.events] == [(1, EventKind.VERDICT)]
    tracker.change_threshold(0.05)
    laxer = step(tracker, 61, 2.03, rows)
    assert laxer.track_ids.tolist() == [1, 2, 3]
    assert laxer.verdicts[:2] == (Verdict.NO_MASK, Verdict.NO_MASK)
    assert laxer.verdicts[2] is not Verdict.MASK
    tracker.change_threshold(0.5)
    back = run(1, 30, lambda t: [*rows, face(150, 600, bare=0.6)], tracker, start=2.07)[-1]
    assert back.track_ids.tolist() == [1, 2, 3, 4]
    assert back.verdicts[1:3] == (Verdict.NO_MASK, Verdict.MASK)
    # A newcomer is judged by the threshold of now, and a threshold of long ago is forgotten.
    assert back.verdicts[3] is back.verdicts[0]
    assert back.no_mask_probability[0] == pytest.approx(back.no_mask_probability[3], abs=0.02)


@pytest.mark.parametrize("extreme", [0.0001, 0.9999])
def test_an_extreme_threshold_leaves_no_trace_when_it_is_taken_back(extreme: float) -> None:
    tracker, plain = Tracker(0.5), Tracker(0.5)
    tracker.change_threshold(extreme)
    for other in (tracker, plain):
        run(1, 30, lambda t: [face(300, 300, bare=0.99999 if extreme > 0.5 else 0.00001)], other)
    tracker.change_threshold(0.5)
    rows = [face(300, 300, bare=0.03 if extreme > 0.5 else 0.97)]
    turned = [
        next(
            i for i in range(60) if step(other, i, 1 + i / 30, rows).verdicts == step(Tracker(0.5), 0, 0, rows).verdicts
        )
        for other in (tracker, plain)
    ]
    assert abs(turned[0] - turned[1]) <= 2


def test_a_threshold_that_is_none_is_refused() -> None:
    tracker = Tracker(0.5)
    run(1, 30, lambda t: [face(300, 300)], tracker)
    with pytest.raises(ValueError, match="between 0 and 1"):
        tracker.change_threshold(1.0)
    assert step(tracker, 31, 1.03, [face(300, 300)]).verdicts == (Verdict.MASK,)


def test_a_single_picture_is_judged_without_tracks() -> None:
    rows = [
        *(face(1000, 300, bare=0.02), face(200, 300, bare=0.9), face(400, 300, bare=0.45)),
        *(face(600, 300, bare=0.9, doubt=Reason.TOO_SMALL), face(800, 300, score=0.3), face(210, 300, 90, 0.6)),
    ]
    faces, bare, doubts = arrays(rows)
    result = judge_single(all_judged(0, 0.0, WIDTH, HEIGHT, faces, judged(bare), tuple(doubts)), 0.5)
    assert result.track_ids.tolist() == [-1] * 4
    assert result.verdicts == (Verdict.NO_MASK, Verdict.UNSURE, Verdict.UNSURE, Verdict.MASK)
    assert result.reasons == (None, Reason.MIXED, Reason.TOO_SMALL, None)
    assert result.no_mask_probability.tolist() == result.raw_no_mask_probability.tolist()
    assert result.detected.all()
    empty, none, nothing = arrays([])
    assert not len(judge_single(all_judged(0, 0.0, 10, 10, empty, judged(none), tuple(nothing)), 0.5))


@pytest.mark.parametrize("elapsed", [0.26, 0.3, 0.4])
def test_time_spent_leaning_to_one_side_does_not_count_for_the_other(elapsed: float) -> None:
    """At few frames a second doubt that has just turned to the other side settles as late as any."""
    rules = TrackRules()
    evidence = Evidence(0.5, rules)
    leant: list[tuple[Verdict, Verdict]] = []
    for probability in (0.5, 0.9, *[0.005] * 8):
        evidence.add(elapsed, probability, None)
        above = log_odds(evidence.probability)
        leant.append((lean(above, Verdict.UNSURE, rules), evidence.verdict))
    towards = [one for one, _ in leant]
    assert Verdict.NO_MASK in towards, "it leant to bare first"
    first = towards.index(Verdict.MASK)
    said = [verdict for _, verdict in leant].index(Verdict.MASK)
    assert Verdict.NO_MASK not in [verdict for _, verdict in leant], "and was in doubt all the time"
    assert (said - first) * elapsed >= rules.settle_seconds - 1e-9
