"""Labelled scenes: pictures in which every head, or every face, has a box and a label."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from maskcam.errors import UnusableInput
from maskcam.frames import Floats
from maskcam.sources.inputs import MAX_SIDE

FARTHEST = 2 * MAX_SIDE
"""Pixels from a picture's corner beyond which nothing of it can be labelled: a slip of the pen, or other units."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture: `boxes` `(n, 4) float32, pixels, xyxy` and as many `labels`, as the data spell them.

    `nobody` says that it surely shows no face, not even one too small to be labelled.
    """

    path: Path
    boxes: Floats
    labels: tuple[str, ...]
    nobody: bool = False

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.labels), 4) or not np.isfinite(self.boxes).all():
            raise ValueError("every label needs a box of four finite numbers")
        if is_wild(self.boxes):
            raise ValueError(f"no picture has a box with {np.abs(self.boxes).max():g} in it")
        if not (self.boxes[:, 2:] > self.boxes[:, :2]).all():
            raise ValueError("a label's box needs x1 > x0 and y1 > y0")
        if self.nobody and self.labels:
            raise ValueError("where nobody is there are no faces")


def is_wild(box: ArrayLike) -> bool:
    """Return whether a box, or any of `(n, 4)`, pixels xyxy, lies beyond any picture."""
    return bool((np.abs(np.asarray(box, np.float64)) > FARTHEST).any())


def is_scenes(folder: Path) -> bool:
    """Return whether `folder` holds labelled scenes."""
    return (folder / "faces.json").is_file() and (folder / "images").is_dir()


def read_scenes(folder: Path) -> list[Scene]:
    """Read `faces.json`, in order of file names; UnusableInput when it is no list of labelled scenes."""
    try:
        scenes: dict[str, Any] = json.loads((folder / "faces.json").read_text(encoding="utf-8"))
        return [
            Scene(
                _picture(folder / "images", name),
                np.array([_four(face["box"]) for face in scene["faces"]], np.float32).reshape(-1, 4),
                tuple(str(face["label"]) for face in scene["faces"]),
                _true_or_false(scene.get("nobody", False)),
            )
            for name, scene in sorted(scenes.items())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise UnusableInput(f"{folder / 'faces.json'}: not a list of labelled scenes ({error})") from None


def _picture(images: Path, name: str) -> Path:
    path = images / name
    if "\0" in name or path == images or ".." in path.parts[len(images.parts) :] or not path.is_relative_to(images):
        raise ValueError(f"{name!r} names no picture in images/")
    return path


def _true_or_false(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"nobody is true or false, not {value!r}")
    return value


def _four(box: list[Any]) -> list[float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return [x0, y0, x1, y1]
