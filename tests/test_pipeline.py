from __future__ import annotations

import numpy as np
import pytest

from maskcam.classifier import MaskClassifier
from maskcam.drawn_mask import draw_mask
from maskcam.faces import FaceDetector, Range
from maskcam.finder import FaceFinder, tiles
from maskcam.frames import EventKind, Faces, Frame, Hints, Reason, Verdict
from maskcam.live import Analysed, Captured
from maskcam.pipeline import Pipeline
from maskcam.search import Effort
from maskcam.viewer.sight import Sight
from tests.support import astronaut, keypoints, scaled


def test_a_mask_taken_off_is_told_within_half_a_second(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    pipeline = Pipeline(*parts)
    bare = astronaut()
    masked = draw_mask(bare, keypoints(bare))
    results = [pipeline.process(Frame(masked if number < 25 else bare, number, number / 25)) for number in range(50)]
    assert all(len(one) == 1 for one in results)
    assert {int(one.track_ids[0]) for one in results} == {1}
    assert {one.verdicts[0] for one in results[10:25]} == {Verdict.MASK}
    assert {one.verdicts[0] for one in results[25 + 12 :]} == {Verdict.NO_MASK}
    assert results[0].events[0].kind is EventKind.APPEARED
    assert [event.kind for event in pipeline.finish()] == [EventKind.LEFT]


def test_two_people_get_two_verdicts(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    bare = astronaut()
    both = np.concatenate([bare[:384, 60:380], draw_mask(bare, keypoints(bare))[:384, 60:380]], axis=1)
    result = Pipeline(*parts).process_single(Frame(both))
    left, right = np.argsort(result.boxes[:, 0])[:2]
    assert result.verdicts[left] is Verdict.NO_MASK
    assert result.verdicts[right] is Verdict.MASK
    assert (result.track_ids == -1).all()


def test_the_threshold_decides(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    pipeline = Pipeline(*parts, threshold=0.999999)
    assert Pipeline(*parts).threshold == parts[1].card.threshold
    assert pipeline.process_single(Frame(astronaut())).verdicts[0] is not Verdict.NO_MASK


def test_threshold_and_detector_change_under_the_same_people(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    pipeline, image = Pipeline(*parts), astronaut()
    before = [pipeline.process(Frame(image, number, number / 25)) for number in range(10)]
    pipeline.change_threshold(0.999999)
    with FaceDetector(Range.FAR) as far:
        pipeline.change_detector(far)
        after = [pipeline.process(Frame(image, number, number / 25)) for number in range(10, 30)]
        # The other model puts its boxes elsewhere, so it is the one that looks.
        assert not np.allclose(after[-1].boxes, before[-1].boxes, atol=1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        pipeline.change_threshold(1.5)
    assert pipeline.threshold == 0.999999, "what is refused changes nothing"
    pipeline.change_threshold(None)
    assert pipeline.threshold == parts[1].card.threshold
    assert before[-1].verdicts == (Verdict.NO_MASK,)
    assert after[0].verdicts != (Verdict.NO_MASK,)
    assert {int(one.track_ids[0]) for one in before + after} == {1}
    kinds = [event.kind for one in before + after for event in one.events]
    assert kinds[0] is EventKind.APPEARED
    assert set(kinds[1:]) == {EventKind.VERDICT}


def test_a_blurred_face_is_doubted(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    import cv2

    image = np.asarray(cv2.GaussianBlur(astronaut(), (0, 0), 14), np.uint8)
    from maskcam.crops import crop_faces
    from maskcam.doubts import doubts

    box = np.array([[177, 75, 272, 178]], np.float32)
    assert doubts(box, crop_faces(image, box, parts[1].card)) == [Reason.TOO_BLURRED]


def test_a_sharp_face_is_not_doubted_until_it_is_too_small(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    from maskcam.crops import crop_faces
    from maskcam.doubts import LEAST_JUDGED_SIDE, doubts

    for factor in (1.0, 0.5, 0.25, 0.17):
        box = np.array([[177, 75, 272, 178]], np.float32) * np.float32(factor)
        small = scaled(astronaut(), factor)
        assert doubts(box, crop_faces(small, box, parts[1].card)) == [None], factor
    box = np.array([[10, 10, 10 + LEAST_JUDGED_SIDE - 1, 10 + LEAST_JUDGED_SIDE - 1]], np.float32)
    assert doubts(box, crop_faces(astronaut(), box, parts[1].card)) == [Reason.TOO_SMALL]


def test_a_face_too_weak_to_be_followed_is_pixelated_in_private_view(
    parts: tuple[FaceDetector, MaskClassifier],
) -> None:
    weak = []
    for size in range(60, 150, 6):
        image = np.full((720, 1280, 3), 90, np.uint8)
        face = scaled(astronaut()[50:200, 150:300], size / 150)
        image[200 : 200 + size, 300 : 300 + size] = face
        result = Pipeline(*parts).process(Frame(image))
        inside = [box for box in result.found if 250 < box[0] < 450 and 150 < box[1] < 350]
        if inside and not len(result):
            weak.append((image, result, size))
    assert weak
    for image, result, size in weak:
        sight = Sight()
        captured = Captured(Frame(image), 0.0)
        sight.take(Analysed(captured, result, 0.0))
        picture = sight.private_picture()
        assert picture is not None
        middle = (slice(200 + size // 3, 200 + 2 * size // 3), slice(300 + size // 3, 300 + 2 * size // 3))
        assert len(np.unique(picture.image[middle].reshape(-1, 3), axis=0)) <= 16


def test_nobody_in_view_is_an_empty_result(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    result = Pipeline(*parts).process(Frame(np.full((90, 120, 3), 50, np.uint8)))
    assert len(result) == 0
    assert (result.width, result.height) == (120, 90)


def hints_at(rate: float, image: np.ndarray, classifier: MaskClassifier) -> list[Hints]:
    """What the detector is told in 60 frames, `rate` a second; it is a stand-in that finds nobody."""
    given: list[Hints] = []

    class Nobody:
        def detect(self, image: np.ndarray, hints: Hints | None = None) -> Faces:
            assert hints is not None
            given.append(hints)
            return Faces.none()

    pipeline = Pipeline(Nobody(), classifier)
    for number in range(60):
        pipeline.process(Frame(image, number, number / rate))
    return given


@pytest.mark.parametrize("size", [(640, 480), (640, 360), (854, 480), (1280, 720), (2560, 1440)])
def test_however_seldom_frames_come_every_tile_has_its_turn(
    parts: tuple[FaceDetector, MaskClassifier], size: tuple[int, int]
) -> None:
    plan = FaceFinder(parts[0], effort=Effort.IN_TURNS).plan(*size)
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for rate in (0.6, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 10, 12.5, 15, 20, 24, 25, 29.97, 30, 50, 60):
        given = hints_at(rate, image, parts[1])
        had = {look for one in given for look in plan.share(one.turn, tiles(plan), one.turns)}
        assert had == set(plan.looks), rate


@pytest.mark.parametrize(("rate", "turns"), [(60, 1), (30, 1), (29.97, 1), (25, 1), (15, 3), (10, 4), (5, 4), (0.6, 4)])
def test_a_frame_makes_up_for_those_left_out_and_for_one_turn_more(
    parts: tuple[FaceDetector, MaskClassifier], rate: float, turns: int
) -> None:
    first, *later = hints_at(rate, np.zeros((90, 120, 3), np.uint8), parts[1])
    assert (first.turn, first.turns) == (0, 1)
    assert {one.turns for one in later} == {turns}
    assert [one.turn for one in later] == [turns * number for number in range(1, 60)], "none is passed over"


def test_doubts_reach_the_verdict(parts: tuple[FaceDetector, MaskClassifier]) -> None:
    """The detector is a stand-in that points at the face, since the real one finds none so small or blurred."""
    import cv2

    class Pointing:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        def detect(self, image: np.ndarray, hints: Hints | None = None) -> Faces:
            box = np.array([[177, 75, 272, 178]], np.float32) * np.float32(self.factor)
            return Faces(box, np.ones(1, np.float32), np.zeros((1, 6, 2), np.float32))

    blurred = np.asarray(cv2.GaussianBlur(astronaut(), (0, 0), 14), np.uint8)
    for image, factor, reason in (
        (astronaut(), 1.0, None),
        (blurred, 1.0, Reason.TOO_BLURRED),
        ((astronaut() * 0.1).astype(np.uint8), 1.0, Reason.TOO_BLURRED),
        (scaled(astronaut(), 0.14), 0.14, Reason.TOO_SMALL),
    ):
        pipeline = Pipeline(Pointing(factor), parts[1])
        single = pipeline.process_single(Frame(image))
        assert single.reasons == (reason,)
        for number in range(30):
            followed = pipeline.process(Frame(image, number, number / 30))
        assert followed.reasons == (reason,)


def test_a_small_face_is_followed_frame_by_frame_though_the_tiles_take_turns(
    parts: tuple[FaceDetector, MaskClassifier],
) -> None:
    """Somebody whom the whole frame doesn't show walks by: found within the turns, then seen in every frame."""
    detector, classifier = parts
    pipeline = Pipeline(FaceFinder(detector, effort=Effort.IN_TURNS), classifier)
    person = scaled(astronaut(), 0.45)
    results = []
    for number in range(30):
        frame = np.full((720, 1280, 3), 120, np.uint8)
        x = 200 + 12 * number
        frame[300 : 300 + person.shape[0], x : x + person.shape[1]] = person
        results.append(pipeline.process(Frame(frame, number, number / 30)))
    began = next(number for number, one in enumerate(results) if len(one))
    assert began < 8
    for number, one in enumerate(results[began:], began):
        middle = (one.boxes[:, 0] + one.boxes[:, 2]) / 2
        near = np.flatnonzero(np.abs(middle - (200 + 12 * number + 225 * 0.45)) < 20)
        assert len(near) == 1 and one.detected[near[0]]
        assert one.track_ids[near[0]] == results[began].track_ids[0]
