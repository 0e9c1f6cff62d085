"""The viewer's rules: pure, on readings and views made by hand, with time passed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.cameras import CameraMode
from maskcam.frames import Verdict
from maskcam.live import Cause, LiveView, Stage
from maskcam.source_spec import SourceKind
from maskcam.viewer.alarm import SNOOZE_SECONDS, Alarm
from maskcam.viewer.camera_modes import USUAL, CameraModes
from maskcam.viewer.compose import compose, fitted
from maskcam.viewer.health import Fault, Health, Reading, read_picture
from maskcam.viewer.messages import Trouble, classify, message, retry_words
from maskcam.viewer.reconnect import PAUSES, STEADY_SECONDS, Reconnect
from maskcam.viewer.settings import Settings, sensitivity_words
from maskcam.viewer.shown import AlarmLight, Counts, Picture, Shown
from maskcam.viewer.state import Playback, ViewerState
from maskcam.viewer.supervision import Chosen
from maskcam.viewer.timeline import SECONDS, Timeline
from tests.viewer_parts import (
    BARE,
    MASK,
    UNSURE,
    Person,
    analysed,
    captured,
    lost,
    noise,
    opening,
    result,
    running,
)

CAMERA, STREAM, FILE = SourceKind.CAMERA, SourceKind.STREAM, SourceKind.FILE


def watching(kind: SourceKind = CAMERA, **settings: object) -> ViewerState:
    state = ViewerState(Settings(**settings))  # type: ignore[arg-type]
    state.choose(Chosen("Desk", kind), 0.0)
    return state


def title(state: ViewerState, now: float) -> str:
    said = state.shown(now).message
    return "" if said is None else said.title


# Settings


@given(
    st.builds(
        Settings,
        threshold=st.none() | st.floats(0.01, 0.99),
        alarm=st.booleans(),
        alarm_seconds=st.floats(0.5, 60),
        cool_down=st.floats(5, 3600),
        mirror_camera=st.booleans(),
        privacy=st.booleans(),
        folder=st.none() | st.just(Path("/somewhere")),
    )
)
def test_settings_outlive_the_program(settings: Settings) -> None:
    assert Settings.from_texts(settings.as_texts()) == settings


@given(st.dictionaries(st.sampled_from([*Settings().as_texts(), "other"]), st.text(max_size=8)))
def test_any_texts_give_settings(texts: dict[str, str]) -> None:
    Settings.from_texts(texts)


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.0}, {"threshold": 1.5}, {"alarm_seconds": 0.0}, {"cool_down": float("nan")}]
)
def test_settings_check_themselves(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between"):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_sensitivity_says_what_it_trades() -> None:
    assert "misses more" in sensitivity_words(0.8, 0.5)
    assert "Misses fewer" in sensitivity_words(0.3, 0.5)
    assert "own" in sensitivity_words(0.5, 0.5)


# Alarm


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


def test_a_person_whose_number_changes_is_still_the_same() -> None:
    alarm = Alarm()
    assert len(fired(alarm, frames(0, 5), (1, BARE))) == 1
    assert not fired(alarm, frames(5, 5.7))
    assert not fired(alarm, frames(5.7, 20), (7, BARE))
    assert alarm.showing(19.9) == {7}


def test_somebody_elsewhere_is_another_person() -> None:
    alarm = Alarm()
    assert len(fired(alarm, frames(0, 5), (1, BARE))) == 1
    later = [now for now in frames(5.5, 9) if alarm.update(now, result(0, now, (2, BARE), x=120), 2.0, 60.0)]
    assert later == [pytest.approx(7.5)]


def test_snooze_silences_and_a_second_one_ends_it() -> None:
    alarm = Alarm()
    alarm.snooze(0.0)
    assert not fired(alarm, frames(0, 10), (1, BARE))
    assert alarm.snooze_left(10.0) == pytest.approx(SNOOZE_SECONDS - 10)
    alarm.snooze(10.0)
    assert fired(alarm, frames(10, 11), (1, BARE)) == [pytest.approx(10.0)]


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


# Sizes and rates of cameras


def test_nothing_is_known_of_a_new_camera_and_the_usual_is_offered() -> None:
    for camera in (None, 0):
        choices = CameraModes().choices(camera, None)
        assert [one.mode for one in choices] == [None, *USUAL]
        assert choices[0].words == "The camera's own"
        assert choices[1].words == "640 x 480, 30 pictures a second"


def test_what_was_tried_and_not_given_says_what_comes_instead() -> None:
    modes = CameraModes()
    modes.answered(0, (1920, 1080, 60.0), CameraMode(1280, 720, 30.0))
    modes.answered(0, (1280, 720, 30.0), CameraMode(1280, 720, 29.97))
    modes.answered(0, (640, 480, 30.0), CameraMode(640, 480, 0.0))
    modes.answered(0, (3840, 2160, 30.0), CameraMode(0, 0, 0.0))
    words = {one.mode: one.words for one in modes.choices(0, None)}
    assert words[1920, 1080, 60.0].endswith("60 pictures a second: this camera gives 1280 x 720, 30 pictures a second")
    assert all("gives" not in words[mode] for mode in ((1280, 720, 30.0), (640, 480, 30.0), (3840, 2160, 30.0), None))
    assert all("gives" not in one.words for one in modes.choices(1, None))


def test_a_camera_that_was_asked_offers_what_it_can_do() -> None:
    modes = CameraModes()
    modes.named(0, "Desk")
    modes.found(0, ())
    assert len(modes.choices(0, None)) == 1 + len(USUAL)
    modes.found(0, (CameraMode(640, 480, 15.0), CameraMode(800, 600, 0.0)))
    assert [one.mode for one in modes.choices(0, None)] == [None, (640, 480, 15.0), (800, 600, 0.0)]
    # What is asked of all cameras stays to be seen, though this one can't give it.
    assert (1920, 1080, 30.0) in [one.mode for one in modes.choices(0, (1920, 1080, 30.0))]
    modes.named(0, "Desk")
    assert len(modes.choices(0, None)) == 3
    modes.named(0, "Another one in the same socket")
    assert len(modes.choices(0, None)) == 1 + len(USUAL)


# Health of the pictures


def test_a_picture_is_measured() -> None:
    assert read_picture(noise(1), 0.0).light > 100
    assert read_picture(np.zeros((120, 160, 3), np.uint8), 0.0).light == 0
    assert read_picture(noise(1), 0.0).mark == read_picture(noise(1), 1.0).mark
    assert read_picture(noise(1), 0.0).mark != read_picture(noise(2), 0.0).mark
    assert read_picture(np.zeros((1, 1, 3), np.uint8), 0.0).light == 0


def test_silence_frost_and_darkness_are_noticed_within_two_seconds() -> None:
    for kind, light, new in ((Fault.FROZEN, 100.0, False), (Fault.BLACK, 3.0, True), (Fault.BLACK, 0.0, False)):
        health = Health(0.0, may_stand_still=False)
        health.add(Reading(0.0, 100.0, 1))
        faults = []
        for number in range(1, 60):
            now = number / 30
            health.add(Reading(now, light, number if new else 1))
            faults.append(health.fault(now))
        assert faults[-1] is kind
        assert faults[30] is None
    health = Health(0.0, may_stand_still=False)
    health.add(Reading(0.0, 100.0, 1))
    assert health.fault(1.0) is None
    assert health.fault(1.9) is Fault.SILENT


def test_a_film_may_stand_still() -> None:
    health = Health(0.0, may_stand_still=True)
    for number in range(90):
        health.add(Reading(number / 30, 100.0, 1))
    assert health.fault(3.0) is None


# Reconnecting


def test_pauses_grow_to_a_limit_and_tries_never_end() -> None:
    reconnect, tries, now = Reconnect(), [], 0.0
    while now < 200:
        reconnect.lost(now)
        if reconnect.due(now):
            tries.append(now)
        now += 0.1
    pauses = np.diff([0.0, *tries])
    assert pauses[: len(PAUSES)] == pytest.approx(PAUSES, abs=0.25)
    assert pauses[-1] == pytest.approx(PAUSES[-1], abs=0.25)


def test_only_a_steady_source_gets_a_short_pause_again() -> None:
    reconnect = Reconnect()
    reconnect.lost(0.0)
    assert reconnect.due(1.0)
    reconnect.well(1.5)
    reconnect.lost(2.0)
    assert reconnect.next_in(2.0) == pytest.approx(PAUSES[1])
    reconnect.well(3.0)
    reconnect.well(3.0 + STEADY_SECONDS)
    reconnect.lost(20.0)
    assert reconnect.next_in(20.0) == pytest.approx(PAUSES[0])


# What is said


@pytest.mark.parametrize("kind", list(SourceKind))
@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_trouble_says_what_is_and_what_to_do(kind: SourceKind, trouble: Trouble) -> None:
    said = message(trouble, kind)
    assert said.title
    assert len(said.advice) > 20


@pytest.mark.parametrize(
    ("cause", "kind", "had", "trouble"),
    [
        (Cause.MISSING, CAMERA, False, Trouble.NO_CAMERA),
        (Cause.MISSING, CAMERA, True, Trouble.UNPLUGGED),
        (Cause.SILENT, CAMERA, True, Trouble.UNPLUGGED),
        (Cause.SILENT, CAMERA, False, Trouble.SILENT),
        (Cause.BUSY, CAMERA, False, Trouble.BUSY),
        (Cause.DENIED, CAMERA, False, Trouble.DENIED),
        (Cause.UNREACHABLE, STREAM, False, Trouble.UNREACHED),
        (Cause.UNREACHABLE, STREAM, True, Trouble.STREAM_GONE),
        (Cause.DENIED, STREAM, False, Trouble.DENIED),
        (Cause.UNREADABLE, FILE, False, Trouble.UNREADABLE),
        (None, CAMERA, True, Trouble.UNPLUGGED),
    ],
)
def test_causes_are_told_apart(cause: Cause | None, kind: SourceKind, had: bool, trouble: Trouble) -> None:
    assert classify(cause, kind, had) is trouble


def test_retry_words() -> None:
    assert retry_words(2.1, trying=False) == "Trying again in 3 s"
    assert retry_words(float("inf"), trying=False) == ""
    assert "now" in retry_words(float("inf"), trying=True)


# The whole state


def test_without_a_source_there_is_nothing_to_see() -> None:
    shown = ViewerState(Settings()).shown(0.0)
    assert shown.source is None
    assert shown.picture is None


def play(state: ViewerState, start: float, end: float, *people: Person, first: int = 0) -> int:
    """Thirty pictures a second, every third analysed."""
    number = first
    for now in np.arange(start, end, 1 / 30):
        new = (1,) if number == 0 and people else ()
        found = [analysed(number, float(now), *people, appeared=new)] if number % 3 == 0 else []
        state.update(float(now), running(captured(number, float(now))), found)
        number += 1
    return number


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


@pytest.mark.parametrize(
    ("cause", "words"), [(Cause.BUSY, "another program"), (Cause.DENIED, "may not"), (Cause.MISSING, "No camera")]
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


def test_verdicts_that_are_too_old_are_not_shown() -> None:
    state = watching()
    state.update(0.1, running(captured(0, 0.1)), [analysed(0, 0.0, (1, BARE))])
    assert state.shown(0.1).counts == Counts(no_mask=1)
    state.update(1.3, running(captured(9, 1.3)), [])
    shown = state.shown(1.3)
    assert shown.counts is None
    assert shown.picture is not None
    assert shown.picture.result is None


def test_private_view_never_shows_a_picture_that_was_not_analysed() -> None:
    state = watching(privacy=True)
    state.update(0.1, running(captured(0, 0.1)), [])
    shown = state.shown(0.1)
    assert shown.picture is None
    assert shown.message is not None
    assert shown.message.title == "Private view"
    one = analysed(0, 0.1, (1, BARE))
    state.update(0.3, running(captured(5, 0.3)), [one])
    picture = state.shown(0.3).picture
    assert picture is not None
    assert picture.number == 0
    face = picture.image[20:45, 20:40]
    assert not np.array_equal(face, one.captured.frame.image[20:45, 20:40])
    assert len(np.unique(face.reshape(-1, 3), axis=0)) <= 60
    assert state.shown(0.3).picture is picture
    state.apply(replace(state.settings, privacy=False))
    assert state.shown(0.3).picture.number == 5  # type: ignore[union-attr]


def test_private_view_pixelates_what_only_might_be_a_face_also_when_it_flickers() -> None:
    state, weak = watching(privacy=True), (slice(70, 100), slice(90, 120))

    def hidden(at: float, found: list[tuple[float, ...]]) -> bool:
        one = analysed(round(at * 100), at)
        boxes = np.array(found, np.float32).reshape(-1, 4)
        one = replace(one, result=replace(one.result, found=boxes))
        state.update(at, running(one.captured), [one])
        picture = state.shown(at).picture
        assert picture is not None
        assert np.array_equal(picture.image[:50], one.captured.frame.image[:50])
        return not np.array_equal(picture.image[weak], one.captured.frame.image[weak])

    assert hidden(0.1, [(90, 70, 120, 100)])
    assert hidden(0.2, [])
    assert hidden(0.6, [])
    assert not hidden(0.7, [])


def test_a_person_who_moves_leaves_no_trail_of_blocks_in_private_view() -> None:
    state = watching(privacy=True)
    for number, x in enumerate((20.0, 60.0, 100.0)):
        one = analysed(number, number / 10, (1, BARE), x=x)
        one = replace(one, result=replace(one.result, found=one.result.boxes))
        state.update(number / 10, running(one.captured), [one])
    picture = state.shown(0.2).picture
    assert picture is not None
    image = one.captured.frame.image
    assert np.array_equal(picture.image[:, :90], image[:, :90])
    assert not np.array_equal(picture.image[20:45, 100:120], image[20:45, 100:120])


def test_shown_refuses_a_face_in_private_view() -> None:
    with pytest.raises(ValueError, match="private"):
        Shown(source="Desk", private=True, picture=Picture(noise(1), None, 0, 0.0))


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


def test_the_timeline_forgets_after_ten_minutes() -> None:
    timeline = Timeline()
    for second in range(2 * SECONDS):
        timeline.add(float(second), result(0, 0.0, (1, MASK)))
    assert len(timeline.moments(2.0 * SECONDS - 1)) == SECONDS
    assert not timeline.moments(5.0 * SECONDS)


# The picture with its verdicts


@given(st.tuples(*[st.integers(1, 5000)] * 2), st.tuples(*[st.integers(1, 5000)] * 2))
def test_a_fitted_picture_keeps_its_proportions(picture: tuple[int, int], room: tuple[int, int]) -> None:
    x, y, width, height = fitted(picture, room)
    assert 0 < width <= room[0]
    assert 0 < height <= room[1]
    assert x >= 0
    assert y >= 0
    scale = min(room[0] / picture[0], room[1] / picture[1])
    assert abs(width - picture[0] * scale) <= 1
    assert abs(height - picture[1] * scale) <= 1


def test_a_mirrored_picture_has_its_boxes_mirrored_and_its_words_readable() -> None:
    picture = Picture(noise(1), result(0, 0.0, (1, BARE)), 0, 0.0)
    plain = compose(replace(picture, result=None), mirrored=True)
    assert np.array_equal(plain, noise(1)[:, ::-1])
    drawn = compose(picture, mirrored=True, size=(640, 480))
    changed = (drawn != compose(replace(picture, result=None), mirrored=True, size=(640, 480))).any(axis=2)
    assert changed[80:180, 640 - 160 : 640 - 80].any()
    assert compose(picture, mirrored=False, greyed=True).max() < 80
