"""What is no face, for training: mined in labelled scenes, drawn as textures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from maskcam.boxes import overlaps
from maskcam.faces import FaceDetector, Range
from maskcam.frames import Faces, Floats, Pixels
from maskcam.search import REACH
from tests.support import astronaut
from training import textures
from training.manifest import Box
from training.mine import (
    BADLY_FRAMED,
    FAR_FROM_HEADS,
    MIDDLE,
    MOST_OF_A_FACE,
    SMALLEST,
    frames_badly,
    is_part_of_a_head,
    mine,
)
from training.textures import texture

HEAD = np.array([157, 14, 302, 192], np.float32)
"""The astronaut's head in scikit-image's portrait, labelled by hand."""


# Which boxes frame a face badly.


def box(x: float, y: float, side: float) -> Floats:
    """A square by its middle and side."""
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], np.float32)


FACE = box(100, 100, 100)


@pytest.mark.parametrize(
    ("name", "other", "badly"),
    [
        ("the face itself", FACE, False),
        ("a little shifted", box(115, 110, 105), False),
        ("an ear", box(152, 100, 45), True),
        ("the forehead and hair", box(100, 40, 60), True),
        ("a corner of it", box(60, 60, 30), True),
        ("a nose in the very middle", box(100, 100, 30), False),
        ("a third of it, but the middle in its middle", box(104, 104, 30), False),
        ("head and shoulders around it", box(100, 150, 230), False),
        ("beside it", box(220, 100, 90), False),
        ("barely touching", box(196, 100, 100), False),
    ],
)
def test_parts_of_a_face_are_told_from_the_face(name: str, other: Floats, badly: bool) -> None:
    assert frames_badly(other, FACE[None]) == badly, name


def test_without_a_face_nothing_frames_one_badly() -> None:
    assert not frames_badly(FACE, np.zeros((0, 4), np.float32))


@settings(max_examples=400)
@given(
    st.floats(0, 300), st.floats(0, 300), st.floats(10, 250), st.lists(st.tuples(st.floats(0, 300), st.floats(20, 90)))
)
def test_what_frames_badly_shows_little_of_the_nearest_face(
    x: float, y: float, side: float, others: list[tuple[float, float]]
) -> None:
    faces = np.stack([FACE, *[box(middle, 300 - middle, wide) for middle, wide in others]])
    one = box(x, y, side)
    iou, share = overlaps(one[None], faces)
    if frames_badly(one, faces):
        low, high = BADLY_FRAMED
        assert low <= iou.max() < high
        nearest = faces[int(iou.argmax())]
        apart = np.abs(one.reshape(2, 2).mean(axis=0) - nearest.reshape(2, 2).mean(axis=0)).max()
        assert apart > side * MIDDLE * 0.999
        whole = (nearest[2] - nearest[0]) <= side
        assert not whole or share[0, int(iou.argmax())] < MOST_OF_A_FACE + 1e-6
    elif len(others) == 0 and 0.06 < iou.max() < 0.24 and side < 100:
        apart = np.abs(one.reshape(2, 2).mean(axis=0) - 100).max()
        assert apart <= side * MIDDLE * 1.001, "what overlaps enough and isn't in the middle frames it badly"


AROUND_FACE = np.array([40, 10, 160, 170], np.float32)
"""The head that FACE is of."""


@pytest.mark.parametrize(
    ("name", "other", "heads", "part"),
    [
        ("an ear", box(146, 100, 40), [AROUND_FACE], True),
        ("a corner of the face", box(60, 60, 30), [AROUND_FACE], True),
        ("hair and forehead, which may be the face itself", box(100, 45, 70), [AROUND_FACE], False),
        ("a neighbour without a label, who overlaps the face", box(170, 60, 100), [AROUND_FACE], False),
        ("the neighbour's face, which has one", box(145, 60, 60), [AROUND_FACE, box(150, 60, 90)], False),
        ("a corner of the face, in a neighbour's head too", box(60, 60, 30), [AROUND_FACE, box(20, 60, 120)], True),
        ("beside the head", box(220, 100, 90), [AROUND_FACE], False),
    ],
)
def test_only_parts_of_a_head_are_taken_for_parts_of_one(
    name: str, other: Floats, heads: list[Floats], part: bool
) -> None:
    assert is_part_of_a_head(other, np.stack(heads), FACE[None]) == part, name


# Mining.


@dataclass(frozen=True)
class Street:
    """A composed scene: a labelled person, a person without a label, and things that the detector takes for faces."""

    image: Pixels
    head: Floats
    face: Floats
    unlabelled: Floats
    things: Box


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    with FaceDetector() as one:
        yield one


@pytest.fixture(scope="module")
def other() -> Iterator[FaceDetector]:
    with FaceDetector(Range.FAR) as one:
        yield one


@pytest.fixture(scope="module")
def detectors(detector: FaceDetector, other: FaceDetector) -> tuple[FaceDetector, FaceDetector]:
    return detector, other


@pytest.fixture(scope="module")
def street(detector: FaceDetector) -> Street:
    image = np.full((600, 1000, 3), 100, np.uint8)
    portrait = astronaut()
    image[60:572, 20:532] = portrait
    small = cv2.resize(portrait[:260, 90:350], (130, 130), interpolation=cv2.INTER_AREA)
    image[20:150, 820:950] = small
    coins = cv2.cvtColor(np.asarray(skimage.data.coins(), np.uint8), cv2.COLOR_GRAY2RGB)
    image[250:553, 600:984] = coins
    face = detector.detect(portrait).boxes[0]
    return Street(
        image,
        HEAD + np.array([20, 60, 20, 60], np.float32),
        face + np.array([20, 60, 20, 60], np.float32),
        (face - np.array([90, 0, 90, 0], np.float32)) / 2 + np.array([820, 20, 820, 20], np.float32),
        (600, 250, 984, 553),
    )


def mined(street: Street, detectors: tuple[FaceDetector, FaceDetector], heads: Floats, faces: Floats) -> Floats:
    found = list(mine(street.image, heads, faces, *detectors))
    return np.array(found, np.float32).reshape(-1, 4)


def best(boxes: Floats, face: Floats) -> float:
    return float(overlaps(boxes, face[None])[0].max(initial=0))


def test_things_are_mined_and_faces_are_not(street: Street, detectors: tuple[FaceDetector, FaceDetector]) -> None:
    boxes = mined(street, detectors, street.head[None], street.face[None])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    x0, y0, x1, y1 = street.things
    on_things = ((middles > (x0, y0)) & (middles < (x1, y1))).all(axis=1)
    assert on_things.sum() >= 3, "coins are taken for faces"
    assert best(boxes, street.face) < BADLY_FRAMED[1], "the labelled face is none of them"
    assert best(boxes, street.unlabelled) < 0.3, "nor is the face that nobody labelled"
    near = overlaps(boxes, street.head[None])[0][:, 0] > 0
    for one in boxes[near]:
        shared = np.clip(np.minimum(one[2:], street.head[2:]) - np.maximum(one[:2], street.head[:2]), 0, None).prod()
        inside = shared / (one[2:] - one[:2]).prod()
        assert inside < FAR_FROM_HEADS + 0.01 or is_part_of_a_head(one, street.head[None], street.face[None]), (
            "on a head only what cuts it badly"
        )
    assert len(set(map(tuple, boxes.tolist()))) == len(boxes), "no box comes twice"


def test_boxes_on_a_labelled_head_without_a_known_face_are_left_alone(
    street: Street, detectors: tuple[FaceDetector, FaceDetector]
) -> None:
    """The detector didn't find its face there, so nobody can tell what frames it badly."""
    everywhere = np.array([[0, 0, 560, 600]], np.float32)
    boxes = mined(street, detectors, everywhere, np.zeros((0, 4), np.float32))
    assert len(boxes) >= 3
    assert ((boxes[:, 0] + boxes[:, 2]) / 2 > 500).all()


def test_a_box_that_cuts_a_known_face_badly_is_mined_though_a_closer_look_finds_a_face(
    street: Street, detectors: tuple[FaceDetector, FaceDetector]
) -> None:
    """The known face is said to lie a little beside the one that is there, which thereby is a bad cut of it."""
    everywhere = np.array([[0, 0, 1000, 600]], np.float32)
    side = float(street.face[2] - street.face[0])
    for shift, badly in ((0.75, True), (0.3, False), (1.5, False)):
        known = street.face + np.array([side * shift, 0, side * shift, 0], np.float32)
        boxes = mined(street, detectors, everywhere, known[None])
        assert (best(boxes, street.face) > 0.8) == badly
        assert all(is_part_of_a_head(one, everywhere, known[None]) for one in boxes)


def test_a_face_without_a_label_is_only_kept_out_by_the_closer_look(
    street: Street, detectors: tuple[FaceDetector, FaceDetector]
) -> None:
    """The same picture, seen by a detector that finds nothing when it looks closer: then the face is mined too."""

    class Nearsighted:
        def detect(self, image: Pixels) -> Faces:
            # A closer look is a square of two or three times a box; none of the plan's looks is so small.
            return Faces.none() if max(image.shape[:2]) < SMALLEST * REACH else detectors[0].detect(image)

        def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
            return [self.detect(image) for image in images]

    sharp = mined(street, detectors, street.head[None], street.face[None])
    found = mine(street.image, street.head[None], street.face[None], Nearsighted(), Nearsighted())  # type: ignore[arg-type]
    boxes = np.array(list(found), np.float32)
    assert best(boxes, street.unlabelled) > 0.5 > best(sharp, street.unlabelled)
    assert len(boxes) > len(sharp)


def test_where_surely_nobody_is_everything_that_is_found_is_mined(
    street: Street, detectors: tuple[FaceDetector, FaceDetector]
) -> None:
    nobody = np.zeros((0, 4), np.float32)
    careful = np.array(list(mine(street.image, nobody, nobody, *detectors)), np.float32).reshape(-1, 4)
    everything = np.array(list(mine(street.image, nobody, nobody, *detectors, nobody=True)), np.float32)
    for face in (street.face, street.unlabelled):
        assert best(everything, face) > 0.5 > best(careful, face)


def test_nothing_is_mined_where_nothing_is_taken_for_a_face(detectors: tuple[FaceDetector, FaceDetector]) -> None:
    nobody = np.zeros((0, 4), np.float32)
    assert list(mine(np.full((300, 400, 3), 90, np.uint8), nobody, nobody, *detectors)) == []


def test_mined_boxes_are_to_a_tenth_of_a_pixel_and_the_same_each_time(
    street: Street, detectors: tuple[FaceDetector, FaceDetector]
) -> None:
    first, again = (list(mine(street.image, street.head[None], street.face[None], *detectors)) for _ in range(2))
    assert first == again and first
    assert all(round(value, 1) == value for one in first for value in one)


# Textures.


@pytest.mark.parametrize("size", [8, 75, 160])
def test_a_texture_fills_its_picture_and_is_fixed_by_the_seed(size: int) -> None:
    for seed in range(20):
        one, again = (texture(size, np.random.default_rng(seed)) for _ in range(2))
        assert one.picture.shape == (size, size, 3) and one.picture.dtype == np.uint8
        assert one.inner == (0, 0, size, size) and one.keypoints is None
        assert (one.picture == again.picture).all()


def test_textures_are_of_many_kinds(detector: FaceDetector) -> None:
    pictures = [texture(160, np.random.default_rng(seed)).picture for seed in range(150)]
    assert len({one.tobytes() for one in pictures}) == 150
    contrast = [float(one.std(axis=(0, 1)).max()) for one in pictures]
    assert min(contrast) > 1, "none is blank"
    assert np.quantile(contrast, 0.9) > 3 * np.quantile(contrast, 0.1)
    means = np.array([one.mean(axis=(0, 1)) for one in pictures])
    assert (means.std(axis=0) > 25).all(), "of all colours"
    grain = [float(np.abs(np.diff(one.astype(float), axis=1)).mean() / one.std()) for one in pictures]
    assert np.quantile(grain, 0.9) > 2 * np.quantile(grain, 0.1), "coarse and fine"
    faces = sum((detector.detect(one).scores > 0.8).any() for one in pictures)
    assert faces <= 3, "and hardly any is surely a face to the detector"


@pytest.mark.parametrize("drawn", ["FOLDS_SHARE", "ROUND_SHARE", "LETTERS_SHARE"])
def test_textures_hold_folds_round_things_and_letters(drawn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for share in ("FOLDS_SHARE", "ROUND_SHARE", "LETTERS_SHARE"):
        monkeypatch.setattr(textures, share, 0.0)
    plain = [texture(160, np.random.default_rng(seed)).picture.astype(int) for seed in range(30)]
    monkeypatch.setattr(textures, drawn, 1.0)
    more = [texture(160, np.random.default_rng(seed)).picture.astype(int) for seed in range(30)]
    changed = [float((np.abs(one - other).max(axis=2) > 20).mean()) for one, other in zip(plain, more, strict=True)]
    assert min(changed) > 0.0005 and np.median(changed) > 0.02, "on each, more or less of it"
