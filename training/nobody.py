"""`nobody`: pictures without people, some of scikit-image's and drawn ones.

What the detector takes for a face in them is none, whatever it looks like, and `prepare` gathers it as such.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from maskcam.errors import UnusableInput
from maskcam.frames import Pixels
from training.textures import texture

SCIKIT_IMAGE = (
    *("cell", "clock", "colorwheel", "horse", "hubble_deep_field", "logo", "microaneurysms"),
    *("retina", "shepp_logan_phantom", "stereo_motorcycle"),
)
"""Its other pictures without people are kept for the tests."""
DRAWN = 60
SIDE = 480
"""Pixels of a drawn picture, in which the detector finds a dozen places."""


def write_nobody(target: Path) -> int:
    """Write the pictures and `faces.json` into the new folder `target`; return how many there are.

    Raises UnusableInput when it is there already or can't be written.
    """
    if target.exists():
        raise UnusableInput(f"{target}: is there already; name another folder, or remove it")
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "images").mkdir(parents=True)
        names: dict[str, object] = {}
        for name in SCIKIT_IMAGE:
            names[f"{name}.png"] = _save(partial, name, _of_scikit_image(name))
        for number in range(DRAWN):
            name = f"drawn-{number:02}"
            names[f"{name}.png"] = _save(partial, name, texture(SIDE, np.random.default_rng(number)).picture)
        (partial / "faces.json").write_text(json.dumps(names, indent=1), encoding="utf-8")
        partial.rename(target)
    except OSError as error:
        raise UnusableInput(f"{target}: can't be written ({error.strerror})") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(names)


def _of_scikit_image(name: str) -> Pixels:
    found = getattr(skimage.data, name)()
    # Of a stereo pair one is enough.
    picture = np.asarray(found[0] if isinstance(found, tuple) else found)
    if picture.dtype != np.uint8:
        picture = np.clip(picture * 255, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(picture).convert("RGB"), np.uint8)


def _save(folder: Path, name: str, picture: Pixels) -> dict[str, object]:
    """Save the picture and return its entry in `faces.json`."""
    Image.fromarray(picture).save(folder / "images" / f"{name}.png")
    return {"faces": [], "nobody": True}
