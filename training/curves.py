"""The learning curves of a run, as a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


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
