"""Finds the faces in a frame with MediaPipe's BlazeFace models."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import numpy as np

from maskcam.assets import FACE_MODEL_FAR, FACE_MODEL_NEAR, asset
from maskcam.closing import Closing
from maskcam.frames import KEYPOINTS, Faces, Hints, Pixels, check_image
from maskcam.native import import_face_detector, quiet

LOW_CONFIDENCE = 0.15
"""A masked face with a hand near it often scores below .25; what is none, the tracks and the verdict sort out."""

OVERLAP = 0.3
"""Of two boxes that overlap by more than this (intersection over union), the detector keeps one."""


class Range(StrEnum):
    """Which of the two face models looks: for faces near the camera, or small and far."""

    NEAR = "near"
    FAR = "far"


_MODELS = {Range.NEAR: FACE_MODEL_NEAR, Range.FAR: FACE_MODEL_FAR}


class Detector(Protocol):
    """Finds faces in a picture; `FaceDetector` is one."""

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        """Return the faces in `(h, w, 3) uint8 RGB`, best score first; `hints` may tell where to look."""
        ...


class Looker(Protocol):
    """Finds faces in many pictures; `FaceDetector` is one, looking at one after the other."""

    def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
        """Return the faces in each `(h, w, 3) uint8 RGB`, best score first, in the order of the pictures."""
        ...


class FaceDetector(Closing):
    """Frame -> faces, without memory. Close it, or use it in a `with` statement. Not thread-safe."""

    def __init__(self, reach: Range = Range.NEAR, confidence: float = LOW_CONFIDENCE) -> None:
        """Load the model for this reach; keep boxes that score at least `confidence` (0 to 1).

        Raises UnusableInput when the bundled model is missing, ImportError when MediaPipe can't be loaded,
        ValueError for a confidence outside 0 to 1.
        """
        if not 0 <= confidence <= 1:
            raise ValueError(f"confidence must be from 0 to 1, not {confidence}")
        model = asset(_MODELS[reach])
        with quiet():
            try:
                module, self._images = import_face_detector()
                self._detector = module.FaceDetector.create_from_options(
                    module.FaceDetectorOptions(
                        # As bytes, not as a path: MediaPipe can't open every path that the system can.
                        base_options=module._BaseOptions(model_asset_buffer=model.read_bytes()),
                        min_detection_confidence=confidence,
                        min_suppression_threshold=OVERLAP,
                    )
                )
            except OSError as error:  # the system lacks a library that MediaPipe's own is linked to
                raise ImportError(str(error)) from None
            self._open = True
            self.detect(np.zeros((64, 64, 3), np.uint8))  # the first run writes log lines, so have it here

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        """Return the faces in `image` `(h, w, 3) uint8 RGB`, best score first; looks at it once, whatever the hints.

        ValueError for what is no such image, and when the detector is closed.
        """
        check_image(image)
        if not self._open:
            raise ValueError("the face detector is closed")
        picture = self._images.Image(image_format=self._images.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        height, width = image.shape[:2]
        found = [face for face in self._detector.detect(picture).detections if _usable(face)]
        if not found:
            return Faces.none()
        found.sort(key=lambda face: -face.categories[0].score)
        boxes = np.array(
            [
                (box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height)
                for box in (face.bounding_box for face in found)
            ],
            np.float32,
        )
        keypoints = np.array(
            [[(point.x * width, point.y * height) for point in face.keypoints] for face in found], np.float32
        )
        scores = np.array([face.categories[0].score for face in found], np.float32)
        return Faces(boxes, np.clip(scores, 0, 1), keypoints.reshape(len(found), KEYPOINTS, 2))

    def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
        """Return what `detect` does of each of `images`, in their order."""
        return [self.detect(image) for image in images]

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        if self._open:
            self._open = False
            with quiet():
                self._detector.close()


def _usable(face: object) -> bool:
    box = face.bounding_box  # type: ignore[attr-defined]
    return bool(box.width > 0 and box.height > 0)
