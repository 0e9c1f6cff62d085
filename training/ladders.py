"""The ladders: the same faces made smaller, or worse in one way, step by step.

A step sees only the pixels, never the label, and gives the same answer every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskcam.crops import resize
from maskcam.frames import Pixels
from training.pictures import compressed

SIZE = "size"
VALUES: dict[str, tuple[float, ...]] = {
    SIZE: (16, 24, 32, 48, 64, 96, 128),
    "blur": (0.01, 0.02, 0.04, 0.06),
    "dark": (0.5, 0.25, 0.12, 0.06),
    "JPEG": (50, 30, 15, 8),
    "noise": (8, 16, 32, 48),
    "rotation": (10, 20, 30, 45),
}
"""The steps of each ladder; those of the weather ladder from mild to harsh."""
UNITS: dict[str, str] = {
    SIZE: "side in pixels",
    "blur": "standard deviation of a Gaussian, as a share of the crop's side",
    "dark": "share of the light that is left",
    "JPEG": "quality",
    "noise": "standard deviation, of 255",
    "rotation": "degrees",
}
"""What the numbers of each ladder mean."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one ladder."""

    kind: str
    value: float

    def __post_init__(self) -> None:
        if self.kind not in VALUES or self.value <= 0:
            raise ValueError(f"no ladder has the step {self.kind!r} {self.value}")

    def scale(self, side: float) -> float:
        """Return by which factor the step scales a crop of `side` pixels."""
        return self.value / side if self.kind == SIZE else 1.0

    def view(self, crop: Pixels, size: int) -> Pixels:
        """Return what the classifier would be given, `(size, size, 3) uint8 RGB`, of an unscaled crop.

        The size ladder scales the crop to its step and then as the app does; the others change the crop as the
        app would scale it, so that a step is as harsh for small faces as for large ones.
        """
        if self.kind == SIZE:
            return resize(resize(crop, int(self.value)), size)
        return _worse(resize(crop, size), self.kind, self.value)


SIZE_STEPS = tuple(Step(SIZE, value) for value in VALUES[SIZE])
WEATHER_STEPS = tuple(Step(kind, value) for kind, values in VALUES.items() if kind != SIZE for value in values)


def _worse(picture: Pixels, kind: str, value: float) -> Pixels:
    side = picture.shape[0]
    match kind:
        case "blur":
            return np.asarray(cv2.GaussianBlur(picture, (0, 0), value * side), np.uint8)
        case "dark":
            return np.asarray(np.rint(picture * np.float32(value)), np.uint8)
        case "JPEG":
            return compressed(picture, int(value))
        case "noise":
            # One grain for all pictures: a chance drawn for each would depend on their order.
            grain = np.random.default_rng(0).normal(0, value, picture.shape)
            return np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
        case _:
            turn = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), value, 1.0)
            turned = cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
            return np.asarray(turned, np.uint8)
