"""Corrections of the labels of scenes, made by eye: labels that are wrong, and faces that have none."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np

from maskcam.boxes import overlaps
from maskcam.errors import UnusableInput
from maskcam.pending import reason
from training.manifest import Box
from training.scenes import Scene, is_wild

SAME_IOU = 0.9
"""Overlap from which a correction is of a label that is there; with less it adds one."""
COLUMNS = ("file", "box", "label", "reason")


@dataclass(frozen=True, slots=True)
class Correction:
    """What a box, pixels xyxy, of the pictures with this file name, from any folder on, really holds.

    `label` is one of the data's; any other word means that there is a face, but nothing to be judged.
    """

    file: PurePath
    box: Box
    label: str
    reason: str

    def __post_init__(self) -> None:
        if not self.file.name or not self.label or not self.reason:
            raise ValueError("a correction names its file, a label and a reason")
        # As boxes are kept: of a double's last digits nothing is left there, and the largest have no room.
        x0, y0, x1, y1 = (0.0,) * 4 if is_wild(self.box) else np.array(self.box, np.float32).tolist()
        if not (x1 > x0 and y1 > y0):
            raise ValueError("a correction's box is finite, in a picture, with x1 > x0 and y1 > y0")

    def of(self, picture: PurePath) -> bool:
        """Return whether it is of the picture with this path."""
        return picture.parts[-len(self.file.parts) :] == self.file.parts


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read a CSV with `file,box,label,reason`, the box as `15 13 44 42`; UnusableInput when it is none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            missing = set(COLUMNS) - set(rows.fieldnames or ())
            if missing:
                raise ValueError(f"it has no column {min(missing)}")
            return tuple(
                Correction(PurePath(row["file"] or ""), _four(row["box"]), row["label"] or "", row["reason"] or "")
                for row in rows
            )
    except (OSError, ValueError, csv.Error) as error:
        raise UnusableInput(f"{path}: not a list of corrections ({reason(error)})") from None


def correct(scene: Scene, corrections: Sequence[Correction]) -> Scene:
    """Return the scene with the labels corrected and added that are wrong or missing in it."""
    boxes, labels = scene.boxes, list(scene.labels)
    for one in corrections:
        if not one.of(scene.path):
            continue
        box = np.array([one.box], np.float32)
        iou, _ = overlaps(boxes, box)
        if iou.max(initial=0) >= SAME_IOU:
            labels[int(iou.argmax())] = one.label
        else:
            boxes = np.concatenate([boxes, box])
            labels.append(one.label)
    return replace(scene, boxes=boxes, labels=tuple(labels), nobody=scene.nobody and not labels)


def _four(text: str | None) -> Box:
    values = [float(value) for value in (text or "").split()]
    if len(values) != 4:
        raise ValueError(f"{text!r} is no box of four numbers")
    x0, y0, x1, y1 = values
    return x0, y0, x1, y1
