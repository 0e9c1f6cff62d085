"""`maskcam selftest`: does every part of this installation work? Each check is one line."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from maskcam import __version__
from maskcam.assets import DEMO_CLIP, asset, frozen
from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces
from maskcam.drawn_mask import draw_mask
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.faces import FaceDetector
from maskcam.frames import Faces, Pixels
from maskcam.modelcard import load_card
from maskcam.selftest_parts import (
    CheckFailed,
    check_cameras,
    check_letters,
    check_pictures,
    check_small_faces,
    check_streams,
    check_window,
)
from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import VideoSource

LIBRARIES = ("numpy", "mediapipe", "opencv-contrib-python", "ai-edge-litert", "av", "pillow", "pyside6-essentials")
_OPENCV_ALONE = "opencv-python-headless"
"""What the executable has in place of opencv-contrib-python."""


class SocketWatch:
    """Notes every socket that Python makes from now on; an audit hook can't be taken away again."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith("socket."):
            self.seen.append(event)


def versions() -> Iterator[str]:
    """Yield what a bug report needs: versions of maskcam, Python, the system and the libraries."""
    kind = " (executable)" if frozen() else ""
    yield f"maskcam {__version__}{kind}, Python {platform.python_version()}, {platform.platform()}"
    yield ", ".join(_version(name) for name in LIBRARIES)


def run_checks(weights: Path, sockets: SocketWatch) -> Iterator[tuple[bool, str]]:
    """Yield for each check whether it passed, and a line that says what was found."""
    for name, check in _Checks(weights, sockets).all().items():
        try:
            yield True, f"ok      {name}: {check()}"
        except (CheckFailed, UnusableInput, FailedOnTheWay) as error:
            yield False, f"FAILED  {name}: {error}"
        except Exception as error:  # a broken installation fails in ways of its own; it is a finding, not a crash
            yield False, f"FAILED  {name}: {type(error).__name__}: {error}"


class _Checks:
    """The checks of one self-test; the face that one of them finds is what later ones judge, write and read."""

    def __init__(self, weights: Path, sockets: SocketWatch) -> None:
        self._weights, self._sockets = weights, sockets
        self._image: Pixels = np.full((120, 160, 3), 128, np.uint8)
        self._found = Faces.none()

    def all(self) -> dict[str, Callable[[], str]]:
        """Return them by name, in their order."""
        return {
            "weights": self._card,
            "faces": self._faces,
            "small faces": lambda: check_small_faces(self._image),
            "verdicts": self._verdicts,
            "video": self._video,
            "pictures": lambda: check_pictures(self._image),
            "letters": check_letters,
            "cameras": check_cameras,
            "streams": check_streams,
            "window": check_window,
            "network": self._network,
        }

    def _card(self) -> str:
        found = load_card(self._weights)
        return f"{self._weights.name} fits its card: {found.input_size} px, threshold {found.threshold:.3f}"

    def _faces(self) -> str:
        with FaceDetector() as detector, VideoSource(asset(DEMO_CLIP)) as clip:
            image = next(iter(clip)).frame.image
            found = detector.detect(image)
        if not len(found) or found.scores[0] < 0.5:
            raise CheckFailed("no face found in the demo's first picture")
        self._image, self._found = image, found
        return f"face found with score {found.scores[0]:.2f}"

    def _verdicts(self) -> str:
        if not len(self._found):
            raise CheckFailed("there is no face to judge")
        with MaskClassifier(self._weights) as classifier:
            bare, masked = (
                float(classifier.no_mask_probability(crop_faces(image, self._found.boxes[:1], classifier.card))[0])
                for image in (self._image, draw_mask(self._image, self._found.keypoints[0]))
            )
            threshold = classifier.card.threshold
        if bare < threshold or masked >= threshold:
            raise CheckFailed(f"judged wrong: no-mask probability {bare:.3f} bare, {masked:.3f} with a mask")
        return f"no-mask probability {bare:.3f} bare, {masked:.3f} with a drawn mask"

    def _video(self) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "selftest.mp4"
            height, width = self._image.shape[:2]
            with VideoSink(path, width=width, height=height, time_base=Fraction(1, 25)) as sink:
                for number in range(5):
                    sink.write(self._image, number)
                sink.finish()
            with VideoSource(path) as source:
                frames = [one.frame for one in source]
        apart = float(np.abs(frames[-1].image.astype(np.int16) - self._image).mean()) if frames else 255.0
        if len(frames) != 5 or apart > 6:
            raise CheckFailed(f"{len(frames)} of 5 frames came back, {apart:.1f} grey levels apart")
        return f"5 frames written and read back, {apart:.1f} grey levels apart"

    def _network(self) -> str:
        if self._sockets.seen:
            raise CheckFailed(f"Python opened a socket: {', '.join(sorted(set(self._sockets.seen)))}")
        return "Python opened no socket"


def _version(name: str) -> str:
    for one in (name, _OPENCV_ALONE) if name.startswith("opencv") else (name,):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{one} {importlib.metadata.version(one)}"
    return f"{name} unknown"
