"""Faces whose mouth lies below the picture: what can't be seen is not called a mask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.doubts import cut_off
from maskcam.drawn_mask import draw_mask
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import MOUTH, Frame, Pixels, Reason, Verdict
from maskcam.pipeline import Pipeline
from tests.support import astronaut, keypoints
from tests.track_parts import face, run


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        yield Pipeline(FaceFinder(detector), classifier)


def said(pipeline: Pipeline, picture: Pixels, last_row: float) -> tuple[Verdict, Reason | None]:
    """What is said of the face in the rows of the picture up to that one."""
    result = pipeline.process_single(Frame(np.ascontiguousarray(picture[: round(last_row)])))
    assert len(result) == 1
    return result.verdicts[0], result.reasons[0]


def test_a_mask_is_only_seen_where_the_mouth_is_in_the_picture(pipeline: Pipeline) -> None:
    points = keypoints(astronaut())
    mouth, nose = points[MOUTH, 1], points[2, 1]
    masked = draw_mask(astronaut(), points)
    assert said(pipeline, masked, mouth + 2 * (mouth - nose)) == (Verdict.MASK, None)
    assert said(pipeline, masked, mouth - 14) == (Verdict.UNSURE, Reason.CUT_OFF)


def test_a_bare_face_that_looks_bare_is_caught_also_without_its_mouth(pipeline: Pipeline) -> None:
    mouth = keypoints(astronaut())[MOUTH, 1]
    for below in (-6, -3, 0, 6, 30):
        assert said(pipeline, astronaut(), mouth + below)[0] is Verdict.NO_MASK


def test_only_a_mask_without_a_mouth_is_doubted_and_other_doubts_stay() -> None:
    poor = [None, None, None, Reason.TOO_SMALL]
    mouths = np.array([[50, 100], [50, 100], [50, 99], [50, 100]], np.float32)
    masked = np.array([True, False, True, True])
    assert cut_off(poor, masked, mouths, 100) == [Reason.CUT_OFF, None, None, Reason.TOO_SMALL]
    assert cut_off((), masked[:0], mouths[:0], 100) == []


@pytest.mark.parametrize("fps", [3, 5, 10, 30])
def test_somebody_bare_who_leaves_the_picture_downwards_is_never_called_masked(fps: int) -> None:
    """And is bare again as soon as the mouth is back."""

    def rows(time: float) -> list[tuple[tuple[float, float, float, float], float, float, Reason | None]]:
        out = 1.5 <= time < 4
        return [face(300, 300, bare=0.02 if out else 0.98, doubt=Reason.CUT_OFF if out else None)]

    results = run(6, fps, rows)
    assert all(Verdict.MASK not in one.verdicts for one in results)
    middle = [one for one in results if 2.6 < one.time < 4]
    assert middle and all(one.reasons == (Reason.CUT_OFF,) for one in middle)
    assert all(one.verdicts == (Verdict.NO_MASK,) for one in results if not 1.5 <= one.time < 4.7)
