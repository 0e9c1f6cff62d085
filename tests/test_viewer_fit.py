"""Pictures fitted into a window, and mirrored ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskcam.overlay import draw
from maskcam.viewer.compose import compose, fitted, moved
from maskcam.viewer.shown import Picture
from tests.viewer_parts import (
    BARE,
    noise,
    result,
)


@given(st.tuples(*[st.integers(1, 5000)] * 2), st.tuples(*[st.integers(1, 5000)] * 2))
def test_a_fitted_picture_keeps_its_proportions(picture: tuple[int, int], room: tuple[int, int]) -> None:
    x, y, width, height = fitted(picture, room)
    assert 0 < width <= room[0]
    assert 0 < height <= room[1]
    assert x >= 0
    assert y >= 0
    scale = min(room[0] / picture[0], room[1] / picture[1])
    assert abs(width - picture[0] * scale) <= 1
    assert abs(height - picture[1] * scale) <= 1


def test_a_mirrored_picture_has_its_boxes_mirrored_and_its_words_readable() -> None:
    picture = Picture(noise(1), result(0, 0.0, (1, BARE)), 0, 0.0)
    plain = compose(replace(picture, result=None), mirrored=True)
    assert np.array_equal(plain, noise(1)[:, ::-1])
    drawn = compose(picture, mirrored=True, size=(640, 480))
    changed = (drawn != compose(replace(picture, result=None), mirrored=True, size=(640, 480))).any(axis=2)
    assert changed[80:180, 640 - 160 : 640 - 80].any()
    assert picture.result is not None
    mirrored = np.ascontiguousarray(compose(replace(picture, result=None), mirrored=False, size=(640, 480))[:, ::-1])
    assert np.array_equal(drawn, draw(mirrored, moved(picture.result, (640, 480), True))), "words are drawn last"
    assert compose(picture, mirrored=False, greyed=True).max() < 80
