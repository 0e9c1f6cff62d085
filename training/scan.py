"""Reads the three layouts of data that `prepare` knows into labelled faces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from maskcam.boxes import Doubles, areas, shared_areas
from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector, Range
from maskcam.frames import Faces, Floats, Pixels
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE
from maskcam.pictures import PICTURE_SUFFIXES, read_picture
from training.manifest import TEST, TRAIN, VALIDATION, Box, Keypoints
from training.mine import mine
from training.scenes import is_scenes, read_scenes

PUBLISHED = {"Train": TRAIN, "Validation": VALIDATION, "Test": TEST}
CLASS_FOLDERS = {"WithMask": MASK, "WithoutMask": NO_MASK, "with_mask": MASK, "without_mask": NO_MASK}
HEAD_LABELS = {"with_mask": MASK, "without_mask": NO_MASK}
INCORRECT = "mask_weared_incorrect"
"""The data's own spelling, for a mask that leaves nose or mouth free."""

INSIDE_HEAD = 0.6
"""Share of a detector's box that must lie in the labelled head for the box to be that head's face."""
FILLS_HEAD = 0.2
"""Share of the labelled head that the box must cover: less is an ear or a mouth."""
ZOOM = 2.0
"""A head that the whole picture doesn't give up is looked for in a cut this many times its size."""


@dataclass(frozen=True, slots=True)
class Found:
    """A labelled face before groups and splits are known; `origin` names the original it was made from."""

    path: Path
    label: str
    source: str
    origin: str
    published: str | None = None
    box: Box | None = None
    keypoints: Keypoints | None = None


@dataclass(slots=True)
class Trouble:
    """What could not be used, to be told at the end."""

    unreadable: list[str] = field(default_factory=list)
    heads_not_found: int = 0
    blank: int = 0
    other_labels: int = 0


def scan(folder: Path, trouble: Trouble, *, incorrect: bool = False, rejects: bool = False) -> Iterator[Found]:
    """Yield every labelled face under `folder`, whatever its layout; UnusableInput for no known layout.

    With `incorrect`, heads with a mask worn incorrectly come too, labelled `INCORRECT`; training knows no such
    class, so without it they count among the other labels. With `rejects`, what the detector takes for a face in
    scenes and is none comes too, labelled `NOT_FACE`.
    """
    if is_scenes(folder):
        labels = {**HEAD_LABELS, INCORRECT: INCORRECT} if incorrect else HEAD_LABELS
        yield from _scan_scenes(folder, trouble, labels, rejects)
        return
    published = [name for name in PUBLISHED if (folder / name).is_dir()]
    places: list[tuple[Path, str | None]] = [(folder / name, PUBLISHED[name]) for name in published]
    places = places or [(folder, None)]
    classes = [
        (place / name, label, split)
        for place, split in places
        for name, label in CLASS_FOLDERS.items()
        if (place / name).is_dir()
    ]
    if not classes:
        raise UnusableInput(
            f"{folder}: no data in a known layout; expected Train/WithMask and so on, with_mask and without_mask,"
            " or images/ with faces.json"
        )
    for place, label, split in classes:
        for path in sorted(place.iterdir()):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                yield Found(path, label, folder.name, _origin(folder.name, label, path), split)


def _origin(source: str, label: str, path: Path) -> str:
    copy = re.fullmatch(r"Augmented_(\d+)_\d+", path.stem)
    if copy:
        return f"{source}/{label}/augmented-{copy[1]}"
    return f"{source}/{label}/{path.parent.parent.name}/{path.stem}"


def _scan_scenes(folder: Path, trouble: Trouble, labels: dict[str, str], rejects: bool) -> Iterator[Found]:
    scenes = read_scenes(folder)
    with FaceDetector(Range.NEAR) as near, FaceDetector(Range.FAR) as far:
        for scene in scenes:
            heads = [
                (labels[label], box) for label, box in zip(scene.labels, scene.boxes, strict=True) if label in labels
            ]
            trouble.other_labels += len(scene.labels) - len(heads)
            origin = f"{folder.name}/{scene.path.relative_to(folder / 'images')}"
            try:
                image = read_picture(scene.path)
            except UnusableInput as error:
                trouble.unreadable.append(str(error))
                continue
            boxes = np.concatenate([detector.detect(image).boxes for detector in (near, far)])
            faces: list[Box] = []
            for label, head in heads:
                box = _best(boxes, head)
                if box is None:
                    box = _best(_look_closer(image, head, near), head)
                if box is None:
                    trouble.heads_not_found += 1
                    continue
                faces.append(box)
                yield Found(scene.path, label, folder.name, origin, None, box)
            if rejects:
                known = np.array(faces, np.float32).reshape(-1, 4)
                for box in mine(image, scene.boxes, known, near, nobody=scene.nobody):
                    yield Found(scene.path, NOT_FACE, folder.name, origin, None, box)


def face_of_head(heads: Floats, boxes: Floats) -> Doubles:
    """Return how well each of `boxes` `(m, 4)` fits as the face of each of `heads` `(n, 4)`, `(n, m)`.

    That is their overlap (intersection over union), and 0 where the box can't be the head's face.
    """
    shared, own, whole = shared_areas(heads, boxes), areas(boxes)[None], areas(heads)[:, None]
    fits = (shared >= INSIDE_HEAD * own) & (shared >= FILLS_HEAD * whole)
    return np.asarray(np.where(fits, shared / (own + whole - shared), 0))


def _best(boxes: Floats, head: Floats) -> Box | None:
    """Return the box that fits a labelled head best, or None."""
    if not len(boxes):
        return None
    fit = face_of_head(head[None], boxes)[0]
    best = int(fit.argmax())
    if fit[best] <= 0:
        return None
    a, b, c, d = (float(value) for value in boxes[best])
    return a, b, c, d


def _look_closer(image: Pixels, head: Floats, detector: FaceDetector) -> Floats:
    """Return the boxes, in the picture's pixels, that the detector finds in a cut around the head."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (float(value) for value in head)
    half = max(x1 - x0, y1 - y0) * ZOOM / 2
    left, top = max(int((x0 + x1) / 2 - half), 0), max(int((y0 + y1) / 2 - half), 0)
    right, bottom = min(int((x0 + x1) / 2 + half), width), min(int((y0 + y1) / 2 + half), height)
    if right - left < 2 or bottom - top < 2:
        return Faces.none().boxes
    return detector.detect(image[top:bottom, left:right]).boxes + np.array([left, top, left, top], np.float32)
