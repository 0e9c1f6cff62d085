from __future__ import annotations

import numpy as np

from maskcam.drawn_mask import draw_mask
from tests.support import astronaut, keypoints


def test_the_mask_hides_mouth_and_nose_tip_and_leaves_the_eyes() -> None:
    image = astronaut()
    points = keypoints(image)
    masked = draw_mask(image, points, (0, 0, 255))
    changed = np.abs(masked.astype(int) - image).max(axis=2) > 60
    for point, hidden in zip(points[:4], (False, False, True, True), strict=True):
        x, y = np.rint(point).astype(int)
        assert changed[y - 2 : y + 3, x - 2 : x + 3].all() == hidden
        assert changed[y - 2 : y + 3, x - 2 : x + 3].any() == hidden
    assert 0.01 < changed.mean() < 0.04


def test_the_picture_given_stays_as_it_was() -> None:
    image = astronaut()
    draw_mask(image, keypoints(image))
    assert np.array_equal(image, astronaut())


def test_a_lowered_mask_leaves_the_mouth_free() -> None:
    image = astronaut()
    points = keypoints(image)
    x, y = np.rint(points[3]).astype(int)
    lowered = draw_mask(image, points, lowered=1.5)
    assert np.abs(lowered[y - 2 : y + 3, x - 2 : x + 3].astype(int) - image[y - 2 : y + 3, x - 2 : x + 3]).max() < 10


def test_a_mirrored_face_gets_the_mirrored_mask() -> None:
    image = np.ascontiguousarray(astronaut()[:, ::-1])
    points = keypoints(image)
    masked = draw_mask(image, points, (0, 0, 255))
    x, y = np.rint(points[3]).astype(int)
    assert masked[y, x, 2] > masked[y, x, 0] + 50
