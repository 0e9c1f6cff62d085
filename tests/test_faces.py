from __future__ import annotations

import numpy as np
import pytest

from maskcam.drawn_mask import draw_mask
from maskcam.faces import FaceDetector, Range
from tests.support import astronaut, scaled

FACE = np.array([177, 75, 272, 178])
"""The astronaut's face, by eye, in pixels."""


@pytest.fixture(params=list(Range))
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    with FaceDetector(request.param) as one:
        yield one


def test_the_real_face_is_found_where_it_is(detector: FaceDetector) -> None:
    faces = detector.detect(astronaut())
    assert faces.scores[0] > 0.8
    assert np.abs(faces.boxes[0] - FACE).max() < 15
    right_eye, left_eye, nose, mouth = faces.keypoints[0, :4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]


def test_a_masked_face_is_still_found(detector: FaceDetector) -> None:
    image = astronaut()
    masked = draw_mask(image, detector.detect(image).keypoints[0])
    assert detector.detect(masked).scores[0] > 0.5


def test_boxes_come_in_the_frame_s_own_pixels(detector: FaceDetector) -> None:
    wide = np.zeros((560, 680, 3), np.uint8)
    wide[40:552, 150:662] = astronaut()
    assert np.abs(detector.detect(wide).boxes[0] - (FACE + np.array([150, 40, 150, 40]))).max() < 20


def test_scores_fall_and_stay_within_bounds(detector: FaceDetector) -> None:
    pair = np.concatenate([astronaut(), scaled(astronaut(), 0.5).repeat(2, axis=0)[:, :256]], axis=1)
    scores = detector.detect(np.ascontiguousarray(pair)).scores
    assert (np.diff(scores) <= 0).all()
    assert ((scores >= 0.15) & (scores <= 1)).all()


def test_a_blank_picture_holds_no_face(detector: FaceDetector) -> None:
    assert len(detector.detect(np.full((240, 320, 3), 127, np.uint8))) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 900, 3), (900, 3, 3)])
def test_odd_shapes_do_no_harm(detector: FaceDetector, shape: tuple[int, ...]) -> None:
    assert len(detector.detect(np.zeros(shape, np.uint8))) == 0


def test_a_view_into_another_array_is_read_right() -> None:
    image = astronaut()
    with FaceDetector() as detector:
        mirrored = detector.detect(image[:, ::-1])
    assert abs(float(mirrored.boxes[0, 0]) - (512 - FACE[2])) < 15


def test_confidence_keeps_weak_boxes_out() -> None:
    with FaceDetector(confidence=0.15) as low, FaceDetector(confidence=0.6) as high:
        assert len(low.detect(astronaut())) > len(high.detect(astronaut())) == 1


def test_a_closed_detector_says_so_and_closes_twice() -> None:
    detector = FaceDetector()
    detector.close()
    detector.close()
    with pytest.raises(ValueError, match="closed"):
        detector.detect(astronaut())


def test_confidence_is_checked() -> None:
    with pytest.raises(ValueError, match="confidence"):
        FaceDetector(confidence=1.5)
