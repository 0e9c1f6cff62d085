"""The steps of a whole tiny training, as processes, and what they left behind."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import training
from tests.support import heed_signals
from training.ablation_plan import Budget, Line

SIZE = 75
EPOCH_STEPS, EPOCHS = 3, 3
STEPS = EPOCH_STEPS * EPOCHS
"""All layers from the start: the ablation below trains the head alone, and `test_training_phases` one after the other.
Each phase costs half a minute before its first step."""
BATCH = 8
HIDDEN = 16
PATIENCE = 1800
"""Seconds that a step of the chain may take on a machine that has other work."""


ABLATION_START = "ablation.weights.h5"
LINE = Line("plain", ("balance", "render"), ("own",), head_only=True, input_size=SIZE)


@dataclass(frozen=True)
class Ran:
    """What a finished process left behind."""

    code: int
    out: str
    err: str


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "training", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Of the package under test; without what would quieten TensorFlow or unbuffer the output from outside."""
    root = str(Path(training.__file__).parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "PYTHON"))}
    return {**kept, "PYTHONPATH": root}


def run(*arguments: str | Path) -> Ran:
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def run_until_interrupted(arguments: Sequence[str | Path], line: str) -> Ran:
    """Start a process, send it a real Ctrl-C once it has printed a line that begins so."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    out: list[str] = []
    try:
        assert process.stdout is not None
        for printed in process.stdout:
            out.append(printed)
            if printed.startswith(line):
                process.send_signal(signal.SIGINT)
                break
        rest, err = process.communicate()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
    return Ran(process.returncode, "".join(out) + rest, err)


def read_history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def ablation(folder: Path, *lines: Line) -> tuple[Path, Budget, list[Line]]:
    """What `ablate` is told after the manifest."""
    budget = Budget(str(folder / ABLATION_START), "float32", epochs=2, epoch_images=32, ladder_faces=4)
    return folder / "ablation", budget, list(lines)


@dataclass(frozen=True)
class Chain:
    """The whole training, step by step."""

    folder: Path
    prepared: Ran
    interrupted: Ran
    checkpoint: dict[str, Any]
    history_before: list[dict[str, str]]
    files_before: frozenset[str]
    resumed: Ran
    exported: Ran
    ablated: list[str]

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def exported_file(self) -> Path:
        return self.folder / "app" / "tiny.tflite"

    @property
    def manifest(self) -> Path:
        return self.folder / "prepared" / "manifest.csv"
