"""Makes the demo clip: `python -m training.make_demo assets/demo.mp4`, with the `train` extra installed.

The person is the astronaut of scikit-image, a NASA photograph in the public domain. She comes nearer, a mask is
put on and later taken off.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from maskcam.drawn_mask import draw_mask
from maskcam.faces import FaceDetector
from maskcam.frames import Pixels
from maskcam.sinks.video_file import VideoSink

RATE = 25
SECONDS = 8.0
SIZE = (640, 480)
MASK_ON, MASK_OFF = 3.0, 5.6
MOVE = 0.3
"""Seconds that putting the mask on or taking it off takes."""
_FAR, _NEAR = 512.0, 240.0
"""Width of the shown part of the portrait, in its pixels, at the start and at the end."""
_FAR_CENTRE, _NEAR_CENTRE = np.array([256.0, 192.0]), np.array([226.0, 140.0])


def demo_frames(portrait: Pixels) -> Iterator[Pixels]:
    """Yield the clip's frames `(480, 640, 3) uint8 RGB`, made from `portrait` `(512, 512, 3) uint8 RGB`."""
    with FaceDetector() as detector:
        keypoints = detector.detect(portrait).keypoints[0]
    for number in range(int(SECONDS * RATE)):
        time = number / RATE
        lowered = _lowered(time)
        picture = portrait if lowered is None else draw_mask(portrait, keypoints, lowered=lowered)
        yield _seen(picture, time)


def _lowered(time: float) -> float | None:
    """Return how far below its place the mask is, None while there is none in the picture."""
    if not MASK_ON - MOVE <= time <= MASK_OFF + MOVE:
        return None
    away = max(MASK_ON - time, time - MASK_OFF, 0.0) / MOVE
    return 3.0 * away**2


def _seen(picture: Pixels, time: float) -> Pixels:
    """Cut out what the camera sees at `time`: the person comes nearer and sways a little."""
    come = 0.5 - 0.5 * math.cos(math.pi * min(time / 6.0, 1.0))
    width = _FAR + (_NEAR - _FAR) * come
    height = width * SIZE[1] / SIZE[0]
    sway = np.array([math.sin(time * 1.9), 0.6 * math.sin(time * 2.7)]) * 4
    centre = _FAR_CENTRE + (_NEAR_CENTRE - _FAR_CENTRE) * come + sway
    zoom = SIZE[0] / width
    corner = np.clip(centre - (width / 2, height / 2), 0, (512 - width, 512 - height))
    move = np.array([[zoom, 0, -corner[0] * zoom], [0, zoom, -corner[1] * zoom]])
    return np.asarray(cv2.warpAffine(picture, move, SIZE, flags=cv2.INTER_CUBIC), np.uint8)


def main(target: Path) -> None:
    """Write the clip, replacing an older one."""
    import skimage.data  # noqa: PLC0415 (only this script needs scikit-image)

    portrait: Pixels = np.asarray(skimage.data.astronaut(), np.uint8)

    with VideoSink(
        target, width=SIZE[0], height=SIZE[1], time_base=Fraction(1, RATE), rate=Fraction(RATE), force=True
    ) as sink:
        for number, frame in enumerate(demo_frames(portrait)):
            sink.write(frame, number)
        sink.finish()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m training.make_demo TARGET.mp4")
    main(Path(sys.argv[1]))
