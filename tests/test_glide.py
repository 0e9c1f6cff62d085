from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.frames import Result, Verdict
from maskcam.glide import REACH, glide

Box = tuple[float, float, float, float]


def result(time: float, people: dict[int, Box], size: tuple[int, int] = (640, 480)) -> Result:
    n = len(people)
    numbers = np.full(n, 0.9, np.float32)
    return Result(
        0,
        time,
        *size,
        np.array(list(people.values()), np.float32).reshape(-1, 4),
        numbers,
        np.array(list(people), np.int64),
        np.ones(n, np.bool_),
        numbers,
        numbers,
        (Verdict.NO_MASK,) * n,
        (None,) * n,
        np.zeros(n, np.float32),
    )


BEFORE = result(1.0, {1: (100, 100, 200, 220), 2: (300, 100, 400, 220)})
LATEST = result(1.1, {1: (110, 96, 210, 216), 2: (300, 100, 400, 220), 3: (500, 10, 540, 60)})


def test_people_go_on_as_they_moved() -> None:
    moved = glide(BEFORE, LATEST, 1.15)
    # 100 pixels a second for 0.05 s, and a little less.
    assert 4.0 < moved.boxes[0][0] - 110 < 5.0
    assert moved.boxes[0][2] - moved.boxes[0][0] == pytest.approx(100, abs=0.01)
    assert -2.0 < moved.boxes[0][1] - 96 < -1.5
    assert moved.boxes[1:] == pytest.approx(LATEST.boxes[1:])
    assert moved.time == pytest.approx(1.15)
    assert (moved.track_ids == LATEST.track_ids).all()
    assert LATEST.boxes[0][0] == 110


def test_it_is_smooth_damped_and_ends() -> None:
    at = [glide(BEFORE, LATEST, 1.1 + gap).boxes[0][0] for gap in np.linspace(0, REACH, 26)]
    steps = np.diff(at)
    assert (steps > 0).all()
    assert (np.diff(steps) < 1e-3).all()
    assert steps[-1] < steps[0] / 2
    for late in (REACH, 1.0, 1e9):
        assert glide(BEFORE, LATEST, 1.1 + late).boxes[0][0] == pytest.approx(at[-1], abs=0.01)


@pytest.mark.parametrize(
    "before",
    [
        None,
        result(1.1, {1: (0, 0, 50, 50)}),
        result(0.2, {1: (0, 0, 50, 50)}),
        result(1.0, {1: (0, 0, 50, 50)}, (64, 48)),
        result(1.2, {1: (0, 0, 50, 50)}),
        result(1.0, {}),
        result(1.0, {7: (0, 0, 50, 50)}),
        result(1.0, {-1: (0, 0, 5, 5)}),
    ],
)
def test_what_tells_no_motion_moves_nothing(before: Result | None) -> None:
    assert (glide(before, LATEST, 1.2).boxes == LATEST.boxes).all()


def test_the_past_moves_nothing() -> None:
    assert glide(BEFORE, LATEST, 1.1) is LATEST
    assert glide(BEFORE, LATEST, 0.5) is LATEST


box = st.tuples(st.floats(0, 600), st.floats(0, 440), st.floats(1, 600), st.floats(1, 400)).map(
    lambda b: (b[0], b[1], min(b[0] + b[2], 640.0), min(b[1] + b[3], 480.0))
)


@given(box, box, st.floats(0.001, 1.0), st.floats(-1, 5))
def test_boxes_stay_in_the_picture_and_never_vanish(old: Box, new: Box, step: float, gap: float) -> None:
    latest = result(2.0, {1: new})
    x0, y0, x1, y1 = glide(result(2.0 - step, {1: old}), latest, 2.0 + gap).boxes[0]
    assert 0 <= x0 < x1 <= 640
    assert 0 <= y0 < y1 <= 480
    # Nobody flies further than the fastest believed motion.
    size = np.sqrt((new[2] - new[0]) * (new[3] - new[1]))
    assert np.hypot((x0 + x1 - new[0] - new[2]) / 2, (y0 + y1 - new[1] - new[3]) / 2) <= 8.0 * size * REACH + 1
