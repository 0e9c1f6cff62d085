"""What several tests need: a real face, real video files, the commands as processes."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data

from maskcam.detections import Sighting
from maskcam.faces import FaceDetector
from maskcam.frames import Floats, Judgement, Pixels
from maskcam.sinks.video_file import VideoSink

ROOT = Path(__file__).resolve().parent.parent


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until that is so; the limit is only for what never comes, so it suits a machine with other work too."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def astronaut() -> Pixels:
    """The astronaut portrait, `(512, 512, 3) uint8 RGB`, a NASA photograph in the public domain."""
    return _portrait().copy()


@functools.cache
def _portrait() -> Pixels:
    # Decoded once: cameras and clips of the tests draw it for every picture.
    return np.array(skimage.data.astronaut(), np.uint8)


def keypoints(image: Pixels) -> Floats:
    """The key points of the best face in `image`."""
    with FaceDetector() as detector:
        return detector.detect(image).keypoints[0]


def scaled(image: Pixels, factor: float) -> Pixels:
    """The picture, scaled by area."""
    import cv2

    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def write_clip(path: Path, picture: Callable[[int], Pixels], frames: int, rate: int = 25) -> Path:
    """Write a video of `frames` pictures."""
    first = picture(0)
    height, width = first.shape[:2]
    with VideoSink(path, width=width, height=height, time_base=Fraction(1, rate), rate=Fraction(rate)) as sink:
        for number in range(frames):
            sink.write(picture(number), number)
        sink.finish()
    return path


def environment(**more: str) -> dict[str, str]:
    """The environment for a command: this checkout first, whatever is installed, and output held back as usual."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "PYTHONPATH": str(ROOT), **more}


def heed_signals() -> None:
    """For `preexec_fn`: a suite under nohup or in the background has signals ignored, and children inherit that."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)


def maskcam(*arguments: object, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `maskcam` as a process."""
    return subprocess.run(
        [sys.executable, "-m", "maskcam", *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def to_a_full_disk(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `maskcam` as a process whose standard output can't be written."""
    with Path("/dev/full").open("w") as full:
        return subprocess.run(
            [sys.executable, "-m", "maskcam", *map(str, arguments)],
            cwd=cwd,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )


STARTED: list[subprocess.Popen[str]] = []
"""What `start` has started in the present test; whatever still runs at its end is killed."""


def start(*arguments: object, cwd: Path, **more: str) -> subprocess.Popen[str]:
    """Start `maskcam` as a process that heeds signals, with `more` in its environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maskcam", *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    STARTED.append(process)
    return process


def one_clear_line(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """Check that a command failed as it should: its code, one line, no trace; return the line."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("maskcam: ")
    return lines[0]


def judged(no_mask_probability: Floats, not_face_probability: Floats | None = None) -> Judgement:
    """What a classifier says of faces, which unless told otherwise are faces."""
    rejected = np.zeros(len(no_mask_probability), np.float32) if not_face_probability is None else not_face_probability
    return Judgement(no_mask_probability, rejected)


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """As WCAG 2.2 defines it: 4.5 is what it asks of small text, 3 of signs."""

    def luminance(colour: Sequence[float]) -> float:
        part = np.array(colour) / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def all_judged(*seen: Any) -> Sighting:
    """A sighting of faces that are all judged anew; `seen` is what a `Sighting` takes but for that."""
    return Sighting(*seen, judged=np.ones(len(seen[4]), np.bool_))
