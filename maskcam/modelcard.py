"""The card beside a weights file: all that must be known to use the weights as they were trained.

Crop and preprocessing travel here, so that training and app can't drift apart. The card is JSON, under the
weights' name with the suffix `.json`.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from maskcam.errors import UnusableInput

CARD_FORMAT = 1
MASK = "mask"
NO_MASK = "no_mask"
NOT_FACE = "not_face"
"""The third answer, which a network may have: what was found is no face, or framed too badly to tell."""
INTERPOLATIONS = ("area_down_linear_up",)
COLOUR_ORDERS = ("RGB",)
BORDERS = ("replicate",)


@dataclass(frozen=True, slots=True)
class CropRule:
    """How a face's box becomes the picture that the classifier sees.

    The crop is a square around the box's centre, its side the box's longer side times `1 + 2 * margin`. Where it
    reaches over the frame's edge, the edge is continued in the manner of `border`.
    """

    margin: float = 0.1
    border: str = "replicate"
    interpolation: str = "area_down_linear_up"

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 2:
            raise ValueError(f"crop margin must be from 0 to 2, not {self.margin}")
        if self.border not in BORDERS or self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"unknown border {self.border!r} or interpolation {self.interpolation!r}")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the weights need and promise.

    `input_size` is the side of the square input in pixels; a pixel value v enters the network as
    `v * scale + offset`; `threshold` is the no-mask probability where evidence turns from mask to bare; `sha256` is
    that of the weights file. The rest tells people where the weights come from and what they were measured to do.
    """

    labels: tuple[str, ...]
    input_size: int
    crop: CropRule
    threshold: float
    sha256: str
    colour_order: str = "RGB"
    scale: float = 1 / 127.5
    offset: float = -1.0
    name: str = "mask_classifier"
    metrics: dict[str, Any] = field(default_factory=dict)
    data: list[dict[str, Any]] = field(default_factory=list)
    start_weights: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.labels) or not {MASK, NO_MASK} <= set(self.labels):
            raise ValueError(f"labels must be distinct and hold {MASK!r} and {NO_MASK!r}, not {self.labels}")
        if type(self.input_size) is not int or not 75 <= self.input_size <= 1024:
            raise ValueError(f"input size must be from 75 to 1024 px, not {self.input_size}")
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold must be between 0 and 1, not {self.threshold}")
        if not (math.isfinite(self.scale) and math.isfinite(self.offset) and self.scale):
            raise ValueError(f"scale and offset must be finite, scale not 0, not {self.scale}, {self.offset}")
        if self.colour_order not in COLOUR_ORDERS:
            raise ValueError(f"unknown colour order {self.colour_order!r}")

    @property
    def mask_index(self) -> int:
        """The column of the masked answer."""
        return self.labels.index(MASK)

    @property
    def no_mask_index(self) -> int:
        """The column of the bare answer."""
        return self.labels.index(NO_MASK)

    @property
    def not_face_index(self) -> int | None:
        """The column of "no face", None for a network that doesn't know it."""
        return self.labels.index(NOT_FACE) if NOT_FACE in self.labels else None

    def to_json(self) -> str:
        """Return the card as the text of its file."""
        text = json.dumps({"format": CARD_FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"
        # A source's name may be no text; JSON's own escapes bring it back as it was.
        return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def card_path(weights: Path) -> Path:
    """Return where the card of this weights file lies."""
    return weights.with_suffix(".json")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_card(weights: Path) -> ModelCard:
    """Read and check the card of a weights file.

    Raises UnusableInput, in one line, for a missing file, a card that can't be read or understood, and weights
    that are not those the card was written for.
    """
    try:
        path = card_path(weights)
        there = weights.is_file(), path.is_file()
    except (OSError, ValueError) as error:
        raise UnusableInput(
            f"{weights}: can't be a weights file ({error}); give the .tflite file of an export"
        ) from None
    for needed, found, what in zip((weights, path), there, ("weights file", "model card"), strict=True):
        if not found:
            why = "this is a folder, not a" if needed.is_dir() else "no such"
            raise UnusableInput(f"{needed}: {why} {what}; give the .tflite file of an export, its card beside it")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("format") != CARD_FORMAT:
            raise ValueError(f"only card format {CARD_FORMAT} is known")
        fields["labels"] = tuple(fields["labels"])
        fields["crop"] = CropRule(**fields["crop"])
        card = ModelCard(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise UnusableInput(f"{path}: not a model card of this version ({error}); export the model again") from None
    try:
        sha256 = file_sha256(weights)
    except OSError as error:
        raise UnusableInput(f"{weights}: can't be read ({error.strerror}); give another file") from None
    if sha256 != card.sha256:
        raise UnusableInput(
            f"{weights}: not the weights that {path.name} describes (the SHA-256 differs); export the model again"
        )
    return card
