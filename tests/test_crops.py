from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskcam.crops import crop_faces, cut, resize, scale, squares
from maskcam.modelcard import CropRule, ModelCard

CARD = ModelCard(labels=("mask", "no_mask"), input_size=96, crop=CropRule(margin=0.1), threshold=0.5, sha256="")

coordinates = st.floats(-300, 900, width=32)
sizes = st.floats(1, 600, width=32)


def box(x: float, y: float, wide: float, high: float) -> np.ndarray:
    return np.array([[x, y, x + wide, y + high]], np.float32)


@given(coordinates, coordinates, sizes, sizes, st.floats(0, 1))
def test_squares_are_square_centred_and_as_large_as_the_margin_says(
    x: float, y: float, wide: float, high: float, margin: float
) -> None:
    boxes = box(x, y, wide, high)
    x0, y0, x1, y1 = squares(boxes, CropRule(margin=margin))[0]
    longer = float(max(boxes[0, 2] - boxes[0, 0], boxes[0, 3] - boxes[0, 1]))
    assert x1 - x0 == y1 - y0 >= 2
    assert abs((x1 - x0) - max(longer * (1 + 2 * margin), 2)) <= 0.51
    assert abs((x0 + x1) / 2 - (boxes[0, 0] + boxes[0, 2]) / 2) <= 1
    assert abs((y0 + y1) / 2 - (boxes[0, 1] + boxes[0, 3]) / 2) <= 1


@given(st.integers(-40, 60), st.integers(-40, 60), st.integers(2, 70))
def test_a_cut_repeats_the_nearest_pixel_outside(x: int, y: int, side: int) -> None:
    image = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
    rows = np.clip(np.arange(y, y + side), 0, 19)
    columns = np.clip(np.arange(x, x + side), 0, 29)
    part = cut(image, np.array([x, y, x + side, y + side]))
    assert np.array_equal(part, image[rows][:, columns])


def test_no_box_gives_an_empty_batch() -> None:
    batch = crop_faces(np.zeros((50, 50, 3), np.uint8), np.zeros((0, 4), np.float32), CARD)
    assert batch.shape == (0, 96, 96, 3)
    assert scale(batch, CARD).shape == (0, 96, 96, 3)


def test_every_box_is_cut_on_its_own() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[20:80, 20:80] = (255, 0, 0)
    image[120:180, 120:180] = (0, 255, 0)
    boxes = np.array([[30, 30, 70, 70], [130, 130, 170, 170]], np.float32)
    red, green = crop_faces(image, boxes, CARD)
    assert (red == (255, 0, 0)).all()
    assert (green == (0, 255, 0)).all()


def test_scaling_down_averages_and_scaling_up_is_linear() -> None:
    checks = np.kron(np.indices((96, 96)).sum(axis=0) % 2, np.ones((2, 2)))[..., None]
    board = np.repeat(checks * 255, 3, axis=2).astype(np.uint8)
    fine = np.roll(board, 1, axis=0)
    assert np.abs(resize(fine, 96).astype(float) - 127.5).max() < 1
    small = np.array([[[0, 0, 0], [255, 255, 255]]] * 2, np.uint8)
    assert np.array_equal(resize(small, 8), cv2.resize(small, (8, 8), interpolation=cv2.INTER_LINEAR))


def test_pixel_values_become_minus_one_to_one() -> None:
    ends = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
    assert np.allclose(scale(ends, CARD).ravel(), [-1, 1])
    assert scale(ends, CARD).dtype == np.float32
