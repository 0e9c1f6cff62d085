from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.faces import FaceDetector
from maskcam.frames import EventKind, Frame, Pixels, Result
from maskcam.handle import Handle
from maskcam.live import Cause, LiveSource, LiveView, SourceLost, Stage
from maskcam.live_sources import PlayedVideo, StreamSource
from maskcam.pipeline import Pipeline
from maskcam.runner import LiveRunner
from maskcam.runner.results import UNDRAINED
from maskcam.track_rules import TrackRules
from tests.http_camera import HttpCamera, numbered, read_number
from tests.http_films import FilmServer
from tests.support import astronaut, environment, scaled, wait_for, write_clip

Parts = tuple[FaceDetector, MaskClassifier]


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        yield detector, classifier


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    wait_for(lambda: threading.active_count() == before)


class Slow(Pipeline):
    """A pipeline that takes its time."""

    seconds = 0.2

    def process(self, frame: Frame) -> Result:
        time.sleep(self.seconds)
        return super().process(frame)


class Hanging:
    """A source like a camera whose driver hangs in a read, until `let_go`."""

    name = "hanging"

    def __init__(self, pictures: int = 0) -> None:
        self.let_go, self.reading, self.closed = threading.Event(), threading.Event(), 0
        self.returned = False
        self._pictures = pictures

    def read(self) -> Pixels:
        if self._pictures:
            self._pictures -= 1
            return np.full((48, 64, 3), 7, np.uint8)
        self.reading.set()
        self.let_go.wait(120)
        self.returned = True
        return np.full((48, 64, 3), 99, np.uint8)

    def close(self) -> None:
        self.closed += 1


def wait_for_view(runner: LiveRunner, condition: Callable[[LiveView], object]) -> LiveView:
    wait_for(lambda: condition(runner.view()))
    return runner.view()


def stream(camera: HttpCamera, **more: float) -> Callable[[], LiveSource]:
    """Opens the camera, and is patient where a test doesn't say otherwise: a lost source stays lost."""
    return lambda: StreamSource(camera.url, **{"open_timeout": 60.0, "read_timeout": 60.0, **more})


def with_astronaut(width: int, height: int, number: int) -> Pixels:
    """The astronaut, going slowly to the right."""
    image = np.full((height, width, 3), 90, np.uint8)
    face = scaled(astronaut(), 0.68)
    left = 20 + number % 60
    image[: len(face), left : left + len(face)] = face
    return image


def test_a_real_camera_is_shown_and_analysed(parts: Parts) -> None:
    changes: list[float] = []
    with HttpCamera(draw=with_astronaut, size=(480, 360)) as camera:
        runner = LiveRunner(stream(camera), Pipeline(*parts), on_change=lambda: changes.append(time.monotonic()))
        runner.start()
        view = wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result) == 1)
        assert view.stage is Stage.RUNNING
        assert view.newest is not None
        assert view.newest.frame.image.shape == (360, 480, 3)
        time.sleep(1.0)
        done = runner.drain()
        assert runner.stop(60)
    assert 0 < view.newest.frame.time < 5
    # Only the newest wait, so the line that nobody drained for a second is short, and in order.
    indices = [one.captured.frame.index for one in done]
    assert 1 <= len(done) <= UNDRAINED
    assert indices == sorted(set(indices))
    # The first of them was lost, but not what it told.
    assert [event.kind for one in done for event in one.result.events] == [EventKind.APPEARED]
    assert [event.kind for event in runner.farewell()] == [EventKind.LEFT]
    assert len(changes) >= 5, "told of pictures and results; how many a loaded machine decides"


def test_the_picture_on_show_is_the_newest_even_if_the_analysis_is_slow(parts: Parts) -> None:
    with HttpCamera(size=(640, 480), rate=30) as camera:
        runner = LiveRunner(stream(camera), Slow(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.analysed)
        behind, judged = [], []
        for _ in range(60):
            time.sleep(0.04)
            newest = runner.view().newest
            assert newest is not None
            behind.append(max(camera.sent) - read_number(newest.frame.image))
            judged += runner.drain()
        runner.stop(60)
    # How old a picture is the benchmarks measure; here it counts how many newer ones the camera has sent.
    assert np.median(behind) <= 3, behind
    numbers = [read_number(one.captured.frame.image) for one in judged]
    assert len(numbers) >= 3
    assert np.median(np.diff(numbers)) >= 3, "what came during an analysis was left out"
    # As near at the end as at the beginning: a frame waits for its turn no longer than one analysis takes.
    assert numbers[-1] >= max(camera.sent) - 3 * max(np.diff(numbers)), (numbers, max(camera.sent))


def test_results_nobody_takes_are_bounded(parts: Parts) -> None:
    with HttpCamera(size=(64, 48), rate=100) as camera:
        runner = LiveRunner(stream(camera), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.analysed and view.analysed.result.index > 40)
        waiting = runner.drain()
        assert len(waiting) <= UNDRAINED and waiting[-1].result.index > 40
        runner.stop(60)


def test_a_frozen_camera_keeps_its_last_picture_and_is_lost_in_time(parts: Parts) -> None:
    with HttpCamera(size=(320, 240)) as camera:
        runner = LiveRunner(stream(camera, read_timeout=1.0), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.newest)
        camera.freeze()
        time.sleep(0.3)
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


def test_a_camera_that_dies_and_comes_back_goes_on_with_the_same_people(parts: Parts) -> None:
    with HttpCamera(draw=with_astronaut, size=(480, 360)) as camera:
        runner = LiveRunner(stream(camera), Pipeline(*parts))
        runner.start()
        first = wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result))
        assert first.analysed is not None
        assert first.newest is not None
        camera.kill()
        lost = wait_for_view(runner, lambda view: view.stage is Stage.LOST)
        assert lost.problem
        assert lost.newest is not None
        runner.reopen()
        again = wait_for_view(runner, lambda view: view.problem and "nothing answers" in view.problem)
        assert again.cause is Cause.UNREACHABLE
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
        # Number 1 still, unless it took longer than people are remembered.
        gap = found.analysed.result.time - first.newest.frame.time
        assert found.analysed.result.track_ids[0] == 1 or gap > TrackRules().coast_seconds
        runner.stop(60)


def test_a_new_size_in_the_middle_arrives(parts: Parts) -> None:
    with HttpCamera(size=(320, 240)) as camera:
        runner = LiveRunner(stream(camera), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.analysed)
        for width, height in ((640, 480), (160, 120)):
            camera.resize(width, height)
            wait_for_view(
                runner, lambda view, w=width: view.newest.frame.width == w and view.analysed.result.width == w
            )
        assert camera.connections == 1
        runner.stop(60)


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
    time.sleep(0.2)
    # The first one's late picture is 99s.
    assert runner.view().newest is newest
    assert runner.view().stage is Stage.RUNNING
    assert not runner.stop(0.3)
    assert not second.returned, "it waited for the read"
    second.let_go.set()
    wait_for(lambda: runner.stop(1.0))


def test_a_source_is_let_go_before_it_is_opened_again(parts: Parts) -> None:
    held, refused, opened = threading.Lock(), [], []

    class Exclusive:
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


def test_a_video_is_played_to_its_end(parts: Parts, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: np.full((48, 64, 3), n * 8, np.uint8), 15)
    runner = LiveRunner(lambda: PlayedVideo(clip), Pipeline(*parts))
    runner.start()
    view = wait_for_view(runner, lambda view: view.stage is Stage.ENDED)
    assert view.problem is None
    assert view.newest is not None
    assert view.newest.frame.image.mean() == pytest.approx(14 * 8, abs=3)
    runner.stop(60)


def test_a_film_that_breaks_off_is_told_of_and_stays_where_it_is(parts: Parts, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: numbered(160, 120, n), 50)
    with FilmServer(clip, ranges=False, cut_at=0.5) as server:
        runner = LiveRunner(lambda: StreamSource(server.url), Pipeline(*parts))
        runner.start()
        view = wait_for_view(runner, lambda view: view.stage is Stage.ENDED)
        assert runner.stop(60)
    assert view.problem is not None
    assert "broke off at 0:0" in view.problem
    assert view.cause is Cause.SILENT


@pytest.mark.parametrize("where", ["pipeline", "source", "on_change"])
def test_an_error_is_raised_where_somebody_looks(where: str, parts: Parts) -> None:
    class Broken(Pipeline):
        def process(self, frame: Frame) -> Result:
            raise ZeroDivisionError(where) if where == "pipeline" else RuntimeError("unused")

    class Source(Hanging):
        def read(self) -> Pixels:
            if where == "source":
                raise ZeroDivisionError(where)
            return super().read()

    def changed() -> None:
        if where == "on_change":
            raise ZeroDivisionError(where)

    source = Source(pictures=2)
    pipeline = (Broken if where == "pipeline" else Pipeline)(*parts)
    runner = LiveRunner(lambda: source, pipeline, on_change=changed)
    runner.start()
    with pytest.raises(ZeroDivisionError, match=where):
        wait_for_view(runner, lambda view: False)
    with pytest.raises(ZeroDivisionError, match=where):
        runner.drain()
    source.let_go.set()
    assert runner.stop(60)
    assert source.closed


def test_what_happened_before_an_error_is_told_all_the_same(parts: Parts) -> None:
    class Broken(Pipeline):
        appeared = False

        def process(self, frame: Frame) -> Result:
            if self.appeared:
                raise ZeroDivisionError
            result = super().process(frame)
            self.appeared = bool(result.events)
            return result

    class Portraits(Hanging):
        def read(self) -> Pixels:
            time.sleep(0.05)
            return astronaut()

    runner = LiveRunner(Portraits, Broken(*parts))
    runner.start()
    with pytest.raises(ZeroDivisionError):
        wait_for_view(runner, lambda view: False)
    assert runner.stop(60)
    events = runner.farewell()
    assert [event.kind for event in events] == [EventKind.APPEARED, EventKind.LEFT]
    assert runner.farewell() == (), "only once"


def test_the_pipeline_is_changed_between_two_frames_in_its_own_thread(parts: Parts) -> None:
    with HttpCamera(draw=with_astronaut, size=(480, 360)) as camera:
        first = Pipeline(*parts)
        runner = LiveRunner(stream(camera), first)
        runner.start()
        wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result))
        seen: list[tuple[Pipeline, str]] = []

        def change(pipeline: Pipeline) -> Pipeline:
            seen.append((pipeline, threading.current_thread().name))
            pipeline.change_threshold(0.999999)
            return pipeline

        runner.change_pipeline(change)
        wait_for(lambda: seen)
        assert seen == [(first, "maskcam analyse")]
        # At this threshold even the bare face counts as masked.
        wait_for_view(runner, lambda view: "mask" in view.analysed.result.verdicts)
        assert runner.view().analysed.result.track_ids.tolist() == [1]  # type: ignore[union-attr]
        other = Pipeline(*parts)
        runner.change_pipeline(lambda pipeline: other)
        wait_for_view(runner, lambda view: "no_mask" in view.analysed.result.verdicts)
        runner.stop(60)


def test_it_starts_once_and_stops_before_it_started(parts: Parts) -> None:
    runner = LiveRunner(Hanging, Pipeline(*parts))
    runner.reopen()
    assert runner.stop(0.1)
    source = Hanging()
    runner = LiveRunner(lambda: source, Pipeline(*parts))
    runner.start()
    with pytest.raises(RuntimeError):
        runner.start()
    source.let_go.set()
    assert runner.stop(60)
    runner.reopen()
    assert threading.active_count() == 1 or not any("maskcam" in one.name for one in threading.enumerate())


def test_a_source_that_is_not_there_says_why(parts: Parts) -> None:
    def absent() -> LiveSource:
        raise SourceLost("there is no camera 7; plug it in", Cause.MISSING)

    runner = LiveRunner(absent, Pipeline(*parts))
    runner.start()
    view = wait_for_view(runner, lambda view: view.stage is Stage.LOST)
    assert (view.problem, view.cause, view.newest) == ("there is no camera 7; plug it in", Cause.MISSING, None)
    assert runner.stop(1.0)


def test_opening_and_closing_leaves_nothing_behind(parts: Parts) -> None:
    process = psutil.Process()

    def cycle(camera: HttpCamera) -> None:
        runner = LiveRunner(stream(camera), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.newest)
        runner.reopen()
        assert runner.stop(60)

    with HttpCamera(size=(320, 240), rate=60) as camera:
        for _ in range(3):
            cycle(camera)
        wait_for(lambda: not any("maskcam" in one.name for one in threading.enumerate()))
        gc.collect()
        threads, files = process.num_threads(), process.num_fds() if os.name == "posix" else 0
        for _ in range(20):
            cycle(camera)
        assert not any("maskcam" in one.name for one in threading.enumerate())
        # The camera's own side may still hold a last connection or two.
        wait_for(lambda: process.num_threads() <= threads + 1)
        if os.name == "posix":
            wait_for(lambda: process.num_fds() <= files + 2)


def test_the_process_ends_while_a_native_read_hangs(tmp_path: Path) -> None:
    script = """
import os, sys
from maskcam.live_sources import StreamSource
from maskcam.runner import LiveRunner
class Nothing:
    def process(self, frame): raise AssertionError
    def finish(self): return ()
    def __init__(self): pass
runner = LiveRunner(lambda: StreamSource(sys.argv[1], open_timeout=60, read_timeout=60), Nothing())
runner.start()
print("started", flush=True)
sys.stdin.readline()
print(runner.stop(0.3), flush=True)
os._exit(0)
"""
    with HttpCamera(size=(64, 48)) as camera:
        camera.freeze()
        child = subprocess.Popen(
            [sys.executable, "-c", script, camera.url],
            env=environment(),
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "started\n"
        wait_for(lambda: camera.connections)
        said, errors = child.communicate("\n", timeout=30)  # the read alone would take 60
    assert (said, errors, child.returncode) == ("False\n", "", 0)
