"""What the tests of the live runner share."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from maskcam.classifier import MaskClassifier
from maskcam.faces import FaceDetector
from maskcam.frames import Pixels
from maskcam.live import LiveSource, LiveView
from maskcam.runner import LiveRunner
from maskcam.sources.stream import StreamSource
from tests.http_camera import HttpCamera
from tests.support import astronaut, scaled, wait_for

Parts = tuple[FaceDetector, MaskClassifier]


class Hanging(LiveSource):
    """A source like a camera whose driver hangs in a read, until `let_go`."""

    name = "hanging"

    def __init__(self, pictures: int = 0) -> None:
        self.let_go, self.reading, self.closed = threading.Event(), threading.Event(), 0
        self.returned = False
        self.left = pictures

    def read(self) -> Pixels:
        if self.left:
            self.left -= 1
            return np.full((48, 64, 3), 7, np.uint8)
        self.reading.set()
        self.let_go.wait(120)
        self.returned = True
        return np.full((48, 64, 3), 99, np.uint8)

    def close(self) -> None:
        self.closed += 1


def wait_for_view(runner: LiveRunner, condition: Callable[[LiveView], object]) -> LiveView:
    wait_for(lambda: condition(runner.view()))
    return runner.view()


def stream(camera: HttpCamera, **more: float) -> Callable[[], LiveSource]:
    """Opens the camera, and is patient where a test doesn't say otherwise: a lost source stays lost."""
    return lambda: StreamSource(camera.url, **{"open_timeout": 60.0, "read_timeout": 60.0, **more})


def with_astronaut(width: int, height: int, number: int) -> Pixels:
    """The astronaut, going slowly to the right."""
    image = np.full((height, width, 3), 90, np.uint8)
    face = scaled(astronaut(), 0.68)
    left = 20 + number % 60
    image[: len(face), left : left + len(face)] = face
    return image
