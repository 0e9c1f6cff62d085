"""Reads the three layouts of data that `prepare` knows into labelled faces."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector, Range
from maskcam.finder import FaceFinder
from maskcam.frames import Faces, Floats, Pixels
from maskcam.merging import moved
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE, CropRule
from maskcam.pictures import has_picture_name, is_picture, read_picture
from training.framing import Unclear, framing
from training.heads import face_of_head
from training.manifest import TEST, TRAIN, VALIDATION, Box, Keypoints
from training.mine import mine
from training.originals import Originals
from training.scenes import is_scenes, read_scenes

PUBLISHED = {"Train": TRAIN, "Validation": VALIDATION, "Test": TEST}
CLASS_FOLDERS = {"WithMask": MASK, "WithoutMask": NO_MASK, "with_mask": MASK, "without_mask": NO_MASK}
HEAD_LABELS = {"with_mask": MASK, "without_mask": NO_MASK}
INCORRECT = "mask_weared_incorrect"
"""The data's own spelling, for a mask that leaves nose or mouth free."""

_NAMED = 5
"""Folders and pictures without a place that are named; the others are counted."""
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
    without_original: int = 0
    several_faces: int = 0
    small_faces: int = 0
    strange: list[Path] = field(default_factory=list)
    """Folders and pictures where a layout has none."""

    def unread(self, error: UnusableInput) -> None:
        """Add what can't be read; once, however many faces are in it."""
        if str(error) not in self.unreadable:
            self.unreadable.append(str(error))

    def passed_over(self) -> Iterator[str]:
        """Yield, in words, how much was there that can be read and holds no face of a known label."""
        if self.heads_not_found:
            yield f"{self.heads_not_found} labelled heads in which the detector finds no face"
        if self.several_faces:
            yield f"{self.several_faces} pictures of several faces: which is labelled, nothing says"
        if self.small_faces:
            yield f"{self.small_faces} pictures in which only something small may be a face"
        if self.strange:
            more = len(self.strange) - _NAMED
            named = ", ".join(map(str, self.strange[:_NAMED])) + f" and {more} more" * (more > 0)
            yield f"what has no place in a known layout: {named}"


def as_named(folder: Path) -> Path:
    """Return the folder's whole path by the name it was given: lists and descriptions know a link, not its target."""
    return Path(os.path.abspath(folder))  # noqa: PTH100 (`absolute` leaves ".." in it)


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
    pictures = {place: _pictures(place) for place, _, _ in classes}
    originals = {
        label: Originals.among(path for place, own, _ in classes if own == label for path in pictures[place])
        for label in {label for _, label, _ in classes}
    }
    known = {folder, *(place for place, _ in places), *(place for place, _, _ in classes)}
    trouble.strange += [one for place in sorted(known) for one in _strange(place, known, pictures.get(place, []))]
    with FaceDetector(Range.NEAR) as detector:
        finder = FaceFinder(detector)
        for place, label, split in classes:
            for path in pictures[place]:
                trouble.without_original += originals[label].lacks(path)
                # What is published with its splits is compared with others' figures, so it stays as it is.
                box = None if split else _framing(path, finder)
                if isinstance(box, Unclear):
                    trouble.several_faces += box is Unclear.SEVERAL
                    trouble.small_faces += box is Unclear.SMALL
                    continue
                origin = f"{folder.name}/{label}/{originals[label].name(path)}"
                yield Found(path, label, folder.name, origin, split, box)


def _framing(path: Path, finder: FaceFinder) -> Box | Unclear | None:
    try:
        picture = read_picture(path)
    except UnusableInput:
        return None  # told of by whoever wants its crop
    return framing(finder.detect(picture), picture.shape[1], picture.shape[0], CropRule())


def _pictures(folder: Path) -> list[Path]:
    """Return the pictures right in a folder, by name, those that can't be read here among them."""
    return sorted(one for one in folder.iterdir() if is_picture(one))


def _strange(folder: Path, known: Iterable[Path], pictures: Iterable[Path]) -> list[Path]:
    """Return the folders and pictures right in a folder that are neither known nor read; broken links, too."""
    there = {
        one for one in folder.iterdir() if not one.name.startswith(".") and (one.is_dir() or has_picture_name(one))
    }
    return sorted(there - {*known, *pictures})


def _scan_scenes(folder: Path, trouble: Trouble, labels: dict[str, str], rejects: bool) -> Iterator[Found]:
    scenes = read_scenes(folder)
    with FaceDetector(Range.NEAR) as near, FaceDetector(Range.FAR) as far:
        finder = FaceFinder(near)
        for scene in scenes:
            heads = [
                (labels[label], box) for label, box in zip(scene.labels, scene.boxes, strict=True) if label in labels
            ]
            trouble.other_labels += len(scene.labels) - len(heads)
            origin = f"{folder.name}/{scene.path.relative_to(folder / 'images').as_posix()}"
            try:
                image = read_picture(scene.path)
            except UnusableInput as error:
                trouble.unread(error)
                continue
            found = finder.detect(image)
            faces: list[Box] = []
            for label, head in heads:
                box = _best(found, head)
                if box is None:
                    box = _best(_look_closer(image, head, near), head)
                if box is None:
                    trouble.heads_not_found += 1
                    continue
                faces.append(box)
                yield Found(scene.path, label, folder.name, origin, None, box)
            if rejects:
                known = np.array(faces, np.float32).reshape(-1, 4)
                for box in mine(image, scene.boxes, known, near, far, nobody=scene.nobody):
                    yield Found(scene.path, NOT_FACE, folder.name, origin, None, box)


def _best(found: Faces, head: Floats) -> Box | None:
    """Return the box of which the detector is surest, of those that fit a labelled head, or None.

    Which fits best says less: head and shoulders around a face may well fill a head better than the face.
    """
    fit = face_of_head(head[None], found.boxes)[0]
    best = max(np.flatnonzero(fit), key=lambda one: (found.scores[one], fit[one]), default=None)
    if best is None:
        return None
    a, b, c, d = (float(f"{value:g}") for value in found.boxes[best])  # as a manifest has it
    return a, b, c, d


def _look_closer(image: Pixels, head: Floats, detector: FaceDetector) -> Faces:
    """Return what the detector finds in a cut around the head, in the picture's pixels."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (float(value) for value in head)
    half = max(x1 - x0, y1 - y0) * ZOOM / 2
    left, top = max(int((x0 + x1) / 2 - half), 0), max(int((y0 + y1) / 2 - half), 0)
    right, bottom = min(int((x0 + x1) / 2 + half), width), min(int((y0 + y1) / 2 + half), height)
    if right - left < 2 or bottom - top < 2:
        return Faces.none()
    return moved(detector.detect(image[top:bottom, left:right]), left, top)
