"""A source that falls silent, dies, hangs or is exchanged for another, under the live runner."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from maskcam.frames import EventKind, Pixels
from maskcam.live import Cause, LiveSource, SourceLost, Stage
from maskcam.pipeline import Pipeline
from maskcam.runner import LiveRunner, opening
from maskcam.runner.opening import Opening
from maskcam.sources.handle import Handle
from tests.http_camera import HttpCamera, read_number
from tests.live_parts import Hanging, Parts, stream, wait_for_view, with_astronaut
from tests.support import wait_for

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def test_a_frozen_camera_keeps_its_last_picture_and_is_lost_in_time(parts: Parts) -> None:
    with HttpCamera(size=(320, 240)) as camera:
        runner = LiveRunner(stream(camera, read_timeout=1.0), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.newest)
        camera.freeze()

        def all_came() -> bool:
            newest = runner.view().newest
            return newest is not None and read_number(newest.frame.image) == max(camera.sent)

        wait_for(all_came)
        last = runner.view().newest
        view = wait_for_view(runner, lambda view: view.stage is Stage.LOST)
        assert view.newest is last
        assert view.cause is Cause.SILENT
        assert view.problem
        assert "sends no more pictures" in view.problem
        camera.thaw()
        runner.reopen()
        assert runner.view().stage is not Stage.LOST
        wait_for_view(runner, lambda view: view.newest is not last and view.stage is Stage.RUNNING)
        runner.stop(60)


@pytest.mark.parametrize(("seconds", "number"), [(0.0, 1), (5.0, 2)])
def test_a_camera_that_dies_and_comes_back_goes_on_with_who_is_still_there(
    seconds: float, number: int, parts: Parts
) -> None:
    away = 0.0

    def clock() -> float:
        # So slow that only `seconds` count, not how long this machine takes.
        return time.monotonic() / 1000 + away

    with HttpCamera(draw=lambda width, height, _: with_astronaut(width, height, 0), size=(480, 360)) as camera:
        runner = LiveRunner(stream(camera), Pipeline(*parts), clock=clock)
        runner.start()
        first = wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result))
        assert first.analysed is not None
        camera.kill()
        lost = wait_for_view(runner, lambda view: view.stage is Stage.LOST)
        assert lost.problem
        assert lost.newest is not None
        runner.reopen()
        again = wait_for_view(runner, lambda view: view.problem and "nothing answers" in view.problem)
        assert again.cause is Cause.UNREACHABLE
        away = seconds
        camera.start()
        runner.reopen()
        back = wait_for_view(runner, lambda view: view.stage is Stage.RUNNING and view.analysed)
        assert back.newest is not None
        assert back.newest.frame.index > lost.newest.frame.index
        assert back.newest.frame.time > lost.newest.frame.time
        assert back.opened_at > lost.opened_at
        found = wait_for_view(
            runner,
            lambda view: (
                view.analysed
                and view.analysed.captured.frame.index > lost.newest.frame.index  # type: ignore[union-attr]
                and len(view.analysed.result)
            ),
        )
        assert found.analysed is not None
        assert found.analysed.result.track_ids.tolist() == [number]
        runner.stop(60)


def test_a_source_that_is_not_there_says_why(parts: Parts) -> None:
    def absent() -> LiveSource:
        raise SourceLost("there is no camera 7; plug it in", Cause.MISSING)

    runner = LiveRunner(absent, Pipeline(*parts))
    runner.start()
    view = wait_for_view(runner, lambda view: view.stage is Stage.LOST)
    assert (view.problem, view.cause, view.newest) == ("there is no camera 7; plug it in", Cause.MISSING, None)
    assert runner.stop(1.0)


def test_a_reopened_source_that_hung_can_do_no_harm(parts: Parts) -> None:
    first, second = Hanging(pictures=1), Hanging(pictures=1)
    sources = iter([first, second])
    runner = LiveRunner(lambda: next(sources), Pipeline(*parts))
    runner.start()
    wait_for(first.reading.is_set)
    runner.reopen()
    assert not first.let_go.is_set() and not first.returned, "it waited for the read"
    wait_for(second.reading.is_set)
    assert first.closed
    newest = runner.view().newest
    first.let_go.set()
    # It is closed again when its thread has got the late picture, which is 99s.
    wait_for(lambda: first.closed == 2)
    assert runner.view().newest is newest
    assert runner.view().stage is Stage.RUNNING
    assert not runner.stop(0.3)
    assert not second.returned, "it waited for the read"
    second.let_go.set()
    wait_for(lambda: runner.stop(1.0))


def test_a_source_is_let_go_before_it_is_opened_again(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_WAIT_FOR_OTHER", 60.0)
    monkeypatch.setattr(opening, "_WAIT_FOR_SAME", 60.0)
    held, refused, opened = threading.Lock(), [], []

    class Exclusive(LiveSource):
        """As cameras are: nobody can open it twice, and closing waits for the read."""

        name = "exclusive"
        seconds = 0.1

        def __init__(self) -> None:
            if not held.acquire(blocking=False):
                refused.append(1)
                raise SourceLost("busy", Cause.BUSY)
            opened.append(self)
            self._handle = Handle(self.name, held.release)

        def read(self) -> Pixels:
            with self._handle.using():
                time.sleep(self.seconds)
                return np.zeros((48, 64, 3), np.uint8)

        def close(self) -> None:
            self._handle.close()

    runner = LiveRunner(Exclusive, Pipeline(*parts))
    runner.start()
    for number, again in enumerate((runner.reopen, lambda: runner.switch(Exclusive), runner.reopen), 1):
        wait_for_view(runner, lambda view: view.newest is not None and view.stage is Stage.RUNNING)
        again()
        wait_for(lambda number=number: len(opened) == number + 1)
    wait_for_view(runner, lambda view: view.stage is Stage.RUNNING)
    # A camera that has fallen silent is held until its driver gives up.
    Exclusive.seconds = 1.0
    time.sleep(0.2)
    runner.reopen()
    wait_for(lambda: len(opened) == 5)
    time.sleep(0.2)
    runner.switch(Exclusive, same=True)
    wait_for(lambda: len(opened) == 6)
    assert not refused
    assert runner.stop(60)
    assert not held.locked()


def test_an_opening_doesn_t_wait_for_ever_for_what_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (opening._WAIT_FOR_OTHER, opening._WAIT_FOR_SAME) == (0.5, 1.5)
    monkeypatch.setattr(opening, "_WAIT_FOR_OTHER", 0.01)
    monkeypatch.setattr(opening, "_WAIT_FOR_SAME", 0.02)
    for same in (False, True):
        Opening(Hanging, 1, threading.Event(), same=same).wait_for_its_turn()


def test_an_opening_that_hangs_is_given_up_and_what_it_opened_is_closed(parts: Parts) -> None:
    gate, late = threading.Event(), Hanging(pictures=5)

    def slowly() -> LiveSource:
        gate.wait(30)
        return late

    runner = LiveRunner(slowly, Pipeline(*parts))
    runner.start()
    time.sleep(0.05)
    assert runner.view().stage is Stage.OPENING
    with HttpCamera(size=(64, 48)) as camera:
        runner.switch(stream(camera))
        view = wait_for_view(runner, lambda view: view.newest)
        gate.set()
        wait_for(lambda: late.closed)
        assert late.left == 5, "nobody read it"
        assert view.newest is not None
        assert view.newest.frame.source == camera.url
        assert runner.stop(60)
    assert late.closed


def test_another_source_starts_with_an_empty_picture_and_everybody_has_left(parts: Parts) -> None:
    with HttpCamera(draw=with_astronaut, size=(480, 360)) as one, HttpCamera(size=(480, 360)) as other:
        runner = LiveRunner(stream(one), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result))
        events = [event for done in runner.drain() for event in done.events]
        runner.switch(stream(other))
        view = runner.view()
        assert view.newest is None or view.newest.frame.source == other.url
        wait_for_view(runner, lambda view: view.analysed)
        done = runner.drain()
        assert {one.captured.frame.source for one in done} <= {one.url, other.url}
        events += [event for result in done for event in result.events]
        assert [event.kind for event in events] == [EventKind.APPEARED, EventKind.LEFT]
        assert not [
            event for result in done if result.captured.frame.source == other.url for event in result.result.events
        ]
        runner.stop(60)
    assert runner.farewell() == ()
