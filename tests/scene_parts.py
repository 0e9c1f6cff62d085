"""Labelled scenes that several tests need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.scenes import Scene

Four = tuple[float, float, float, float]


def scene(boxes: Sequence[Four], labels: Sequence[str], path: Path = Path("/a.png")) -> Scene:
    return Scene(path, np.array(boxes, np.float32).reshape(-1, 4), tuple(labels))


def write_labels(folder: Path, content: object) -> Path:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "faces.json").write_text(text, encoding="utf-8")
    return folder
