"""Finding faces wherever they are: the real detector, shown pictures part by part."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import skimage.data

from maskcam.assets import MASK_MODEL, asset
from maskcam.boxes import overlaps
from maskcam.classifier import MaskClassifier
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import Floats, Frame
from maskcam.pipeline import Pipeline
from maskcam.search import SMALLEST_FACE, Effort
from tests.finder_parts import HEIGHT, WIDTH, agree, portrait_s_face, room, with_person
from tests.support import astronaut


@pytest.fixture(scope="module", params=[Effort.EVERYTHING, Effort.CLOSELY])
def finder(request: pytest.FixtureRequest) -> Iterator[FaceFinder]:
    with FaceDetector() as detector:
        yield FaceFinder(detector, effort=request.param)


@pytest.fixture(scope="module")
def face() -> Floats:
    return portrait_s_face()


def on_edges(finder: FaceFinder) -> list[tuple[int, int]]:
    """Places in the middle of a tile's edge or corner, one for each round of tiles."""
    places = []
    for one in finder.plan(WIDTH, HEIGHT).rounds[1:]:
        look = one[len(one) // 2]
        places.append((min(look.right, WIDTH - 60), min(look.bottom, HEIGHT - 60)))
    return places


@pytest.mark.parametrize("width", [24, 32, 48, 90, 180])
@pytest.mark.parametrize("middle", [(640, 360), (200, 180), (1130, 200), (330, 560), (1000, 590)])
def test_a_face_is_found_once_wherever_it_is(
    finder: FaceFinder, face: Floats, width: int, middle: tuple[int, int]
) -> None:
    frame = room()
    box = with_person(frame, face, width, middle)
    agree(finder.detect(frame), box[None])


@pytest.mark.parametrize("width", [28, 44, 80])
def test_a_face_cut_by_a_tile_s_edge_is_one(finder: FaceFinder, face: Floats, width: int) -> None:
    places = on_edges(finder)
    assert len(set(places)) == len(places) == len(finder.plan(WIDTH, HEIGHT).rounds) - 1
    for place in places:
        frame = room()
        box = with_person(frame, face, width, place)
        agree(finder.detect(frame), box[None])


def test_many_people_near_and_far_are_all_found(finder: FaceFinder, face: Floats) -> None:
    frame = room()
    people = [
        (26, (90, 100)),
        (40, (300, 120)),
        (60, (560, 150)),
        (130, (1050, 220)),
        (32, (180, 600)),
        (50, (500, 560)),
    ]
    expected = np.stack([with_person(frame, face, width, middle) for width, middle in people])
    found = finder.detect(frame)
    agree(found, expected)
    assert (np.diff(found.scores) <= 0).all(), "best first"


def test_the_whole_frame_alone_would_not_do(face: Floats) -> None:
    """What the search is for: the detector shown the whole frame sees nobody this small."""
    frame = room()
    box = with_person(frame, face, 40, (400, 300))
    with FaceDetector() as detector:
        assert not (overlaps(box[None], detector.detect(frame).boxes)[0] > 0.2).any()
        agree(FaceFinder(detector).detect(frame), box[None])


def test_key_points_lie_where_they_do_in_the_picture(finder: FaceFinder, face: Floats) -> None:
    frame = room()
    with_person(frame, face, 50, (900, 300))
    points = finder.detect(frame).keypoints[0]
    with FaceDetector() as detector:
        portrait = detector.detect(astronaut())
    factor = 50 / float(face[2] - face[0])
    middle = (face[:2] + face[2:]) / 2
    expected = (portrait.keypoints[0] - middle) * factor + np.array([900, 300])
    assert np.abs(points[:4] - expected[:4]).max() < 50 * 0.15


def test_faces_smaller_than_asked_for_cost_nothing(face: Floats) -> None:
    frame = room()
    with_person(frame, face, 26, (400, 300))
    with FaceDetector() as detector:
        small, large = FaceFinder(detector), FaceFinder(detector, 120)
        assert small.plan(WIDTH, HEIGHT).smallest == SMALLEST_FACE
        assert len(large.plan(WIDTH, HEIGHT).looks) < len(small.plan(WIDTH, HEIGHT).looks) / 4
        assert small.detect(frame).scores[0] > 0.8
        assert len(large.detect(frame)) == 0


NOBODY = ("coffee", "rocket", "brick", "grass", "gravel", "text", "page", "moon", "chelsea", "immunohistochemistry")
HEADS_IN_METAL = ("coins",)
"""Nobody either, but heads of gods, of which one may be taken for a face."""


def test_the_third_answer_sorts_out_most_of_what_the_tiles_take_for_faces() -> None:
    """In pictures without people."""
    candidates = left = 0
    with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        pipeline = Pipeline(FaceFinder(detector), classifier)
        for name in (*NOBODY, *HEADS_IN_METAL):
            picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
            picture = np.asarray(picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)
            said = pipeline.process_single(Frame(picture))
            candidates += len(said.found)
            left += len(said.boxes)
            sure = int((said.scores >= 0.9).sum())
            assert sure <= (name in HEADS_IN_METAL), f"something in {name} is taken for a face without a doubt"
    assert candidates > 30, "the pictures hold what looks like a face to the tiles"
    assert left < candidates / 6


def test_an_empty_room_holds_nobody(finder: FaceFinder) -> None:
    assert len(finder.detect(room())) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 700, 3), (700, 2, 3), (64, 64, 3)])
def test_odd_shapes_do_no_harm(finder: FaceFinder, shape: tuple[int, ...]) -> None:
    assert len(finder.detect(np.full(shape, 90, np.uint8))) == 0


def test_what_is_no_picture_is_refused(finder: FaceFinder) -> None:
    with pytest.raises(ValueError, match="picture"):
        finder.detect(np.zeros((20, 20), np.uint8))


def test_it_has_no_memory(finder: FaceFinder, face: Floats) -> None:
    frame = room()
    with_person(frame, face, 60, (700, 300))
    first = finder.detect(frame)
    finder.detect(room())
    again = finder.detect(frame)
    np.testing.assert_array_equal(again.boxes, first.boxes)
    np.testing.assert_array_equal(again.scores, first.scores)
