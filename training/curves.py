"""The learning curves of a run, as a PNG."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from maskcam.errors import UnusableInput


def check_plots() -> None:
    """Raise UnusableInput where matplotlib is missing, before the work whose result it is to draw."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UnusableInput('the diagrams need matplotlib; install it with pip install "maskcam[train]"')


def draw_curves(history: Sequence[dict[str, str]], target: Path) -> None:
    """Draw loss and accuracy by epoch, for training and validation, from the rows of a history."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to import; a Figure of its own needs no screen)

    epochs = [int(row["epoch"]) for row in history]
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, name in ((left, "loss"), (right, "accuracy")):
        axes.plot(epochs, [float(row[name]) for row in history], "o-", label="training (augmented)")
        axes.plot(epochs, [float(row[f"val_{name}"]) for row in history], "s--", label="validation")
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(target, dpi=110)
