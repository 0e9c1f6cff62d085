"""The viewer on a network camera at 720p30 with 1, 4 and 10 real faces: frames/s, ages, memory, start.

python -m pytest tests/benchmarks/test_viewer_speed.py --benchmark-only -s

MASKCAM_SECONDS sets how long each is watched (10). For the memory of a day, 600 and more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from maskcam.frames import Pixels
from tests.http_camera import HttpCamera
from tests.screen import Screen
from tests.support import ROOT, astronaut, environment

SECONDS = float(os.environ.get("MASKCAM_SECONDS", "10"))
WARM_UP = 4.0

PROGRAM = """
import json, os, sys, time
from PySide6.QtCore import QTimer
from maskcam.viewer import canvas, window
begun, seconds, warm_up = float(sys.argv.pop(1)), float(sys.argv.pop(1)), float(sys.argv.pop(1))
told = {}
verdicts, busy, numbers = [], [0.0, 0.0], set()
latest = [0.0]

original_paint = canvas.Canvas.paintEvent
def paint(self, event):
    before = self.painted
    original_paint(self, event)
    now = time.monotonic()
    if self.painted > before:
        told.setdefault("first", now - begun)
        numbers.add(self.shown.picture.number)
        result = self.shown.picture.result
        if self.ages is not None and result is not None:
            verdicts.append(now - latest[0])
canvas.Canvas.paintEvent = paint

original = window.ViewerWindow.__init__
def init(self, *arguments, **more):
    original(self, *arguments, **more)
    self.resize(1280, 860)
    real = self.engine.drain
    def drain():
        taken = real()
        if taken:
            latest[0] = taken[-1].captured.at
        return taken
    self.engine.drain = drain
    def begin():
        self.front.canvas.ages = []
        numbers.clear()
        busy[:] = [time.process_time(), time.monotonic()]
    QTimer.singleShot(round(warm_up * 1000), begin)
    def end():
        told.update(
            painted=len(numbers), seconds=time.monotonic() - busy[1], ages=self.front.canvas.ages,
            verdicts=verdicts, cores=(time.process_time() - busy[0]) / (time.monotonic() - busy[1]),
            people=self.front.canvas.shown.counts.people,
        )
        print(json.dumps(told), flush=True)
        self.close()
    QTimer.singleShot(round((warm_up + seconds) * 1000), end)
window.ViewerWindow.__init__ = init
from maskcam.cli import main
sys.exit(main(sys.argv[1:]))
"""


def scene(faces: int) -> Callable[[int, int, int], Pixels]:
    """Pictures of `faces` astronauts who sway before a noisy background."""
    columns = {1: 1, 4: 2, 10: 5}[faces]
    rows = -(-faces // columns)
    noise = np.random.default_rng(5).integers(70, 150, (720, 1280, 3), np.uint8)
    noise = cv2.GaussianBlur(noise, (0, 0), 3)
    wide, high = 1280 // columns, 720 // rows
    factor = min(wide / 280, high / 235)
    head = cv2.resize(astronaut()[30:250, 90:350], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)

    def picture(width: int, height: int, number: int) -> Pixels:
        image = np.roll(noise, 3 * number, axis=1).copy()
        for place in range(faces):
            row, column = divmod(place, columns)
            x = max(column * wide + (wide - head.shape[1]) // 2 + round(6 * np.sin(number / 9.55 + place)), 0)
            y = max(row * high + (high - head.shape[0]) // 2 + round(5 * np.cos(number / 9.55 + place)), 0)
            shown = head[: 720 - y, : 1280 - x]
            image[y : y + shown.shape[0], x : x + shown.shape[1]] = shown
        return image

    return picture


def watch(screen: Screen, home: Path, faces: int, seconds: float) -> tuple[dict[str, Any], list[float]]:
    """Run the viewer; what it measured of itself, and its resident memory, second by second, in MB."""
    memory: list[float] = []
    with HttpCamera(size=(1280, 720), rate=30, draw=scene(faces), cycle=60) as camera:
        for number in range(60):
            camera._encoded(number)
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(time.monotonic()), str(seconds), str(WARM_UP), "live", camera.url],
            env=environment(
                DISPLAY=screen.name,
                QT_QPA_PLATFORM="xcb",
                XDG_CONFIG_HOME=str(home / "config"),
                XDG_STATE_HOME=str(home / "state"),
            ),
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        watched = psutil.Process(process.pid)
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < seconds + WARM_UP:
            memory.append(watched.memory_info().rss / 1e6)
            time.sleep(1)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(out)
    return told, memory


@pytest.mark.parametrize("faces", [1, 4, 10])
def test_a_camera_at_720p30(benchmark: Any, faces: int, tmp_path: Path) -> None:
    found: list[tuple[dict[str, Any], list[float]]] = []
    with Screen(1300, 900) as screen:
        benchmark.pedantic(lambda: found.append(watch(screen, tmp_path, faces, SECONDS)), rounds=1)
    told, memory = found[0]
    age, verdict = 1000 * np.array(told["ages"]), 1000 * np.array(told["verdicts"])
    settled = memory[len(memory) // 2 :]
    growth = 60 * float(np.polyfit(np.arange(len(settled)), settled, 1)[0]) if len(settled) > 2 else 0.0
    figures = {
        "painted_per_s": round(told["painted"] / told["seconds"], 1),
        "age_ms_median": round(float(np.median(age)), 1),
        "age_ms_95": round(float(np.percentile(age, 95)), 1),
        "verdict_age_ms_median": round(float(np.median(verdict)), 1),
        "verdict_age_ms_95": round(float(np.percentile(verdict, 95)), 1),
        "cores": round(told["cores"], 2),
        "memory_mb": round(max(memory)),
        "growth_mb_per_min": round(growth, 2),
        "first_picture_s": round(told["first"], 2),
        "people": told["people"],
    }
    benchmark.extra_info.update(figures)
    print(f"\n{faces} face(s): {figures}")
