"""`maskcam video` at 720p with 1 and 5 real faces: frames/s, the share of each stage, start and memory.

python -m pytest tests/benchmarks --benchmark-only -s
"""

from __future__ import annotations

import cProfile
import pstats
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.finder import FaceFinder
from maskcam.frames import Faces, Hints, Judgement, Pixels
from maskcam.overlay import draw
from maskcam.pipeline import Pipeline
from maskcam.runner import DetectorPool
from maskcam.search import Effort
from maskcam.signals import StopRequest
from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import VideoSource
from maskcam.video_job import VideoOutputs, process_video
from tests.support import astronaut, environment, write_clip

WIDTH, HEIGHT = 1280, 720
FRAMES = 120


def scene(faces: int) -> Callable[[int], Pixels]:
    """Pictures of `faces` astronauts who sway before a moving, textured background."""
    columns, rows = (1, 1) if faces == 1 else (3, 2)
    wide, high = WIDTH // columns, HEIGHT // rows
    factor = min(wide / 280, high / 235)
    head = cv2.resize(astronaut()[30:250, 90:350], None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    noise = cv2.GaussianBlur(np.random.default_rng(5).integers(60, 190, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 3)

    def picture(number: int) -> Pixels:
        image = np.roll(noise, 2 * number, axis=1).copy()
        for place in range(faces):
            row, column = divmod(place, columns)
            x = column * wide + (wide - head.shape[1]) // 2 + round(6 * np.sin(number / 9 + place))
            y = row * high + (high - head.shape[0]) // 2 + round(5 * np.cos(number / 7 + place))
            x, y = max(x, 0), max(y, 0)
            shown = head[: HEIGHT - y, : WIDTH - x]
            image[y : y + shown.shape[0], x : x + shown.shape[1]] = shown
        return image

    return picture


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {faces: write_clip(folder / f"{faces}.mp4", scene(faces), FRAMES, 30) for faces in (1, 5)}


Parts = tuple[int, FaceFinder, MaskClassifier]


@pytest.fixture(
    scope="module",
    params=[(1, Effort.IN_TURNS), (5, Effort.IN_TURNS), (1, Effort.EVERYTHING), (5, Effort.EVERYTHING)],
    ids=["one face, fast", "five faces, fast", "one face", "five faces"],
)
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    faces, effort = request.param
    with DetectorPool() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        yield faces, FaceFinder(detector, effort=effort), classifier


def test_whole_video(benchmark: Any, clips: dict[int, Path], parts: Parts, tmp_path: Path) -> None:
    faces, finder, classifier = parts
    seen: list[int] = []

    def run() -> None:
        with VideoSource(clips[faces]) as source:
            outputs = VideoOutputs(tmp_path / "out.mp4", force=True)
            process_video(
                source, Pipeline(finder, classifier), outputs, StopRequest(), lambda one: seen.append(len(one))
            )

    benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    rate = FRAMES / benchmark.stats.stats.median
    benchmark.extra_info["frames_per_second"] = round(rate, 1)
    print(f"\n{faces} face(s) at 720p: {rate:.1f} frames/s; {np.mean(seen):.2f} faces a frame found")
    assert np.mean(seen) > faces - 0.5


class Timed:
    """Sums up the time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            begun = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

        return timed


def test_share_of_each_stage(benchmark: Any, clips: dict[int, Path], parts: Parts, tmp_path: Path) -> None:
    """One stage after another in one thread, so that the times add up; and the share of our own Python."""
    faces, finder, classifier = parts

    def run(timed: Timed) -> None:
        class Detector:
            def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
                found: Faces = timed("detect", finder.detect)(image, hints)
                return found

        class Classifier:
            card = classifier.card

            def judge(self, crops: Pixels) -> Judgement:
                said: Judgement = timed("classify", classifier.judge)(crops)
                return said

        pipeline = Pipeline(Detector(), Classifier())
        with VideoSource(clips[faces]) as source, VideoSink.like(source, tmp_path / "out.mp4", True) as sink:
            frames = iter(source)
            while read := timed("decode", next)(frames, None):
                result = timed("process", pipeline.process)(read.frame)
                sink_image = timed("draw", draw)(read.frame.image, result)
                timed("encode", sink.write)(sink_image, read.pts)
            timed("encode", sink.finish)()

    timed = Timed()
    benchmark.pedantic(run, [timed], rounds=1, warmup_rounds=0)
    seconds = timed.seconds
    seconds["crop and track"] = seconds.pop("process") - seconds["detect"] - seconds["classify"]
    whole = sum(seconds.values())
    shares = {name: round(100 * one / whole, 1) for name, one in seconds.items()}
    benchmark.extra_info.update(shares)
    print(f"\n{faces} face(s), {1000 * whole / FRAMES:.1f} ms a frame one after another, shares in %: {shares}")
    profile = cProfile.Profile()
    profile.runcall(run, Timed())
    own = sum(
        entry[2]  # type: ignore[index]
        for (file, _, _), entry in pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
        if f"{Path('maskcam') / ''}" in file
    )
    total = pstats.Stats(profile).total_tt  # type: ignore[attr-defined]
    print(f"our own Python under the profiler, which overstates it: {100 * own / total:.1f} %")


def test_start_and_memory(benchmark: Any, tmp_path: Path) -> None:
    """From the command to the first processed frame, and the resident memory of short and long videos."""
    lengths = (150, 900)
    for frames in lengths:
        write_clip(tmp_path / f"{frames}.mp4", scene(1), frames, 30)
    peaks: dict[int, float] = {}
    starts: list[float] = []

    def run(frames: int) -> None:
        for old in tmp_path.glob("out*"):
            old.unlink()
        command = [sys.executable, "-m", "maskcam", "video", f"{frames}.mp4", "-o", "out.mp4", "--fast", "--json", "-"]
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        process.stdout.readline()
        starts.append(time.perf_counter() - begun)
        watched = psutil.Process(process.pid)
        peak = 0
        while process.stdout.readline():
            peak = max(peak, watched.memory_info().rss)
        process.wait(60)
        peaks[frames] = peak / 1e6

    run(lengths[0])
    starts.clear()
    for frames in lengths:
        run(frames)
    benchmark.pedantic(run, [lengths[0]], rounds=3)
    benchmark.extra_info.update(first_frame_s=round(min(starts), 2), peak_mb={n: round(mb) for n, mb in peaks.items()})
    print(f"\nfirst frame after {np.median(starts):.2f} s (median of {len(starts)})")
    print("peak resident memory: " + ", ".join(f"{mb:.0f} MB for {n} frames" for n, mb in peaks.items()))
    assert peaks[lengths[1]] < peaks[lengths[0]] * 1.15
    assert max(peaks.values()) <= 450
