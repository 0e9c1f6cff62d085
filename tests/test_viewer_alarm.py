"""When the alarm fires: who, after how long, how often."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.frames import Result, Verdict
from maskcam.viewer.alarm import SNOOZE_SECONDS, Alarm, AlarmClock, Snooze
from tests.viewer_parts import (
    BARE,
    MASK,
    UNSURE,
    Person,
    result,
)


def fired(
    alarm: Alarm, times: np.ndarray, *people: Person, seconds: float = 2.0, cool_down: float = 60.0
) -> list[float]:
    return [float(now) for now in times if alarm.update(float(now), result(0, float(now), *people), seconds, cool_down)]


def frames(start: float, end: float) -> np.ndarray:
    return np.arange(start, end, 0.1)


def test_the_alarm_waits_and_then_fires_once_a_person() -> None:
    alarm = Alarm()
    assert fired(alarm, frames(0, 30), (1, BARE)) == [pytest.approx(2.0)]
    assert alarm.showing(29.9) == {1}
    assert fired(alarm, frames(30, 40), (1, BARE), (2, BARE)) == [pytest.approx(32.0)]


def test_the_alarm_tells_of_the_same_person_again_after_the_cool_down() -> None:
    assert fired(Alarm(), frames(0, 130), (1, BARE)) == [pytest.approx(2.0), pytest.approx(62.0), pytest.approx(122.0)]


@pytest.mark.parametrize("verdict", [MASK, UNSURE])
def test_nobody_else_sets_it_off(verdict: Verdict) -> None:
    assert not fired(Alarm(), frames(0, 20), (1, verdict))


def test_a_mask_starts_the_time_anew_and_a_moment_of_doubt_does_not() -> None:
    alarm = Alarm()
    assert not fired(alarm, frames(0, 1.9), (1, BARE))
    assert not fired(alarm, frames(1.9, 2.3), (1, UNSURE))
    assert fired(alarm, frames(2.3, 2.4), (1, BARE))
    alarm = Alarm()
    assert not fired(alarm, frames(0, 1.9), (1, BARE))
    assert not fired(alarm, frames(1.9, 2.1), (1, MASK))
    assert fired(alarm, frames(2.1, 6), (1, BARE)) == [pytest.approx(4.1)]


@pytest.mark.parametrize("step", [0.9, 1.1, 2.5, 3.1, 5.0])
def test_it_fires_however_seldom_results_come(step: float) -> None:
    times = np.arange(0, 30, step)
    first = fired(Alarm(), times, (1, BARE))
    # Where nothing is seen for more than three seconds it must first be known that results come so seldom.
    assert len(first) == 1 and 2.0 <= first[0] < 2.0 + step * (1 if step <= 3 else 2)


def test_it_fires_when_results_come_so_seldom_that_numbers_change_with_each() -> None:
    alarm = Alarm()
    times = [now for number in range(8) for now in fired(alarm, np.array([number * 4.0]), (number, BARE))]
    assert times == [8.0]


def test_doubt_that_lasts_starts_the_time_anew_and_so_does_a_gap_in_which_nothing_was_seen() -> None:
    for doubt in (((1, UNSURE),), ()):
        alarm = Alarm()
        assert not fired(alarm, frames(0, 1.9), (1, BARE))
        assert not fired(alarm, frames(1.9, 3.1), *doubt)
        assert fired(alarm, frames(3.1, 8), (1, BARE)) == [pytest.approx(5.1)]
    alarm = Alarm()
    assert not fired(alarm, frames(0, 1.9), (1, BARE))
    assert fired(alarm, frames(10, 15), (1, BARE)) == [pytest.approx(12.0)]


def test_a_person_whose_number_changes_is_still_the_same() -> None:
    alarm = Alarm()
    assert len(fired(alarm, frames(0, 5), (1, BARE))) == 1
    assert not fired(alarm, frames(5, 5.7))
    assert not fired(alarm, frames(5.7, 20), (7, BARE))
    assert alarm.showing(19.9) == {7}


def test_each_of_a_queue_at_the_same_place_is_told_of() -> None:
    alarm, told = Alarm(), []
    for number in range(5):
        told += fired(alarm, frames(number * 5, number * 5 + 4), (number, BARE))
        assert not fired(alarm, frames(number * 5 + 4, number * 5 + 5))
    assert told == [pytest.approx(number * 5 + 2) for number in range(5)]


def test_of_two_who_were_hidden_the_nearer_one_is_back() -> None:
    def seen(now: float, *people: tuple[int, float]) -> Result:
        """People 100 px wide, by number and left edge."""
        boxes = np.array([(x, 200, x + 100, 300) for _, x in people], np.float32)
        one = result(0, now, *((track, BARE) for track, _ in people))
        return replace(one, width=640, height=480, boxes=boxes, found=boxes)

    alarm, told = Alarm(), []
    for now in frames(0, 12):
        people = [(1, 200.0)]
        if now >= 3:
            people.append((2, 290.0))
        if 4 <= now < 4.8:
            continue
        if now >= 4.8:
            people = [(3, 270.0)]
        if alarm.update(float(now), seen(float(now), *people), 2.0, 60.0):
            told.append(float(now))
    assert told == [pytest.approx(2.0), pytest.approx(5.0)], "3 is 2, who hadn't been told of"


def test_somebody_elsewhere_is_another_person() -> None:
    alarm = Alarm()
    assert len(fired(alarm, frames(0, 5), (1, BARE))) == 1
    later = [now for now in frames(5.5, 9) if alarm.update(now, result(0, now, (2, BARE), x=120), 2.0, 60.0)]
    assert later == [pytest.approx(7.5)]


def test_snooze_silences_and_a_second_press_ends_it() -> None:
    snooze = Snooze()
    assert not snooze.on(0.0)
    snooze.press(0.0)
    assert snooze.on(10.0) and snooze.left(10.0) == pytest.approx(SNOOZE_SECONDS - 10)
    assert not snooze.on(SNOOZE_SECONDS)
    snooze.press(10.0)
    assert not snooze.on(10.0) and snooze.left(10.0) == 0


def test_who_was_bare_in_the_silence_raises_the_alarm_after_it() -> None:
    alarm = Alarm()
    quiet = [
        alarm.update(float(now), result(0, float(now), (1, BARE)), 2.0, 60.0, silent=True) for now in frames(0, 10)
    ]
    assert not any(quiet)
    assert fired(alarm, frames(10, 11), (1, BARE)) == [pytest.approx(10.0)]


@given(st.lists(st.tuples(st.floats(0.01, 5), st.booleans()), max_size=30))
def test_the_alarms_clock_goes_on_only_while_the_video_does(steps: list[tuple[float, bool]]) -> None:
    clock, now, gone, still = AlarmClock(), 0.0, 0.0, False
    for seconds, wanted in steps:
        now += seconds
        gone += 0.0 if still else seconds
        before = clock.at(now)
        assert before == pytest.approx(gone)
        clock.stand(wanted, now)
        still = wanted
        assert clock.at(now) == pytest.approx(gone) and clock.at(now - 0.005) <= clock.at(now)
        assert clock.at(now - 0.005) >= gone - 0.006, "what was captured just before belongs to now"


@given(st.lists(st.sampled_from([BARE, MASK, UNSURE, None]), max_size=80), st.floats(0.5, 4))
def test_it_never_fires_before_the_person_was_bare_that_long(said: list[Verdict | None], seconds: float) -> None:
    alarm, since = Alarm(), None
    for number, verdict in enumerate(said):
        now = number * 0.25
        people = () if verdict is None else ((1, verdict),)
        if verdict is MASK:
            since = None
        elif verdict is BARE and since is None:
            since = now
        if alarm.update(now, result(0, now, *people), seconds, 60.0):
            assert since is not None
            assert now - since >= seconds - 1e-5
