"""Nobody is overlooked in private view, not for one picture."""

from __future__ import annotations

import time

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.frames import Pixels
from maskcam.live import Analysed
from maskcam.source_spec import parse_source
from maskcam.viewer.engine import Engine, Judging
from tests.http_camera import HttpCamera
from tests.support import astronaut, scaled

SIZE = (1280, 720)
PLACES = [(60 + 240 * (number % 5), 60 + 330 * (number // 5)) for number in range(10)]
HALL = 110


def hall(width: int, height: int, number: int) -> Pixels:
    """Fifteen pictures of an empty hall, fifteen with ten people in it, and so on."""
    image = np.full((height, width, 3), HALL, np.uint8)
    if number % 30 >= 15:
        person = scaled(astronaut(), 0.4)[:, 50:150]  # with a face about 38 pixels wide
        for left, top in PLACES:
            image[top : top + len(person), left : left + person.shape[1]] = person
    image[:8, :8] = number % 250
    return image


@pytest.mark.parametrize("private", [True, False])
def test_everybody_of_a_group_is_found_in_the_first_picture_in_private_view(private: bool) -> None:
    engine = Engine(asset(MASK_MODEL), Judging(smallest=24, private=private), lambda: None)
    crowded: list[Analysed] = []
    with HttpCamera(size=SIZE, rate=10, draw=hall, cycle=30) as camera:
        engine.watch(parse_source(camera.url))
        try:
            while len(crowded) < 12:
                engine.view()
                for one in engine.drain():
                    left, top = PLACES[0]
                    if (one.captured.frame.image[top : top + 60, left : left + 60] != HALL).mean() > 0.5:
                        crowded.append(one)
                time.sleep(0.01)
        finally:
            assert engine.stop(60)
    least = min(_seen(one) for one in crowded)
    if private:
        assert least == len(PLACES)
    else:
        assert least < len(PLACES), "the search in turns would do, then"


def _seen(one: Analysed) -> int:
    """How many of the people a box was found for."""
    boxes = one.result.found
    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2).T
    return sum(bool(((left < x) & (x < left + 100) & (top < y) & (y < top + 205)).any()) for left, top in PLACES)
