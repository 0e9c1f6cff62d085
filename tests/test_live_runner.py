"""The live runner shows the newest picture, analyses what it can, and tells of both."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from maskcam.frames import EventKind, Frame, Result
from maskcam.live import Cause, Stage
from maskcam.pipeline import Pipeline
from maskcam.runner import LiveRunner
from maskcam.runner.results import UNDRAINED
from maskcam.sources.played import PlayedVideo
from maskcam.sources.stream import StreamSource
from tests.http_camera import HttpCamera, numbered, read_number
from tests.http_films import FilmServer
from tests.live_parts import Parts, stream, wait_for_view, with_astronaut
from tests.support import wait_for, write_clip

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


class Slow(Pipeline):
    """A pipeline that takes its time."""

    seconds = 0.2

    def process(self, frame: Frame) -> Result:
        time.sleep(self.seconds)
        return super().process(frame)


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
