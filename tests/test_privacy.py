from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.faces import FaceDetector
from maskcam.frames import Pixels
from maskcam.privacy import pixelate
from tests.support import astronaut, scaled


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def noise(width: int = 200, height: int = 160) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_of_a_real_face_only_blocks_are_left(factor: float) -> None:
    image = scaled(astronaut(), factor)
    with FaceDetector() as detector:
        faces = detector.detect(image)
        assert faces.scores.max() > 0.5
        left = detector.detect(pixelate(image, faces.boxes))
    # The detector may well see that there is a head, but what is left has only as many colours as blocks.
    x0, y0, x1, y1 = faces.boxes[0].astype(int)
    patch = pixelate(image, faces.boxes[:1])[y0:y1, x0:x1].reshape(-1, 3)
    assert len(np.unique(patch, axis=0)) <= 9 * 9
    assert left.scores.max(initial=0.0) < faces.scores.max()


def test_ears_and_chin_are_hidden_too_and_small_faces_coarsely() -> None:
    image = noise(200)
    changed = (pixelate(image, boxes((60, 50, 120, 110))) != image).any(axis=2)
    assert changed[39:121, 49:131].mean() > 0.95
    small = pixelate(image, boxes((60, 50, 74, 64)))[50:64, 60:74]
    assert len(np.unique(small.reshape(-1, 3), axis=0)) <= 9


@given(st.floats(-60, 220), st.floats(-60, 180), st.floats(1, 150), st.floats(1, 150), st.integers(40, 200))
def test_blocks_are_at_least_a_sixth_of_the_face_and_only_the_face_changes(
    x: float, y: float, wide: float, high: float, width: int
) -> None:
    image = noise(width)
    kept = image.copy()
    result = pixelate(image, boxes((x, y, x + wide, y + high)))
    assert (image == kept).all()
    height = image.shape[0]
    left, right = max(0, int(np.floor(x - 0.2 * wide))), min(width, int(np.ceil(x + 1.2 * wide)))
    top, bottom = max(0, int(np.floor(y - 0.2 * high))), min(height, int(np.ceil(y + 1.2 * high)))
    outside = np.ones(image.shape[:2], bool)
    # A pixel of slack: the rounding of float32 may take one more.
    outside[max(0, top - 1) : max(0, bottom + 1), max(0, left - 1) : max(0, right + 1)] = False
    assert (result[outside] == image[outside]).all()
    x0, x1, y0, y1 = max(0, int(x)), min(width, int(x + wide)), max(0, int(y)), min(height, int(y + high))
    if x1 <= x0 or y1 <= y0:
        return
    face = result[y0:y1, x0:x1].astype(int)
    # Where the colour changes along a row there is a block's edge: in noise no two blocks are alike.
    edges = np.flatnonzero(np.abs(np.diff(face[(y1 - y0) // 2], axis=0)).sum(axis=1))
    assert (np.diff(edges) >= int(max(wide, high) / 6)).all()
    assert len(edges) <= 7


def test_overlapping_faces_and_none() -> None:
    image = noise()
    assert (pixelate(image, boxes()) == image).all()
    assert pixelate(image, boxes()) is not image
    result = pixelate(image, boxes((20, 20, 80, 80), (60, 60, 120, 120)))
    for x0, y0, x1, y1 in ((20, 20, 80, 80), (60, 60, 120, 120)):
        assert (result[y0:y1, x0:x1] == image[y0:y1, x0:x1]).mean() < 0.05


def test_a_box_without_size_or_outside_does_nothing() -> None:
    image = noise()
    assert (pixelate(image, boxes((500, 500, 600, 600), (-90, -90, -40, -40))) == image).all()


def test_boxes_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="boxes"):
        pixelate(noise(), boxes((0, 0, np.nan, 5)))
    with pytest.raises(ValueError, match="picture"):
        pixelate(np.zeros((4, 4), np.uint8), boxes())
