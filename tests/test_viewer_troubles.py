"""Silence, frost and darkness: noticed, named, and what is tried against them."""

from __future__ import annotations

import numpy as np
import pytest

from maskcam.live import Cause, Pictures
from maskcam.sources.spec import SourceKind
from maskcam.viewer.health import PATIENCE, Fault, Health, Reading, read_picture
from maskcam.viewer.messages import Trouble, classify, message, retry_words
from maskcam.viewer.reconnect import PAUSES, STEADY_SECONDS, Reconnect
from maskcam.viewer.settings import Settings
from maskcam.viewer.state import ViewerState
from tests.viewer_parts import noise
from tests.viewer_state_parts import CAMERA, FILE, STREAM


def test_a_picture_is_measured() -> None:
    assert read_picture(noise(1), 0.0).light > 100
    assert read_picture(np.zeros((120, 160, 3), np.uint8), 0.0).light == 0
    assert read_picture(noise(1), 0.0).mark == read_picture(noise(1), 1.0).mark
    assert read_picture(noise(1), 0.0).mark != read_picture(noise(2), 0.0).mark
    assert read_picture(np.zeros((1, 1, 3), np.uint8), 0.0).light == 0


def test_silence_frost_and_darkness_are_noticed_within_two_seconds() -> None:
    for kind, light, new in ((Fault.FROZEN, 100.0, False), (Fault.BLACK, 3.0, True), (Fault.BLACK, 0.0, False)):
        health = Health(0.0)
        health.add(Reading(0.0, 100.0, 1))
        faults = []
        for number in range(1, 60):
            now = number / 30
            health.add(Reading(now, light, number if new else 1))
            faults.append(health.fault(now))
        assert faults[-1] is kind
        assert faults[30] is None
    health = Health(0.0)
    health.add(Reading(0.0, 100.0, 1))
    assert health.fault(1.0) is None
    assert health.fault(1.9) is Fault.SILENT


def test_a_dark_first_picture_is_given_as_much_time_after_a_slow_opening() -> None:
    health = Health(0.0)
    health.start(5.0)
    health.add(Reading(5.0, 3.0, 1))
    assert health.fault(5.0) is None
    health.add(Reading(5.0 + PATIENCE - 0.1, 3.0, 2))
    assert health.fault(5.0 + PATIENCE - 0.1) is None
    health.add(Reading(5.1 + PATIENCE, 3.0, 3))
    assert health.fault(5.1 + PATIENCE) is Fault.BLACK


def test_a_film_may_stand_still_be_dark_and_slow_to_come() -> None:
    health = Health(0.0, Pictures.FILMED)
    for number in range(90):
        health.add(Reading(number / 30, 3.0, 1))
    assert health.fault(3.0) is None and health.fault(99.0) is None


def test_a_source_that_may_repeat_a_picture_is_given_longer() -> None:
    health = Health(0.0)
    health.expected = Pictures.REPEATED
    faults = {}
    for number in range(360):
        health.add(Reading(number / 30, 100.0, 1))
        faults[number / 30] = health.fault(number / 30)
    assert {fault for now, fault in faults.items() if now < 9} == {None}
    assert faults[11.5] is Fault.FROZEN
    assert health.fault(14.0) is Fault.SILENT


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
        (Cause.UNTOLD, CAMERA, False, Trouble.NOT_OPENED),
        (Cause.UNTOLD, CAMERA, True, Trouble.UNPLUGGED),
        (Cause.SILENT, CAMERA, True, Trouble.UNPLUGGED),
        (Cause.SILENT, CAMERA, False, Trouble.SILENT),
        (Cause.BUSY, CAMERA, False, Trouble.BUSY),
        (Cause.DENIED, CAMERA, False, Trouble.DENIED),
        (Cause.UNREACHABLE, STREAM, False, Trouble.UNREACHED),
        (Cause.UNREACHABLE, STREAM, True, Trouble.STREAM_GONE),
        (Cause.DENIED, STREAM, False, Trouble.DENIED),
        (Cause.BUSY, STREAM, False, Trouble.BUSY),
        (Cause.UNREADABLE, FILE, False, Trouble.UNREADABLE),
        (None, CAMERA, True, Trouble.UNPLUGGED),
    ],
)
def test_causes_are_told_apart(cause: Cause | None, kind: SourceKind, had: bool, trouble: Trouble) -> None:
    assert classify(cause, kind, had) is trouble


def test_the_wait_for_the_next_try_is_told_in_seconds_begun() -> None:
    assert retry_words(2.1, trying=False) == "Trying again in 3 s"
    assert retry_words(float("inf"), trying=False) == ""
    assert "now" in retry_words(float("inf"), trying=True)


def test_without_a_source_there_is_nothing_to_see() -> None:
    shown = ViewerState(Settings()).shown(0.0)
    assert shown.source is None
    assert shown.picture is None
