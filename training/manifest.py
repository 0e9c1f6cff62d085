"""The manifest: one line a face, in CSV, that every later step reads."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from maskcam.errors import UnusableInput
from maskcam.frames import KEYPOINTS
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE

LABELS = (MASK, NO_MASK)
ALL_LABELS = (*LABELS, NOT_FACE)
TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
_COLUMNS = ["path", "label", "source", "group", "split", "box", "keypoints"]

Box = tuple[float, float, float, float]
Keypoints = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled face, or what the detector takes for one.

    `box` is the detector's box, pixels xyxy in the picture at `path`; without one the whole picture is the crop.
    `keypoints` are the face's six, x and y in turn, in pixels of that picture, where the detector could tell them.
    Samples of one `group` show the same original; a group never crosses a split.
    """

    path: Path
    label: str
    source: str
    group: str
    split: str
    box: Box | None = None
    keypoints: Keypoints | None = None

    def __post_init__(self) -> None:
        if self.label not in ALL_LABELS or self.split not in SPLITS:
            raise ValueError(f"unknown label {self.label!r} or split {self.split!r}")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if not (all(math.isfinite(value) for value in self.box) and x1 > x0 and y1 > y0):
                raise ValueError(f"a box has finite sides and an area, not {self.box}")
        if self.keypoints is not None and (
            len(self.keypoints) != 2 * KEYPOINTS or not all(math.isfinite(value) for value in self.keypoints)
        ):
            raise ValueError(f"a face has {KEYPOINTS} key points of two finite numbers, not {self.keypoints}")


def write_manifest(path: Path, samples: Iterable[Sample]) -> None:
    """Write the manifest."""
    # A file name that isn't UTF-8 comes back as it was from surrogateescape.
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for one in samples:
            numbers = [" ".join(f"{value:g}" for value in part or ()) for part in (one.box, one.keypoints)]
            rows.writerow([one.path, one.label, one.source, one.group, one.split, *numbers])


def read_manifest(path: Path) -> list[Sample]:
    """Read a manifest; UnusableInput in one line when it is none."""
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames != _COLUMNS:
                raise ValueError("its columns are others")
            return [_sample(row) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise UnusableInput(f"{path}: not a manifest ({error}); make one with `prepare`") from None


def _sample(row: dict[str, str]) -> Sample:
    if None in row.values():
        raise ValueError("a line is cut short")
    values = [float(value) for value in row["box"].split()]
    if len(values) not in (0, 4):
        raise ValueError(f"a box has four numbers, not {row['box']!r}")
    box = (values[0], values[1], values[2], values[3]) if values else None
    keypoints = tuple(float(value) for value in row["keypoints"].split()) or None
    return Sample(Path(row["path"]), row["label"], row["source"], row["group"], row["split"], box, keypoints)
