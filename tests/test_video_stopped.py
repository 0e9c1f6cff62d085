"""`maskcam video`, stopped."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.cli import main
from maskcam.finder import FaceFinder
from maskcam.frames import Faces, Hints, Pixels, Result
from maskcam.pipeline import Pipeline
from maskcam.runner import DetectorPool, detectors
from maskcam.signals import StopRequest
from maskcam.sources.video_file import VideoSource
from maskcam.video_job import VideoOutputs, process_video
from tests.support import astronaut, start, wait_for, write_clip


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds, which take longer than a test waits."""
    picture = astronaut()
    return write_clip(tmp_path_factory.mktemp("long") / "long.mp4", lambda n: np.roll(picture, n, axis=1), 500)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_with_a_whole_shorter_video(tmp_path: Path, long_clip: Path, number: signal.Signals) -> None:
    (tmp_path / "long.mp4").hardlink_to(long_clip)
    options = ("--json", "out.jsonl", "--events", "out.csv", "--fast")
    process = start("video", "long.mp4", "-o", "out.mp4", *options, cwd=tmp_path)
    wait_for(lambda: any(part.stat().st_size > 1000 for part in tmp_path.glob("out.*.part.jsonl")))
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "stopped after " in err
    assert " of 20.0 s; out.mp4 holds what was done" in err
    assert "1 person seen" in out
    with VideoSource(tmp_path / "out.mp4") as source:
        frames = sum(1 for _ in source)
        assert source.damage is None
    assert 0 < frames < 500
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(lines) == frames
    assert {path.name for path in tmp_path.iterdir()} == {"long.mp4", "out.mp4", "out.jsonl", "out.csv"}
    events = [line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert (events[0][2], events[-1][2]) == ("appeared", "left")
    assert float(events[-1][0]) == lines[-1]["time"], "nobody leaves after the video's end"


def test_a_frame_whose_search_takes_too_long_is_broken_off_and_what_was_done_is_whole(
    tmp_path: Path, long_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "GRACE", 0.0)
    stop, seen = StopRequest(), 0

    def watch(result: Result) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            stop.signal = signal.SIGINT

    with (
        DetectorPool(stopped=lambda: bool(stop)) as detector,
        MaskClassifier(asset(MASK_MODEL)) as classifier,
        VideoSource(long_clip) as source,
    ):
        pipeline = Pipeline(FaceFinder(detector), classifier)
        report = process_video(source, pipeline, VideoOutputs(tmp_path / "out.mp4"), stop, watch)
    assert not report.complete
    assert 3 <= report.summary.frames == seen < 500
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == seen


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_signal_breaks_off_the_frame_that_is_being_searched(
    tmp_path: Path, long_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "GRACE", 0.0)
    detect, begun = FaceFinder.detect, 0

    def struck(self: FaceFinder, image: Pixels, hints: Hints | None = None) -> Faces:
        nonlocal begun
        begun += 1
        if begun == 9:  # more than may wait to be written, so that a picture is
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.5)  # in which the main thread hears of it
        return detect(self, image, hints)

    monkeypatch.setattr(FaceFinder, "detect", struck)
    assert main(["video", str(long_clip), "-o", str(tmp_path / "out.mp4"), "--fast"]) == 130
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == 8


def test_a_signal_before_the_first_picture_leaves_one(tmp_path: Path, long_clip: Path) -> None:
    (tmp_path / "out.csv").write_text("an earlier record\n")
    stop = StopRequest()
    stop.signal = signal.SIGINT
    outputs = VideoOutputs(tmp_path / "out.mp4", str(tmp_path / "out.jsonl"), str(tmp_path / "out.csv"), force=True)
    with DetectorPool() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier, VideoSource(long_clip) as source:
        pipeline = Pipeline(FaceFinder(detector), classifier)
        report = process_video(source, pipeline, outputs, stop, lambda result: None)
    assert not report.complete
    assert report.summary.people == 1
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == 1
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 1
    assert [line.split(",")[2] for line in (tmp_path / "out.csv").read_text().splitlines()[1:]] == ["appeared", "left"]
