"""How long the people of a crowded picture take to be drawn: about 3 ms at 1280x720 on two plain cores."""

from __future__ import annotations

from typing import Any

from maskcam.overlay import draw
from tests.test_overlay import ground, street


def test_drawing(benchmark: Any) -> None:
    image, people = ground(1280, 720), street()
    benchmark(draw, image, people)
