"""One real face, bare and masked, covered by what is no mask, near and far: the bundled classifier is right."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces
from maskcam.doubts import doubts
from maskcam.faces import FaceDetector, Range
from maskcam.frames import Faces
from tests.covered_faces import COVERS, MASKS
from tests.support import astronaut

SIZES = (24, 36, 64, 100, 180)
"""Widths of the face's box in pixels."""


@pytest.fixture(scope="module")
def classifier() -> Iterator[MaskClassifier]:
    with MaskClassifier(asset(MASK_MODEL)) as opened:
        yield opened


@cache
def bare_face() -> Faces:
    with FaceDetector(Range.NEAR) as detector:
        return detector.detect(astronaut())


def no_mask_probability(classifier: MaskClassifier, kind: str, size: int) -> float:
    found = bare_face()
    image = {**COVERS, **MASKS}[kind](astronaut(), found.keypoints[0])
    x0, _, x1, _ = found.boxes[0]
    factor = size / float(x1 - x0)
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=interpolation), np.uint8)
    boxes = found.boxes[:1] * np.float32(factor)
    crops = crop_faces(small, boxes, classifier.card)
    said = classifier.judge(crops)
    assert said.not_face_probability[0] < 0.5 and list(doubts(boxes, crops)) == [None], "it gets a verdict"
    return float(said.no_mask_probability[0])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", COVERS)
def test_a_bare_face_is_bare_whatever_is_held_before_it(classifier: MaskClassifier, kind: str, size: int) -> None:
    assert no_mask_probability(classifier, kind, size) >= classifier.card.threshold


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_is_a_mask_whatever_it_looks_like(classifier: MaskClassifier, kind: str, size: int) -> None:
    assert no_mask_probability(classifier, kind, size) < classifier.card.threshold
