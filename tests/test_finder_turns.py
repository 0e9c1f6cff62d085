"""Finding faces while time is short: tiles in turns, closer looks, and how much each effort costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

from maskcam.boxes import overlaps
from maskcam.faces import FaceDetector
from maskcam.finder import (
    IN_PLACE,
    PEOPLE,
    SAME_FACE,
    STRANGERS,
    TILES,
    TURNS,
    WORTH_A_VERDICT,
    WORTH_OF_MANY,
    FaceFinder,
    tiles,
)
from maskcam.frames import Faces, Floats, Hints, Pixels
from maskcam.search import CLOSE_REACH, REACH, SMALLEST_FACE, SMALLEST_LIVE_FACE, Effort, plan_search
from tests.finder_parts import HEIGHT, WIDTH, agree, portrait_s_face, room, with_person
from tests.support import astronaut, scaled


@pytest.fixture(scope="module")
def face() -> Floats:
    return portrait_s_face()


class Counted:
    """The real detector, and how often it looked."""

    def __init__(self, detector: FaceDetector) -> None:
        self.detector, self.looks = detector, 0

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        self.looks += 1
        return self.detector.detect(image, hints)

    def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
        return [self.detect(image) for image in images]


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    with FaceDetector() as one:
        yield one


def found_at(found: Faces, box: Floats) -> bool:
    return bool((overlaps(box[None], found.boxes)[0] > 0.3).any())


@pytest.mark.parametrize("middle", [(640, 360), (60, 60), (1220, 70), (330, 650), (1000, 590), (450, 170)])
@pytest.mark.parametrize("width", [40, 70, 180])
def test_a_newcomer_is_found_in_one_of_the_turns_and_then_seen_in_all(
    detector: FaceDetector, face: Floats, width: int, middle: tuple[int, int]
) -> None:
    frame = room()
    box = with_person(frame, face, width, middle)
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
    turns = TURNS
    assert any(found_at(finder.detect(frame, Hints(turn)), box) for turn in range(turns))
    near = box + np.float32(width * 0.15)
    assert all(found_at(finder.detect(frame, Hints(turn, near[None])), box) for turn in range(turns))


def test_nobody_is_seen_where_somebody_was(detector: FaceDetector) -> None:
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
    expected = np.array([[600, 300, 680, 380], [50, 50, 90, 90]], np.float32)
    assert all(not len(finder.detect(room(), Hints(turn, expected))) for turn in range(8))


def test_the_looks_of_a_turn_are_few_whatever_is_in_the_picture(detector: FaceDetector, face: Floats) -> None:
    """A crowd, in which everything is worth a closer look, may not cost much more than an empty room."""
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    boxes = np.stack(
        [with_person(frame, face, 45, (x, y)) for y in range(60, HEIGHT - 60, 130) for x in range(60, WIDTH - 60, 130)]
    )
    assert len(boxes) > 40
    counted = Counted(detector)
    finder = FaceFinder(counted, effort=Effort.IN_TURNS)
    most = 1 + TILES
    for turn in range(8):
        for expected, limit in ((boxes[:0], most), (boxes, most + PEOPLE)):
            counted.looks = 0
            found = finder.detect(frame, Hints(turn, expected))
            assert 1 < counted.looks <= limit
            assert len(found) >= 1
    finder = FaceFinder(counted)
    counted.looks = 0
    assert len(finder.detect(frame)) >= len(boxes)
    assert counted.looks > len(boxes), "searched in full, everybody is looked at"


def test_a_group_that_comes_in_at_once_is_found_one_after_another(detector: FaceDetector, face: Floats) -> None:
    """Whoever was found is expected from then on, and leaves the looks at strangers to the others."""
    frame = room()
    people = [(x, y) for y in (180, 540) for x in (140, 400, 660, 920, 1160)]
    boxes = np.stack([with_person(frame, face, 100, middle) for middle in people])
    assert len(boxes) > 2 * STRANGERS
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
    expected = boxes[:0]
    for turn in range(15):
        expected = finder.detect(frame, Hints(turn, expected)).boxes
    assert (overlaps(boxes, expected)[0] > 0.3).any(axis=1).all()


@pytest.mark.parametrize(("width", "height"), [(90, 60), (320, 240), (640, 480), (1280, 720), (1920, 1080)])
def test_all_tiles_have_their_turn_in_time(detector: FaceDetector, width: int, height: int) -> None:
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
    plan = finder.plan(width, height)
    assert not len(finder.detect(np.full((height, width, 3), 90, np.uint8), Hints(3)))
    had = {look for turn in range(5, 5 + 15) for look in plan.share(turn, tiles(plan))}
    assert had == set(plan.looks)
    assert 1 <= tiles(plan) <= TILES


def test_turns_are_told_not_remembered(detector: FaceDetector, face: Floats) -> None:
    frame = room()
    with_person(frame, face, 60, (700, 300))
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
    first = [finder.detect(frame, Hints(turn)) for turn in range(7)]
    for turn in (3, 0, 6):
        again = finder.detect(frame, Hints(turn))
        np.testing.assert_array_equal(again.boxes, first[turn].boxes)


def test_whoever_is_expected_is_looked_for_more_patiently(detector: FaceDetector, face: Floats) -> None:
    """A face that is too poor to be taken for one out of nowhere goes on being seen where it was."""
    frame = room()
    box = with_person(frame, face, 60, (500, 400))
    poor = cv2.GaussianBlur(frame, (0, 0), 4.5)
    finder = FaceFinder(detector)
    assert found_at(finder.detect(frame), box)
    assert not found_at(finder.detect(poor), box)
    assert found_at(finder.detect(poor, Hints(0, box[None])), box)


@pytest.mark.parametrize(("right", "down"), [(0.62, 0.0), (0.6, 0.15), (0.55, 0.25)])
@pytest.mark.parametrize("width", [50, 70])
def test_whoever_stands_half_behind_somebody_is_looked_for_and_not_taken_for_them(
    detector: FaceDetector, face: Floats, width: int, right: float, down: float
) -> None:
    left, top, end, bottom = (int(value) for value in face + np.array([-12, -25, 12, 8]))
    person = scaled(astronaut()[top:bottom, left:end], width / float(face[2] - face[0]))
    high, wide = person.shape[:2]
    frame, boxes = room(), []
    for x, y in ((500, 300), (int(500 + right * width), int(300 + down * width))):
        row, column = y - int(high * 0.56), x - wide // 2
        frame[row : row + high, column : column + wide] = person
        boxes.append([x - width / 2, y - width / 2, x + width / 2, y + width / 2])
    expected = np.array(boxes, np.float32)
    assert overlaps(expected[:1], expected[1:])[0][0, 0] >= SAME_FACE, "each is near enough to be taken for the other"
    finder = FaceFinder(detector, effort=Effort.IN_TURNS)
    both = 0
    for turn in range(6):
        iou, _ = overlaps(expected, finder.detect(frame, Hints(turn, expected)).boxes)
        both += bool((iou.max(axis=1) > IN_PLACE).all()) and iou[0].argmax() != iou[1].argmax()
    assert both >= 5


def test_the_whole_frame_alone_is_one_look(detector: FaceDetector, face: Floats) -> None:
    counted = Counted(detector)
    finder = FaceFinder(counted, effort=Effort.WHOLE_ONLY)
    assert len(finder.plan(WIDTH, HEIGHT).looks) == len(finder.plan(90, 50).looks) == 1
    frame = room()
    box = with_person(frame, face, 220, (640, 360))
    agree(finder.detect(frame), box[None])
    assert counted.looks == 1
    with_person(frame := room(), face, 30, (640, 360))
    assert not len(finder.detect(frame)), "though a search would find it"


def test_the_effort_says_how_small_unless_it_is_asked(detector: FaceDetector) -> None:
    smallest = {effort: FaceFinder(detector, effort=effort).plan(WIDTH, HEIGHT).smallest for effort in Effort}
    assert smallest == {
        Effort.CLOSELY: SMALLEST_FACE,
        Effort.EVERYTHING: SMALLEST_FACE,
        Effort.IN_TURNS: SMALLEST_LIVE_FACE,
        Effort.WHOLE_ONLY: math.ceil(WIDTH / REACH),
    }
    assert FaceFinder(detector, 33, Effort.IN_TURNS).plan(WIDTH, HEIGHT).smallest == 33


def test_a_picture_that_stands_alone_is_searched_in_finer_tiles(detector: FaceDetector) -> None:
    still, frame = (FaceFinder(detector, 30, one).plan(WIDTH, HEIGHT) for one in (Effort.CLOSELY, Effort.EVERYTHING))
    assert still == plan_search(WIDTH, HEIGHT, 30, CLOSE_REACH) and frame == plan_search(WIDTH, HEIGHT, 30)
    assert len(still.looks) > len(frame.looks)


def test_few_weak_boxes_are_worth_a_verdict_where_tiles_are_many() -> None:
    """A box between the two limits is left out there, one above both is not."""

    class Vague:
        """Sees one box in the whole frame, of a given score."""

        def __init__(self, score: float) -> None:
            self.score = score

        def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
            box = np.array([[100, 100, 160, 160]], np.float32)
            seen = Faces(box, np.array([self.score], np.float32), np.zeros((1, 6, 2), np.float32))
            return [seen if image.shape[:2] == (HEIGHT, WIDTH) else Faces.none() for image in images]

    def found(score: float, effort: Effort) -> int:
        return len(FaceFinder(Vague(score), effort=effort).detect(room()))

    between, above = (WORTH_A_VERDICT + WORTH_OF_MANY) / 2, WORTH_OF_MANY + 0.01
    assert [found(between, effort) for effort in (Effort.EVERYTHING, Effort.CLOSELY, Effort.IN_TURNS)] == [1, 0, 0]
    assert all(found(above, effort) == 1 for effort in Effort)


class Vague:
    """Finds poor faces at `boxes` in the whole picture, none in its parts, and keeps what it was shown."""

    def __init__(self, boxes: Floats) -> None:
        self.boxes, self.seen = boxes, list[Pixels]()

    def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
        self.seen += images
        n = len(self.boxes)
        whole = Faces(self.boxes, np.linspace(0.5, 0.35, n, dtype=np.float32), np.zeros((n, 6, 2), np.float32))
        return [whole if image.shape[:2] == (HEIGHT, WIDTH) else Faces.none() for image in images]


def test_who_was_not_found_at_all_is_looked_for_before_those_who_were_found_poorly() -> None:
    poor = np.array([(60 + 90 * number, 100, 110 + 90 * number, 150) for number in range(12)], np.float32)
    unseen = np.array([[600, 500, 660, 560]], np.float32)
    frame = room()
    frame[500:560, 600:660] = (255, 0, 255)
    vague = Vague(poor)
    FaceFinder(vague, effort=Effort.IN_TURNS).detect(frame, Hints(0, np.concatenate([poor, unseen])))
    closer = [one for one in vague.seen if one.shape[0] == one.shape[1]]
    assert any((one[len(one) // 2, len(one) // 2] == (255, 0, 255)).all() for one in closer)


@pytest.mark.parametrize("strangers", [6, 8, 9, 12])
@pytest.mark.parametrize("turns", [1, 2, 3, 4])
def test_no_rate_of_frames_keeps_a_stranger_from_being_judged(strangers: int, turns: int) -> None:
    """At fewer than 30 frames a second turns are passed over, which mustn't fall into step with who is chosen."""
    boxes = np.array([(60 + 90 * number, 100, 110 + 90 * number, 150) for number in range(strangers)], np.float32)
    finder, frame = FaceFinder(Vague(boxes), effort=Effort.IN_TURNS), room()
    chosen = [finder.detect(frame, Hints(turn, turns=turns)) for turn in range(0, 60 * turns, turns)]
    assert all(len(one) == STRANGERS for one in chosen)
    times = sum(overlaps(boxes, one.boxes)[0].max(axis=1) > 0.9 for one in chosen)
    fair = len(chosen) * STRANGERS / strangers
    assert (times > fair / 2).all(), "nearly equally often, the last in rank as the first"


@pytest.mark.parametrize("effort", [Effort.EVERYTHING, Effort.IN_TURNS])
def test_a_newcomer_beside_somebody_known_is_not_taken_for_them(effort: Effort) -> None:
    """In a queue boxes overlap: too much to be strangers once, and too little to be the known."""
    boxes = np.array([(300, 100, 400, 220), (345, 100, 445, 220)], np.float32)
    overlap = float(overlaps(boxes[:1], boxes[1:])[0][0, 0])
    assert 0.2 < overlap < 0.4
    finder = FaceFinder(Vague(boxes), effort=effort)
    for known in (0, 1):
        found = finder.detect(room(), Hints(expected=boxes[known, None]))
        assert (overlaps(boxes[1 - known, None], found.boxes)[0] > 0.9).any(), "the other one is found too"
