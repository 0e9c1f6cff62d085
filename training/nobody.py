"""`nobody`: pictures without people, some of scikit-image's and drawn ones.

What the detector takes for a face in them is none, whatever it looks like, and `prepare` gathers it as such.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from maskcam.errors import UnusableInput
from maskcam.frames import Pixels
from maskcam.pending import reason
from training.textures import texture

SCIKIT_IMAGE = (
    "cell",
    "clock",
    "colorwheel",
    "horse",
    "hubble_deep_field",
    "logo",
    "microaneurysms",
    "retina",
    "shepp_logan_phantom",
    "stereo_motorcycle",
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
    pictures = {name: _of_scikit_image(name) for name in SCIKIT_IMAGE}
    pictures |= {f"drawn-{one:02}": texture(SIDE, np.random.default_rng(one)).picture for one in range(DRAWN)}
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "images").mkdir(parents=True)
        for name, picture in pictures.items():
            Image.fromarray(picture).save(partial / "images" / f"{name}.png")
        empty = {f"{name}.png": {"faces": [], "nobody": True} for name in pictures}
        (partial / "faces.json").write_text(json.dumps(empty, indent=1), encoding="utf-8")
        partial.rename(target)
    except OSError as error:
        raise UnusableInput(f"{target}: can't be written ({reason(error)})") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(pictures)


def _of_scikit_image(name: str) -> Pixels:
    """Return one of its pictures; UnusableInput where it isn't installed, or came without this picture."""
    try:
        import skimage.data  # noqa: PLC0415 (only the `train` extra has it)

        found = getattr(skimage.data, name)()
    except ImportError:
        line = 'this needs scikit-image and its pictures; install it with pip install "maskcam[train]"'
        raise UnusableInput(line) from None
    except (OSError, ValueError) as error:
        raise UnusableInput(f"scikit-image's picture {name} can't be had ({reason(error)})") from None
    # Of a stereo pair one is enough.
    picture = np.asarray(found[0] if isinstance(found, tuple) else found)
    if picture.dtype != np.uint8:
        picture = np.clip(picture * 255, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(picture).convert("RGB"), np.uint8)
