"""How much the boxes of one face differ: between looks, and, blended, between pictures shifted and scaled a little.

MASKCAM_SCENES=DIR python -m pytest tests/benchmarks/test_box_jitter.py --benchmark-only -s

DIR holds `images/` and `faces.json`, with boxes of faces or of whole heads. What training shifts and scales by should
be no less than what is printed in the second line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskcam.boxes import overlaps
from maskcam.faces import FaceDetector
from maskcam.finder import WORTH_A_VERDICT, FaceFinder, search
from maskcam.frames import Floats, Pixels
from maskcam.pictures import read_picture
from maskcam.search import plan_search
from training.scenes import read_scenes

SCENES = os.environ.get("MASKCAM_SCENES", "")
WIDE = 20
"""Pixels from which a face counts."""
SAME = 0.3
"""Overlap from which two boxes are of one face, and of a face and its label."""
VARIANTS = 4

pytestmark = pytest.mark.skipif(not SCENES, reason="MASKCAM_SCENES names no folder of labelled scenes")


def variant(picture: Pixels, random: np.random.Generator) -> tuple[Pixels, Floats, Floats]:
    """Return a picture that begins a little elsewhere in another size; how much it grew, and where it begins."""
    height, width = picture.shape[:2]
    corner = np.array([random.integers(0, width // 16 + 1), random.integers(0, height // 16 + 1)])
    part = picture[corner[1] :, corner[0] :]
    size = np.rint(np.exp(random.uniform(np.log(0.75), np.log(1.3))) * np.array([part.shape[1], part.shape[0]]))
    shrinks = size[0] < part.shape[1]
    resized = cv2.resize(part, size.astype(int).tolist(), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    grew = size / (part.shape[1], part.shape[0])
    return np.asarray(resized, np.uint8), grew.astype(np.float32), corner.astype(np.float32)


def of_labels(labels: Floats, boxes: Floats) -> Floats:
    """Return of `boxes` the one that fits each of `labels` best, where one fits at all and is wide enough."""
    boxes = boxes[boxes[:, 2] - boxes[:, 0] >= WIDE]
    shared, _ = overlaps(labels, boxes)
    found = (shared >= SAME).any(axis=1)
    return boxes[shared[found].argmax(axis=1)] if found.any() else boxes[:0]


def differences(faces: Floats, boxes: Floats) -> Iterator[Floats]:
    """Yield for each of `faces` that one of `boxes` shows: `(3,)`, how far that is off across and down, and in size.

    Places are in sides of the face, sizes are logarithms.
    """
    shared, _ = overlaps(faces, boxes)
    for face, fits in zip(faces, shared, strict=True):
        if not len(boxes) or fits.max() < SAME:
            continue
        box = boxes[fits.argmax()]
        side, other = face[2] - face[0], box[2] - box[0]
        shift = ((box[:2] + box[2:]) - (face[:2] + face[2:])) / 2 / np.sqrt(side * other)
        yield np.array([*shift, np.log(other / side)], np.float32)


def test_jitter_of_boxes(benchmark: Any) -> None:
    random = np.random.default_rng(0)
    looks: list[Floats] = []
    blended: list[Floats] = []

    def run() -> None:
        with FaceDetector() as detector:
            finder = FaceFinder(detector)
            for scene in read_scenes(Path(SCENES)):
                picture = read_picture(scene.path)
                found = finder.detect(picture).boxes
                faces = of_labels(scene.boxes, found)
                for look in plan_search(picture.shape[1], picture.shape[0]).looks:
                    seen = search(detector, picture, [look])
                    looks.extend(differences(faces, seen.boxes[seen.scores >= WORTH_A_VERDICT]))
                for _ in range(VARIANTS):
                    other, grew, corner = variant(picture, random)
                    boxes = finder.detect(other).boxes / np.tile(grew, 2) + np.tile(corner, 2)
                    blended.extend(differences(faces, boxes.astype(np.float32)))

    benchmark.pedantic(run, rounds=1)
    for name, differ in (("one look from the blended box", looks), ("blended, from picture to picture", blended)):
        across, down, size = np.array(differ).std(axis=0)
        print(f"\n{name}: {across:.1%} across, {down:.1%} down, {size:.1%} in size; {len(differ)} boxes")
    assert looks and blended
