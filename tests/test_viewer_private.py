"""Private view: what is shown is pixelated, and nobody is overlooked, not for one picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.frames import Pixels
from maskcam.live import Analysed, Stage
from maskcam.sources.spec import parse_source
from maskcam.viewer.engine import Engine, Judging
from maskcam.viewer.messages import BEHIND, PRIVATE
from maskcam.viewer.shown import Picture, Shown
from maskcam.viewer.state import OLD_SECONDS
from tests.http_camera import HttpCamera
from tests.support import astronaut, scaled, wait_for
from tests.viewer_parts import BARE, analysed, captured, noise, running
from tests.viewer_state_parts import play, watching

SIZE = (1280, 720)
PLACES = [(60 + 240 * (number % 5), 60 + 330 * (number // 5)) for number in range(10)]
HALL = 110


def hall(width: int, height: int, number: int) -> Pixels:
    """Fifteen pictures of an empty hall, fifteen with ten people in it, and so on."""
    image = np.full((height, width, 3), HALL, np.uint8)
    if number % 30 >= 15:
        person = scaled(astronaut(), 0.4)[:, 50:150]  # with a face about 38 pixels wide
        for left, top in PLACES:
            image[top : top + len(person), left : left + person.shape[1]] = person
    image[:8, :8] = number % 250
    return image


@pytest.mark.parametrize("private", [True, False])
def test_everybody_of_a_group_is_found_in_the_first_picture_in_private_view(private: bool) -> None:
    engine = Engine(asset(MASK_MODEL), Judging(smallest=24, private=private), lambda: None)
    crowded: list[Analysed] = []
    with HttpCamera(size=SIZE, rate=10, draw=hall, cycle=30) as camera:
        engine.watch(parse_source(camera.url))
        try:

            def enough() -> bool:
                engine.view()
                left, top = PLACES[0]
                for one in engine.drain():
                    if (one.captured.frame.image[top : top + 60, left : left + 60] != HALL).mean() > 0.5:
                        crowded.append(one)
                return len(crowded) >= 12

            wait_for(enough)
        finally:
            assert engine.stop(60)
    least = min(_seen(one) for one in crowded)
    if private:
        assert least == len(PLACES)
    else:
        assert least < len(PLACES), "the search in turns would do, then"


def _seen(one: Analysed) -> int:
    """How many of the people a box was found for."""
    boxes = one.result.found
    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2).T
    return sum(bool(((left < x) & (x < left + 100) & (top < y) & (y < top + 205)).any()) for left, top in PLACES)


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


def test_what_was_searched_before_private_view_is_not_shown_in_it() -> None:
    state = watching()
    play(state, 0.0, 1.0, (1, BARE))
    state.apply(replace(state.settings, privacy=True))
    assert state.shown(1.0).picture is None
    state.update(1.1, running(captured(31, 1.1)), [analysed(30, 1.0, (1, BARE))])
    shown = state.shown(1.1)
    assert shown.picture is None and shown.message == PRIVATE
    state.update(1.3, running(captured(36, 1.3)), [analysed(33, 1.2, (1, BARE))])
    picture = state.shown(1.3).picture
    assert picture is not None and picture.pixelated


def test_a_picture_in_private_view_that_is_of_long_ago_is_grey_and_said_to_be() -> None:
    """As while a large picture is searched, or a driver holds the analysis up."""
    state = watching(privacy=True)
    state.update(0.0, running(captured(0, 0.0)), [analysed(0, 0.0, (1, BARE))])
    for number, now in enumerate(np.arange(0.0, 8.0, 0.25)):
        state.update(float(now), running(captured(number + 1, float(now))), [])
        shown = state.shown(float(now))
        assert shown.picture is not None and shown.picture.number == 0
        if not OLD_SECONDS < now < OLD_SECONDS + 0.5:
            assert (shown.greyed, shown.notice) == ((True, BEHIND) if now > OLD_SECONDS else (False, ""))
    state.update(8.0, running(captured(99, 8.0)), [analysed(99, 8.0, (1, BARE))])
    assert not state.shown(8.0).greyed and not state.shown(8.0).notice
    ended = replace(running(captured(99, 8.0)), stage=Stage.ENDED)
    state.update(60.0, ended, [])
    assert state.shown(60.0).notice == "", "a video's last picture is no picture of long ago"


def test_what_flickers_stays_pixelated_however_long_an_analysis_takes() -> None:
    state, weak = watching(privacy=True), (slice(70, 100), slice(90, 120))
    for number, found in enumerate([[(90, 70, 120, 100)], []]):
        at = 0.9 * number
        one = analysed(number, at)
        boxes = np.array(found, np.float32).reshape(-1, 4)
        one = replace(one, result=replace(one.result, found=boxes))
        state.update(at, running(one.captured), [one])
        picture = state.shown(at).picture
        assert picture is not None
        assert not np.array_equal(picture.image[weak], one.captured.frame.image[weak])


@pytest.mark.parametrize("takes", [1.5, 3.5, 5.0])
def test_in_private_view_each_new_picture_is_shown_as_one_of_now_however_long_it_took(takes: float) -> None:
    """A recording leaves out what is grey, and would hold nothing on a slow machine."""
    state, waiting, new = watching(privacy=True), None, []
    for number, now in enumerate(np.arange(0.0, 30.0, 0.25)):
        done = []
        if waiting is not None and now - waiting.captured.at >= takes:
            done, waiting = [replace(waiting, at=float(now))], None
        if waiting is None:
            waiting = analysed(number, float(now), (1, BARE))
        state.update(float(now), running(captured(number, float(now))), done)
        if done:
            new.append(state.shown(float(now)).greyed)
    assert len(new) > 4 and not any(new)


def test_after_an_outage_private_view_waits_for_the_analysis_before_it_complains() -> None:
    state = watching(privacy=True)
    state.update(0.0, running(captured(0, 0.0)), [analysed(0, 0.0, (1, BARE))])
    state.update(60.0, running(captured(1, 60.0)), [])
    shown = state.shown(60.0)
    assert (shown.greyed, shown.notice) == (False, "")
