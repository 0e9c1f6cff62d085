"""What OpenCV's video input is told through the environment, before it is loaded."""

from __future__ import annotations

import os

_SETTINGS = {
    # Opening a camera through Media Foundation takes up to half a minute while it sets up hardware transforms.
    "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",
    # Seconds that a Linux camera may stay silent; OpenCV's own 10 are an age to someone who watches.
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3",
}


def set_environment() -> None:
    """Set what is not set yet. On Windows OpenCV reads its copy when it is loaded, so call this before importing it."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
