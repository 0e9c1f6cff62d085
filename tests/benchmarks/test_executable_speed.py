"""The standalone executable: from the command to `--version`, `selftest` and the viewer's first picture, warm.

MASKCAM_EXECUTABLE=dist/maskcam python -m pytest tests/benchmarks/test_executable_speed.py --benchmark-only -s
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskcam.assets import DEMO_CLIP, asset
from tests.screen import Screen
from tests.test_viewer_process import seen

FOLDER = os.environ.get("MASKCAM_EXECUTABLE", "")
PROGRAM = str(Path(FOLDER).resolve() / "maskcam")
ROUNDS = 5

pytestmark = pytest.mark.skipif(not FOLDER, reason="MASKCAM_EXECUTABLE names no built folder")


def rounds(benchmark: Any, once: Callable[[], object], limit: float, before: Callable[[], None] | None = None) -> None:
    benchmark.pedantic(once, setup=before, rounds=ROUNDS, warmup_rounds=1)
    median = benchmark.stats.stats.median
    print(f"\n{median:.2f} s, at most {limit} s are allowed")
    assert median <= limit


@pytest.mark.parametrize(("command", "limit"), [("--version", 0.5), ("selftest", 6.0)])
def test_commands(benchmark: Any, command: str, limit: float) -> None:
    rounds(benchmark, lambda: subprocess.run([PROGRAM, command], env={}, capture_output=True, check=True), limit)


def test_first_picture(benchmark: Any, tmp_path: Path) -> None:
    running: list[subprocess.Popen[bytes]] = []
    with Screen(1200, 900) as screen:

        def once() -> None:
            command = [PROGRAM, "live", str(asset(DEMO_CLIP))]
            running.append(subprocess.Popen(command, env={"DISPLAY": screen.name, "HOME": str(tmp_path)}))
            while not seen(screen.picture()):
                assert running[-1].poll() is None
                time.sleep(0.01)

        def end() -> None:
            for process in running:
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0
            running.clear()
            while screen.picture().any():
                time.sleep(0.01)

        try:
            rounds(benchmark, once, 2.5, end)
        finally:
            end()
