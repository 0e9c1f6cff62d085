"""The one place that knows where the bundled files are: beside the package, or in a frozen program."""

from __future__ import annotations

import sys
from pathlib import Path

from maskcam.errors import UnusableInput

FACE_MODEL_NEAR = "blaze_face_short_range.tflite"
FACE_MODEL_FAR = "blaze_face_full_range_sparse.tflite"
MASK_MODEL = "mask_classifier.tflite"
DEMO_CLIP = "demo.mp4"
ICON = "icon.png"


def asset_folder() -> Path:
    """Return the folder of the bundled files: of a frozen program, an installed wheel or a source checkout."""
    package = Path(__file__).resolve().parent
    bundled = Path(getattr(sys, "_MEIPASS", package.parent)) / "assets" if frozen() else package / "assets"
    return bundled if bundled.is_dir() else package.parent / "assets"


def asset(name: str) -> Path:
    """Return the path of the bundled file `name`; UnusableInput if this installation lacks it."""
    path = asset_folder() / name
    if not path.is_file():
        raise UnusableInput(f"this installation lacks {name}; install maskcam again")
    return path


def frozen() -> bool:
    """Whether this is the standalone executable."""
    return bool(getattr(sys, "frozen", False))
