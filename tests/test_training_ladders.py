"""The ladders: every test face made smaller, blurred, darker, noisier, turned."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskcam.crops import resize
from tests.drawn_faces import draw_face
from tests.evaluate_parts import ALL_STEPS, SMALL
from training.ladders import SIZE, SIZE_STEPS, UNITS, VALUES, WEATHER_STEPS, Step


@pytest.mark.parametrize("step", ALL_STEPS, ids=lambda one: f"{one.kind}-{one.value:g}")
@pytest.mark.parametrize(("height", "width"), [(9, 9), (40, 31), (300, 300), (1, 2)])
def test_a_step_gives_what_the_network_takes_the_same_each_time(step: Step, height: int, width: int) -> None:
    crop = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    before = crop.copy()
    views = [step.view(crop, SMALL) for _ in range(2)]
    assert views[0].shape == (SMALL, SMALL, 3) and views[0].dtype == np.uint8
    assert (views[0] == views[1]).all()
    assert (crop == before).all()


def test_the_ladders_have_the_steps_that_were_asked_for() -> None:
    assert [one.value for one in SIZE_STEPS] == [16, 24, 32, 48, 64, 96, 128]
    assert {one.kind for one in WEATHER_STEPS} == {"blur", "dark", "JPEG", "noise", "rotation"}
    assert set(UNITS) == set(VALUES)


def test_the_size_ladder_goes_through_the_apps_resize() -> None:
    crop = draw_face(True, 4, side=120)
    for step in SIZE_STEPS:
        small = resize(crop, int(step.value))
        assert small.shape[:2] == (step.value, step.value)
        assert (step.view(crop, SMALL) == resize(small, SMALL)).all()


def test_each_weather_step_is_worse_than_the_one_before() -> None:
    crop = np.kron(np.random.default_rng(1).integers(60, 200, (20, 20, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    plain = resize(crop, 160).astype(float)
    for kind in (kind for kind in VALUES if kind not in (SIZE, "rotation")):
        apart = [float(np.abs(step.view(crop, 160) - plain).mean()) for step in WEATHER_STEPS if step.kind == kind]
        assert apart == sorted(apart) and apart[0] > 0.3, kind


def test_dark_is_darker_and_rotation_turns_by_its_degrees() -> None:
    grey = np.full((80, 80, 3), 200, np.uint8)
    assert [int(Step("dark", share).view(grey, SMALL).mean()) for share in VALUES["dark"]] == [100, 50, 24, 12]
    bar = np.zeros((101, 101, 3), np.uint8)
    bar[46:55, 20:81] = 255
    for degrees in VALUES["rotation"]:
        ys, xs = np.nonzero(Step("rotation", degrees).view(bar, 101)[..., 0] > 127)
        slope = np.polyfit(xs - xs.mean(), ys - ys.mean(), 1)[0] if degrees < 30 else None
        main_axis = np.linalg.eigh(np.cov(xs, ys))[1][:, -1]
        angle = math.degrees(math.atan2(abs(main_axis[1]), abs(main_axis[0])))
        assert angle == pytest.approx(degrees, abs=1.5)
        assert slope is None or slope < 0, "always the same way round"


def test_jpeg_keeps_the_colours_in_their_order() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 220
    for quality in VALUES["JPEG"]:
        mean = Step("JPEG", quality).view(red, SMALL).mean(axis=(0, 1))
        assert mean[0] > 180 and mean[1:].max() < 40
