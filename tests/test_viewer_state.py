"""What the viewer knows and shows from moment to moment, without a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.live import Cause, LiveView, Pictures, Stage
from maskcam.sources.spec import SourceKind
from maskcam.viewer.alarm import SNOOZE_SECONDS
from maskcam.viewer.messages import BEHIND
from maskcam.viewer.settings import Settings
from maskcam.viewer.shown import AlarmLight, Counts
from maskcam.viewer.state import Playback, ViewerState
from maskcam.viewer.supervision import Chosen
from maskcam.viewer.timeline import SECONDS, Timeline
from tests.viewer_parts import (
    BARE,
    MASK,
    UNSURE,
    analysed,
    captured,
    lost,
    noise,
    opening,
    result,
    running,
)
from tests.viewer_state_parts import FILE, STREAM, play, title, watching


def test_people_in_view_are_counted() -> None:
    state = watching()
    play(state, 0.0, 1.0, (1, BARE), (2, MASK), (3, UNSURE))
    shown = state.shown(1.0)
    assert shown.counts == Counts(mask=1, no_mask=1, unsure=1)
    assert shown.message is None
    assert not shown.greyed
    assert (shown.people, shown.people_without) == (1, 1)
    assert shown.moments[-1].people == 3
    assert shown.mirrored


def test_a_dead_source_is_noticed_greyed_reopened_and_goes_on_with_its_counts() -> None:
    state = watching()
    number = play(state, 0.0, 3.0, (1, BARE))
    last = captured(number - 1, 2.97)
    asked, said_at = [], None
    for now in np.arange(3.0, 12.0, 0.1):
        if state.update(float(now), running(last), []).reopen:
            asked.append(float(now))
        if said_at is None and title(state, float(now)):
            said_at = float(now)
            assert state.shown(said_at).greyed
            assert state.shown(said_at).counts is None
            assert "Trying again" in state.shown(said_at).retry
    assert said_at is not None
    assert said_at < 3.0 + 2.0
    assert len(asked) >= 3
    assert np.diff(asked)[1] > np.diff(asked)[0]
    play(state, 12.0, 12.5, (1, BARE), first=number)
    shown = state.shown(12.5)
    assert shown.message is None
    assert not shown.greyed
    assert shown.people == 1


def test_a_frozen_picture_stays_frozen_over_an_opening() -> None:
    state = watching(STREAM)
    still = noise(5)
    reopened = False
    for step in range(120):
        now = step / 30
        view = opening(now, captured(step, now, still)) if reopened and step % 40 == 0 else None
        reopened |= state.update(now, view or running(captured(step, now, still)), []).reopen
        if now > 2.0:
            assert "frozen" in title(state, now)
    assert reopened
    state.update(4.1, running(captured(500, 4.1)), [])
    assert title(state, 4.1) == ""


def test_a_black_picture_is_said_and_not_reopened() -> None:
    state = watching()
    for step in range(90):
        now = step / 30
        assert not state.update(now, running(captured(step, now, noise(step, level=2))), []).reopen
    assert "black" in title(state, 3.0)
    assert not state.shown(3.0).greyed


@pytest.mark.parametrize("kind", [FILE, STREAM])
def test_a_film_may_be_dark_and_stand_still_also_on_a_server(kind: SourceKind) -> None:
    state = watching(kind)
    dark = noise(0, level=2)
    for step in range(400):
        now = step / 30
        view = replace(
            running(captured(step, now, dark)), pictures=Pictures.FILMED if kind is STREAM else Pictures.FRESH
        )
        assert not state.update(now, view, []).reopen
        assert title(state, now) == ""


def test_a_stream_that_may_repeat_pictures_is_frozen_later() -> None:
    state = watching(STREAM)
    still = noise(5)
    for step in range(360):
        now = step / 30
        state.update(now, replace(running(captured(step, now, still)), pictures=Pictures.REPEATED), [])
        assert title(state, now) == "" if now < 9 else True
    assert "frozen" in title(state, 12.0)


@pytest.mark.parametrize(
    ("cause", "words"),
    [(Cause.BUSY, "another program"), (Cause.DENIED, "access is denied"), (Cause.MISSING, "No camera")],
)
def test_a_camera_that_can_not_be_opened(cause: Cause, words: str) -> None:
    state = watching()
    tries = sum(state.update(t, lost("it says why", cause), []).reopen for t in np.arange(0, 10, 0.1))
    shown = state.shown(10.0)
    assert shown.message is not None
    assert words in shown.message.title
    assert shown.message.detail == "it says why"
    assert tries == 4


def test_a_picture_that_waits_for_an_opening_is_not_one_of_now() -> None:
    state = watching()
    number = play(state, 0.0, 1.0, (1, BARE))
    last = captured(number, 1.0)
    state.update(1.1, running(last), [])
    for now, stale in ((1.2, False), (2.0, True), (6.0, True)):
        state.update(now, opening(1.2, last), [])
        shown = state.shown(now)
        assert shown.greyed is stale
        assert (shown.counts is None) is stale
        assert (title(state, now) == "Opening …") is stale


def test_an_opening_that_hangs_is_given_up() -> None:
    state = watching()
    asked = [t for t in np.arange(0, 20, 0.1) if state.update(float(t), opening(0.0), []).reopen]
    assert asked
    assert title(state, 20.0)


def test_a_video_pauses_and_ends_without_trouble() -> None:
    state = watching(FILE)
    first = captured(0, 0.0)
    for now in np.arange(0, 10, 0.1):
        assert not state.update(float(now), running(first), [], Playback(1.0, 8.0, paused=True)).reopen
    shown = state.shown(10.0)
    assert (shown.message, shown.paused, shown.position, shown.duration) == (None, True, 1.0, 8.0)
    assert not shown.mirrored
    assert not state.update(11.0, LiveView(Stage.ENDED, 0.0, first), []).reopen
    assert "ended" in title(state, 11.0)


def test_a_film_on_a_server_that_broke_off_is_told_of_and_not_begun_again() -> None:
    state = watching(STREAM)
    first = captured(0, 0.0)
    state.update(0.0, replace(running(first), pictures=Pictures.FILMED), [])
    cut = LiveView(Stage.ENDED, 0.0, first, None, "it broke off at 40:12", Cause.SILENT, Pictures.FILMED)
    for now in np.arange(1, 40, 0.1):
        assert not state.update(float(now), cut, []).reopen
    shown = state.shown(40.0)
    assert shown.message is not None
    assert (shown.message.title, shown.message.detail) == ("The video broke off", "it broke off at 40:12")
    assert (shown.retry, shown.counts, shown.greyed) == ("", None, True)


def test_nobody_is_bare_for_longer_while_a_video_stands_still() -> None:
    state = watching(FILE, alarm=True)
    still, going = (Playback(1.0, 8.0, paused=paused) for paused in (True, False))
    assert not any(
        state.update(t, running(None), [analysed(0, t, (1, BARE))], still).beep for t in np.arange(0.5, 10, 0.25)
    )
    assert state.shown(10.0).moments == (), "nor is that time that was watched"
    beeps = [
        t for t in np.arange(10, 14, 0.1) if state.update(t, running(None), [analysed(0, t, (1, BARE))], going).beep
    ]
    assert beeps == [pytest.approx(12.0)]


def test_an_alarm_goes_on_over_a_pause() -> None:
    state = watching(FILE, alarm=True, alarm_seconds=1.0, cool_down=30.0)
    still, going = (Playback(1.0, 8.0, paused=paused) for paused in (True, False))

    def beeps(start: float, end: float, playback: Playback) -> list[float]:
        return [
            float(t)
            for t in np.arange(start, end, 0.1)
            if state.update(t, running(None), [analysed(0, t, (1, BARE))], playback).beep
        ]

    assert beeps(0, 2, going) == [pytest.approx(1.0)]
    assert beeps(2, 60, still) == []
    shown = state.shown(60.0)
    assert shown.alarmed == {1}
    assert shown.alarm is AlarmLight.RAISED, "whom it meant is in the picture still"
    assert beeps(60, 88, going) == [], "a pause is no cool-down"
    assert beeps(88, 92, going) == [pytest.approx(89.0, abs=0.2)]


@pytest.mark.parametrize("paused", [False, True])
def test_after_a_jump_in_a_video_the_alarm_takes_nobody_for_whom_it_told_of_before(paused: bool) -> None:
    state = watching(FILE, alarm=True)

    def beeps(start: float, end: float, track: int, part: int) -> list[float]:
        told = []
        for now in np.arange(start, end, 0.1).tolist():
            number = round(now * 10)
            one = analysed(number, now, (track, BARE))
            one = replace(one, captured=replace(one.captured, part=part))
            view = running(replace(captured(number, now), part=part))
            if state.update(now, view, [one], Playback(0.0, 60.0, paused=paused and now == start)).beep:
                told.append(round(now, 1))
        return told

    late = 0.1 if paused else 0.0
    assert beeps(0.0, 5.0, 1, 0) == pytest.approx([2.0 + late])
    assert beeps(5.0, 9.0, 2, 1) == pytest.approx([7.0 + late]), "somebody else is bare at the same place"


def test_a_try_that_is_planned_is_not_made_once_the_user_has_the_source_opened_again() -> None:
    for asked in (False, True):
        state = watching()
        assert not state.update(1.0, lost("gone", None), []).reopen
        if asked:
            state.reopened()
        tries = [t for t in np.arange(1.1, 4, 0.1) if state.update(float(t), opening(1.1), []).reopen]
        assert len(tries) == (0 if asked else 1)


def test_verdicts_that_are_too_old_are_not_shown() -> None:
    state = watching()
    state.update(0.1, running(captured(0, 0.1)), [analysed(0, 0.0, (1, BARE))])
    assert state.shown(0.1).counts == Counts(no_mask=1)
    state.update(1.3, running(captured(9, 1.3)), [])
    shown = state.shown(1.3)
    assert shown.counts is None
    assert shown.picture is not None
    assert shown.picture.result is None


def test_the_alarm_is_off_until_it_is_wanted() -> None:
    state = watching()
    assert not any(state.update(t, running(None), [analysed(0, t, (1, BARE))]).beep for t in np.arange(0, 5, 0.1))
    assert state.shown(5.0).alarm is AlarmLight.OFF
    state.apply(replace(state.settings, alarm=True))
    assert state.shown(5.0).alarm is AlarmLight.WATCHING
    beeps = [t for t in np.arange(5, 9, 0.1) if state.update(t, running(None), [analysed(0, t, (1, BARE))]).beep]
    assert len(beeps) == 1
    shown = state.shown(9.0)
    assert (shown.alarm, shown.alarmed) == (AlarmLight.RAISED, {1})
    state.snooze(9.0)
    assert state.shown(9.0).alarm is AlarmLight.SNOOZED


def test_a_silence_is_told_in_full_also_while_nothing_is_watched() -> None:
    state = ViewerState(Settings(alarm=True))
    state.snooze(10.0)
    shown = state.shown(11.0)
    assert (shown.alarm, shown.snooze_left) == (AlarmLight.SNOOZED, SNOOZE_SECONDS - 1)


def test_a_silenced_alarm_is_silent_until_the_silence_is_ended() -> None:
    state = watching()
    state.apply(replace(state.settings, alarm=True))

    def beeps(start: float, end: float) -> int:
        bare = ((t, analysed(0, t, (1, BARE))) for t in np.arange(start, end, 0.1))
        return sum(state.update(t, running(None), [one]).beep for t, one in bare)

    state.snooze(0.0)
    assert beeps(0.0, 20.0) == 0
    assert state.shown(20.0).alarm is AlarmLight.SNOOZED
    state.snooze(20.0)
    assert beeps(20.0, 30.0) == 1
    state.snooze(30.0)
    assert state.shown(30.0).alarmed == frozenset()
    assert beeps(30.0, 30.0 + SNOOZE_SECONDS - 1) == 0
    assert beeps(30.0 + SNOOZE_SECONDS + 1, 30.0 + SNOOZE_SECONDS + 10) == 1


def test_another_source_begins_anew_but_not_the_timeline() -> None:
    state = watching()
    play(state, 0.0, 3.0, (1, BARE))
    state.choose(Chosen("Door", STREAM), 3.0)
    shown = state.shown(3.0)
    assert (shown.people, shown.picture, shown.counts) == (0, None, None)
    assert len(shown.moments) == 3


def test_notices_go_by_themselves() -> None:
    state = watching()
    state.notify("Saved", 1.0)
    assert state.shown(2.0).notice == "Saved"
    assert state.shown(9.0).notice == ""


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 3)), max_size=60))
def test_the_timeline_keeps_the_most_of_each_second(steps: list[tuple[float, int]]) -> None:
    timeline, now, most = Timeline(), 0.0, {}
    for step, people in steps:
        now += step
        timeline.add(now, result(0, now, *((track, BARE) for track in range(1, people + 1))))
        most[int(now)] = max(most.get(int(now), 0), people)
    assert {one.second: one.people for one in timeline.moments(now)} == most


def test_the_timeline_knows_who_was_bare() -> None:
    timeline = Timeline()
    for at, people in ((0.1, (BARE, MASK, UNSURE)), (0.5, (BARE, BARE)), (0.9, (MASK,))):
        timeline.add(at, result(0, at, *enumerate(people, 1)))
    (one,) = timeline.moments(1.0)
    assert (one.people, one.bare) == (3, 2)


def test_the_timeline_forgets_after_ten_minutes() -> None:
    timeline = Timeline()
    for second in range(2 * SECONDS):
        timeline.add(float(second), result(0, 0.0, (1, MASK)))
    assert len(timeline.moments(2.0 * SECONDS - 1)) == SECONDS
    assert not timeline.moments(5.0 * SECONDS)


def test_an_analysis_that_is_behind_is_told_of_as_long_as_it_is() -> None:
    state = watching()
    play(state, 0.0, 2.0, (1, MASK))
    for number, now in enumerate(np.arange(2.0, 8.0, 1 / 30), 60):
        state.update(float(now), running(captured(number, float(now))), [])
        said = state.shown(float(now)).notice
        if not 4.5 < now < 5.5:
            assert said == ("" if now < 5 else BEHIND)
    play(state, 8.0, 9.5, (1, MASK), first=240)
    assert state.shown(9.5).notice == ""


@pytest.mark.parametrize(("takes", "told"), [(0.3, False), (0.6, True), (0.9, True), (1.4, True)])
def test_an_analysis_that_is_behind_again_and_again_is_told_of_too(takes: float, told: bool) -> None:
    """Each result is as old as it took when it comes, and twice that before the next one."""
    state, waiting, said = watching(), None, []
    for number, now in enumerate(np.arange(0.0, 10.0, 1 / 30)):
        done = []
        if waiting is not None and now - waiting.captured.at >= takes:
            done, waiting = [waiting], None
        if waiting is None:
            waiting = analysed(number, float(now), (1, MASK))
        state.update(float(now), running(captured(number, float(now))), done)
        said.append(state.shown(float(now)).notice == BEHIND)
    assert all(said[-90:]) if told else not any(said)
