"""Copies of a photographed face are told however they were turned, moved, cut and coloured; other people aren't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from maskcam.faces import FaceDetector, Range
from maskcam.frames import Floats, Pixels
from tests.drawn_faces import save, save_classes
from tests.support import astronaut
from training.landmarks import find_keypoints
from training.prepare import prepare
from training.same_face import SIDE, moved_alike, same_faces, upright_face

PLACE = (slice(0, 215), slice(122, 332))
"""The astronaut's head with room about it."""


def turned(picture: Pixels, degrees: float) -> Pixels:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def recoloured(picture: Pixels) -> Pixels:
    return np.clip(picture * np.array([0.7, 0.9, 1.1]) + 12, 0, 255).astype(np.uint8)


def squeezed(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=0.92, fy=1.0, interpolation=cv2.INTER_AREA), np.uint8)


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "turned by 5": lambda picture: turned(picture, 5),
    "turned by 15": lambda picture: turned(picture, -15),
    "cut at two sides": lambda picture: picture[12:, 14:].copy(),
    "squeezed": squeezed,
    "recoloured": recoloured,
    "mirrored and turned": lambda picture: turned(np.ascontiguousarray(picture[:, ::-1]), 8),
    "all at once": lambda picture: recoloured(squeezed(turned(picture, 8)[8:, 8:])),
}


def face_of(picture: Pixels, detector: FaceDetector) -> Floats | None:
    points = find_keypoints(picture, detector)
    assert points is not None
    return upright_face(picture, tuple(points.ravel().tolist()))


@pytest.fixture(scope="module")
def head() -> Pixels:
    return np.ascontiguousarray(astronaut()[PLACE])


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_copies_are_found(head: Pixels, change: Callable[[Pixels], Pixels]) -> None:
    with FaceDetector(Range.NEAR) as detector:
        faces = [face_of(head, detector), face_of(change(head), detector)]
    assert list(same_faces(faces)) == [(0, 1)]


def test_a_face_lies_upright_with_detail_alone() -> None:
    image = np.ascontiguousarray(astronaut()[PLACE])
    with FaceDetector(Range.NEAR) as detector:
        straight, bright = face_of(image, detector), face_of(np.asarray(image // 2 + 60, np.uint8), detector)
    assert straight is not None and bright is not None
    assert straight.shape == (SIDE, SIDE) and straight.dtype == np.float32
    assert abs(float(straight.mean())) < 1e-3 and float(np.linalg.norm(straight)) == pytest.approx(1, abs=1e-3)
    assert float((straight * bright).sum()) > 0.97


def test_different_people_are_not_the_same() -> None:
    # Photographs of 100 people, 25 px small, faces in the middle: the same places are eyes and mouth in all.
    people = np.asarray(skimage.data.lfw_subset()[:100])
    points = (8.0, 9.5, 16.0, 9.5, 12.0, 14.0, 12.0, 18.0, 2.0, 11.0, 22.0, 11.0)
    faces = []
    for one in people:
        grey = np.asarray(np.clip(one * 255, 0, 255), np.uint8)
        large = cv2.resize(grey, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
        faces.append(upright_face(np.dstack([large] * 3), tuple(4 * value for value in points)))
    assert sum(face is not None for face in faces) == 100
    assert list(same_faces(faces)) == []
    faces[70] = faces[3]
    assert list(same_faces(faces)) == [(3, 70)]


def test_what_is_known_to_belong_together_is_passed_over(head: Pixels) -> None:
    with FaceDetector(Range.NEAR) as detector:
        faces = [face_of(head, detector), None, face_of(turned(head, 6), detector), face_of(turned(head, -6), detector)]
    assert list(same_faces(faces)) == [(0, 2), (0, 3), (2, 3)]
    assert list(same_faces(faces, ["a", "b", "a", "c"])) == [(0, 3), (2, 3)]
    assert list(same_faces(faces[:2])) == list(same_faces([])) == []


def test_no_face_is_told_where_there_is_nothing_to_see() -> None:
    flat = np.full((60, 60, 3), 90, np.uint8)
    points = (20.0, 20.0, 40.0, 20.0, 30.0, 30.0, 30.0, 40.0, 10.0, 25.0, 50.0, 25.0)
    assert upright_face(flat, points) is None
    assert upright_face(astronaut(), (5.0,) * 12) is None, "all in one place"


def test_faces_far_apart_are_not_moved_upon_each_other() -> None:
    dots = np.zeros((SIDE, SIDE), np.float32)
    dots[8:12, 8:12] = 1
    assert moved_alike(dots, dots)
    assert not moved_alike(dots, np.roll(dots, (20, 20), (0, 1)))


def test_a_turned_and_cut_copy_shares_the_group_of_its_original(tmp_path: Path, head: Pixels) -> None:
    data = tmp_path / "own"
    save(head, data / "without_mask" / "first.png")
    save(turned(head, 9)[10:, 8:], data / "without_mask" / "second.png")
    save_classes(data, ("with_mask", "without_mask"), 6, 0)
    groups = {one.path.stem: one.group for one in prepare([data], tmp_path / "out").samples}
    assert groups["first"] == groups["second"]
    assert len(set(groups.values())) == len(groups) - 1
