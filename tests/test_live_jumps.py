"""A video that is sought in or begins again under the live runner: whoever is there then is new."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskcam.frames import EventKind, Frame
from maskcam.live import Analysed, Captured
from maskcam.pipeline import Pipeline
from maskcam.runner import LiveRunner
from maskcam.sources.played import PlayedVideo
from maskcam.viewer.sight import Sight
from tests.live_parts import Parts, wait_for_view, with_astronaut
from tests.support import write_clip
from tests.track_parts import face, run

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def clip(folder: Path, frames: int) -> Path:
    return write_clip(folder / "clip.mp4", lambda number: with_astronaut(480, 360, 0), frames, rate=10)


def test_after_a_seek_whoever_stands_at_the_same_place_is_somebody_else(parts: Parts, tmp_path: Path) -> None:
    video = PlayedVideo(clip(tmp_path, 60))
    runner = LiveRunner(lambda: video, Pipeline(*parts))
    runner.start()
    first = wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result))
    assert first.analysed is not None
    assert first.analysed.result.track_ids.tolist() == [1]
    before = runner.drain()
    video.pause(True)
    video.seek(4.0)
    jumped = wait_for_view(runner, lambda view: view.newest is not None and view.newest.part > 0)
    assert jumped.newest is not None
    # The new picture is never shown with people of the old place.
    assert jumped.analysed is None or jumped.analysed.captured.part == jumped.newest.part
    later = wait_for_view(runner, lambda view: view.analysed is not None and len(view.analysed.result))
    assert later.analysed is not None
    assert later.analysed.captured.part == jumped.newest.part
    assert later.analysed.result.track_ids.tolist() == [2]
    told = [event for one in (*before, *runner.drain()) for event in one.events]
    assert runner.stop(60)
    assert [(event.kind, event.track) for event in told if event.kind is not EventKind.VERDICT] == [
        (EventKind.APPEARED, 1),
        (EventKind.LEFT, 1),
        (EventKind.APPEARED, 2),
    ]


def test_a_video_that_begins_again_is_begun_by_new_people(parts: Parts, tmp_path: Path) -> None:
    runner = LiveRunner(lambda: PlayedVideo(clip(tmp_path, 12), loop=True), Pipeline(*parts))
    runner.start()
    second = wait_for_view(
        runner, lambda view: view.analysed is not None and len(view.analysed.result) and view.analysed.captured.part
    )
    assert second.analysed is not None
    assert second.analysed.result.track_ids.tolist() == [2]
    assert runner.stop(60)


def test_what_was_seen_before_a_jump_is_not_drawn_after_it() -> None:
    results = run(0.2, 10, lambda t: [face(300 + 500 * t, 300)])
    image = np.zeros((720, 1280, 3), np.uint8)
    captured = [
        Captured(Frame(image, number, number / 10, "clip.mp4"), number / 10, part)
        for number, part in enumerate([0, 0, 1, 1])
    ]
    sight = Sight()
    sight.newest = captured[1]
    for one, result in zip(captured, results, strict=False):
        sight.take(Analysed(one, result, one.at))
    shown = sight.picture(0.1)
    assert shown is not None and shown.result is not None and len(shown.result) == 1
    assert sight.counts() is not None
    sight.newest = captured[2]
    jumped = sight.picture(0.2)
    assert jumped is not None and jumped.result is None
    assert sight.counts() is None
    # The first result after it is drawn as it is: nobody came there from where somebody was before.
    other = run(0.1, 10, lambda t: [face(900, 500)], start=0.2)[0]
    sight.take(Analysed(captured[2], other, 0.2))
    sight.newest = captured[3]
    moved = sight.picture(0.3)
    assert moved is not None and moved.result is not None
    np.testing.assert_allclose(moved.result.boxes, other.boxes)
