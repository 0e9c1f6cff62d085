"""Reads and writes single pictures."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from maskcam.errors import UnusableInput
from maskcam.frames import Pixels, check_image
from maskcam.pending import PendingFile, write_failure
from maskcam.sources.inputs import MAX_SIDE, check_file, check_size

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".jpe", ".jif")
PICTURE_SUFFIXES = frozenset({*JPEG_SUFFIXES, ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""What pictures are called that can be read."""
UNREAD_SUFFIXES = frozenset({".heic", ".heif", ".avif"})
"""What telephones call pictures that can't be read here, which must not be passed over in silence."""

_FORMATS = {
    **dict.fromkeys(JPEG_SUFFIXES, "JPEG"),
    ".png": "PNG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
_SEVERAL = ("WEBP", "PNG", "TIFF", "GIF")
"""Formats of which one file may hold several pictures, as pages or frames. Those within a JPEG are a preview."""
_READ = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""What is read, whatever a file is called. Pillow would hand PostScript to another program."""
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(path: Path) -> Pixels:
    """Return the picture as `(h, w, 3) uint8, RGB`, upright and contiguous; the first one of an animation.

    See-through parts become white; deep pictures are scaled to 8 bits. Raises UnusableInput if the file is
    missing, unreadable, no picture, damaged, or larger than `MAX_SIDE` pixels a side.
    """
    check_file(path, "picture")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of pictures that are too large for maskcam.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_READ) as image:
                check_size(path, *image.size)
                return _pixels(image)
    except UnusableInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnusableInput(f"{path}: the picture is too large; scale it to at most {MAX_SIDE} pixels a side") from None
    except UnidentifiedImageError:
        raise UnusableInput(
            f"{path}: not a picture that can be read here; give a JPEG, PNG, WebP, BMP, TIFF or GIF file"
        ) from None
    except Exception:
        # Pillow's decoders raise whatever a damaged file drives them to: SyntaxError, struct.error, KeyError.
        raise UnusableInput(f"{path}: the picture is cut short or damaged; get a new copy of it") from None


def count_pictures(path: Path) -> int:
    """Return how many pictures the file holds, of which `read_picture` reads the first; 1 where it can't be told."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_SEVERAL) as image:
                return int(getattr(image, "n_frames", 1))
    except Exception:  # no such format, or whatever a damaged file drives Pillow's decoders to
        return 1


def write_picture(image: Pixels, target: Path, force: bool = False) -> None:
    """Write `image`, `(h, w, 3) uint8, RGB`, in the format that the suffix of `target` names.

    Raises UnusableInput if the suffix is unknown or the target can't be made or exists and not `force`;
    FailedOnTheWay if writing fails.
    """
    check_image(image)
    kind = _FORMATS.get(target.suffix.lower())
    if kind is None:
        raise UnusableInput(f"{target}: pictures can't be written in this format; end the name in .jpg or .png")
    with PendingFile(target, force) as file:
        try:
            # Full chroma resolution and high quality, so that thin coloured frames and text stay sharp.
            options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
            if kind == "WEBP":
                options = {"quality": 95}
            Image.fromarray(np.ascontiguousarray(image)).save(file.path, format=kind, **options)
        except (OSError, ValueError) as error:
            raise write_failure(target, error) from None
        file.commit()


def has_picture_name(path: Path) -> bool:
    """Return whether the name is a picture's, also of a kind that can't be read here."""
    # Macs leave a second file beside each on other systems' disks, which isn't one.
    return path.suffix.lower() in PICTURE_SUFFIXES | UNREAD_SUFFIXES and not path.name.startswith("._")


def is_picture(path: Path) -> bool:
    """Return whether there is a file with such a name."""
    return has_picture_name(path) and path.is_file()


def list_pictures(paths: Iterable[Path]) -> list[Path]:
    """Return files as they are, and for a folder the pictures right in it, sorted by name; each once, where first.

    Among those of a folder are such as can't be read here, for whoever reads them to say so.

    Raises UnusableInput for a path that is missing, and for a folder that can't be read or has no picture.
    """
    found: list[Path] = []
    for path in paths:
        try:
            folder, there = path.is_dir(), path.exists()
        except PermissionError:
            raise UnusableInput(f"{path}: you may not look into its folder; change the folder's permissions") from None
        except (OSError, ValueError) as error:  # a name too long, or with a null in it
            raise UnusableInput(f"{path}: can't be a file's name ({error}); check the path") from None
        if not there:
            raise UnusableInput(f"{path}: there is no such file or folder; check the path")
        if not folder:
            found.append(path)
            continue
        try:
            inside = sorted(one for one in path.iterdir() if is_picture(one))
        except OSError:
            raise UnusableInput(f"{path}: you may not read this folder; change its permissions") from None
        if not inside:
            raise UnusableInput(f"{path}: there is no picture in this folder; give one with JPEG or PNG files")
        found += inside
    once: dict[str, Path] = {}
    for one in found:
        once.setdefault(os.path.realpath(one), one)
    return list(once.values())


def _pixels(image: Image.Image) -> Pixels:
    image.load()
    turn = None
    # A broken EXIF block is no reason to refuse a picture whose pixels are whole.
    with contextlib.suppress(Exception):
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    picture = _to_rgb(image)
    if turn is not None:
        picture = picture.transpose(turn)
    return np.array(picture, np.uint8, order="C")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _from_deep(image)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Scale grey of more than 8 bits: by the file's own scale where it can be told, else by its maximum."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    top = max(float(values.max()), 0.0)
    if image.mode == "F":
        scale = 1.0 if top <= 1 else 255.0 if top <= 255 else top
    else:
        scale = 65535.0 if top <= 65535 else top
    grey = np.clip(np.round(values * (255 / scale)), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
