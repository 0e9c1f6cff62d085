"""What `maskcam selftest` checks of the parts around the networks: pictures, letters, cameras, streams, the window."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np

from maskcam.assets import ICON, asset, frozen
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import Pixels
from maskcam.overlay_patches import text
from maskcam.pictures import read_picture, write_picture
from maskcam.sources.cameras import camera_backend, list_cameras

_SMALLER = 4
_KINDS = (".jpg", ".png", ".webp", ".bmp", ".tiff")
_STREAMS = ("rtsp", "http", "https")
_PLATFORMS = {"linux": "libqxcb.so", "darwin": "libqcocoa.dylib", "win32": "qwindows.dll"}


class CheckFailed(Exception):
    """What a check found wrong, in one line."""


def check_small_faces(image: Pixels) -> str:
    """Search a picture for the face in `image`, shown in a corner and much smaller."""
    height, width = image.shape[0] // _SMALLER, image.shape[1] // _SMALLER
    far = np.full_like(image, 128)
    far[-height:, -width:] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    with FaceDetector() as detector:
        found = FaceFinder(detector).detect(far)
    if not len(found) or (found.boxes[0, :2] < (far.shape[1] - width, far.shape[0] - height)).any():
        raise CheckFailed("the face in a small picture of the demo wasn't found")
    return f"face {found.boxes[0, 2] - found.boxes[0, 0]:.0f} px wide found with score {found.scores[0]:.2f}"


def check_pictures(image: Pixels) -> str:
    """Write `image` in each format and read it back."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in _KINDS:
            path = Path(folder) / f"selftest{suffix}"
            write_picture(image, path)
            apart = float(np.abs(read_picture(path).astype(np.int16) - image).mean())
            if apart > 3:
                raise CheckFailed(f"a {suffix} file came back {apart:.1f} grey levels apart")
    return f"written and read back as {', '.join(suffix[1:] for suffix in _KINDS)}"


def check_letters() -> str:
    """Draw a label's words."""
    inked = float((text("No mask", 24) > 127).mean())
    if not 0.05 < inked < 0.9:
        raise CheckFailed(f"{inked:.0%} of a label is inked")
    return f"a label is drawn, {inked:.0%} of it ink"


def check_cameras() -> str:
    """See whether OpenCV has this system's way to cameras, and how many are there."""
    backend = camera_backend()
    name = cv2.videoio_registry.getBackendName(backend)
    if backend != cv2.CAP_ANY and backend not in cv2.videoio_registry.getCameraBackends():
        raise CheckFailed(f"OpenCV was built without {name}")
    return f"OpenCV has {name}, {len(list_cameras())} plugged in"


def check_streams() -> str:
    """See whether FFmpeg has what streams need; it is forbidden to connect, so nothing does."""
    for kind in _STREAMS:
        try:
            av.open(f"{kind}://127.0.0.1:9/", options={"protocol_whitelist": "file"}).close()
        except av.error.ProtocolNotFoundError:
            raise CheckFailed(f"FFmpeg was built without {kind}") from None
        except (av.FFmpegError, OSError, ValueError):
            continue
    return f"FFmpeg has {', '.join(_STREAMS)}"


def check_window() -> str:
    """Load Qt, and of it what shows windows here.

    A machine without a screen may do without; but the executable brings all, and then all must be whole.
    """
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if sys.platform.startswith("linux") and not (frozen() or wayland or x11):
        return "not checked, there is no screen here"
    from PySide6.QtCore import QLibraryInfo, QPluginLoader, qVersion  # noqa: PLC0415 (brings Qt)
    from PySide6.QtGui import QImage  # noqa: PLC0415

    import maskcam.viewer.app  # noqa: F401, PLC0415

    folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"
    plugin = QPluginLoader(str(folder / _PLATFORMS.get(sys.platform, _PLATFORMS["linux"])))
    if not plugin.load():
        raise CheckFailed(f"the viewer can't be opened: {plugin.errorString()}")
    if QImage(str(asset(ICON))).isNull():
        raise CheckFailed(f"Qt can't read {ICON}")
    return f"Qt {qVersion()} loads"
