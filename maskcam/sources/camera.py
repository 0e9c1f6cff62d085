"""A camera as a live source."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from maskcam.frames import Pixels
from maskcam.live import Cause, LiveSource, SourceLost
from maskcam.sources.cameras import CameraMode, camera_backend, quiet_opencv, set_mode
from maskcam.sources.handle import Handle

TORN_SECONDS = 1.0
"""From when on a camera that gives no picture that can be read counts as lost."""
_BETWEEN_TRIES = 0.02
_DEVICES = Path("/dev")
_ALLOWED_IN = {
    "darwin": "this program in System Settings, Privacy & Security, Camera",
    "win32": "cameras for desktop apps in Settings, Privacy, Camera",
}
"""Systems that don't say why a camera can't be opened, and where they allow cameras."""


class CameraSource(LiveSource):
    """The camera of this number. Without a size or rate it keeps its own; `mode` is what it settled on.

    SourceLost says why it can't be opened: not there, not permitted, in use.
    """

    def __init__(
        self,
        index: int,
        width: int | None = None,
        height: int | None = None,
        rate: float | None = None,
    ) -> None:
        self.name = f"camera {index}"
        quiet_opencv()
        self._capture = cv2.VideoCapture()
        self._handle = Handle(self.name, self._capture.release)
        try:
            opened = self._capture.open(index, camera_backend())
            self.mode: CameraMode = set_mode(self._capture, width, height, rate) if opened else CameraMode(0, 0, 0.0)
        except cv2.error:
            opened = False
        if not opened:
            self.close()
            raise why_no_camera(index)

    def read(self) -> Pixels:
        """Wait for the next picture, `(h, w, 3) uint8 RGB`; SourceLost when it doesn't come.

        A picture that can't be read is passed over: a loose plug or a busy bus tears one now and then.
        """
        deadline = time.monotonic() + TORN_SECONDS
        while True:
            with self._handle.using():
                try:
                    good, picture = self._capture.read()
                    if good and picture.size:
                        grey = picture.ndim == 2 or picture.shape[2] == 1
                        colours = cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB
                        return np.asarray(cv2.cvtColor(picture, colours), np.uint8)
                    line = f"{self.name} sends no more pictures; check that it is still plugged in"
                    lost = SourceLost(line, Cause.SILENT)
                except cv2.error:
                    line = f"{self.name} sends pictures that can't be read; trying again may help"
                    lost = SourceLost(line, Cause.UNREADABLE)
            if time.monotonic() > deadline:
                raise lost
            time.sleep(_BETWEEN_TRIES)  # what was unplugged answers at once, again and again

    def close(self) -> None:
        """Let it go, at the latest when a read that is under way returns."""
        self._handle.close()


def why_no_camera(index: int, devices: Path = _DEVICES, system: str = sys.platform) -> SourceLost:
    """Find out why the camera of this number can't be opened; the error says it, and what to do."""
    allowed = _ALLOWED_IN.get(system)
    if allowed is not None:
        line = f"camera {index} can't be opened; plug it in, close other programs that use it, or allow {allowed}"
        return SourceLost(line, Cause.UNTOLD)
    device = devices / f"video{index}"
    if not device.exists():
        line = f"there is no camera {index}; plug it in, or choose another: maskcam cameras lists them"
        return SourceLost(line, Cause.MISSING)
    if not os.access(device, os.R_OK | os.W_OK):
        line = (
            f"camera {index} is there, but permission to use {device} is denied;"
            ' add yourself to the group "video" (sudo usermod -aG video $USER) and log in again'
        )
        return SourceLost(line, Cause.DENIED)
    line = f"camera {index} can't be opened; another program is probably using it: close that one"
    return SourceLost(line, Cause.BUSY)
