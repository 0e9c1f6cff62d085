"""How often a training shows what is hard: very small faces, and things before bare mouths."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

SHOWN_BY = (
    *("augment", "dress", "face_frame", "manifest", "pictures", "recipe"),
    *("render_covers", "render_masks", "sampling", "textures"),
)
"""The modules of this package that decide what a training is shown."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Shares of the views that are made hard, each from 0 to 1."""

    smallest: int = 16
    """Faces are scaled down to as little as this many pixels."""
    scaled_down: float = 0.5
    """Share of the views that are scaled down."""
    towards_small: float = 1.0
    """How much more of them become very small: 1 is evenly by logarithm, above it more are."""
    blocky: float = 0.15
    """Share of them that are scaled up again in squares, as many masked faces of the 12k set are."""
    covered: float = 0.27
    """Share of the bare faces on which something is drawn that is no mask."""
    on_chin: float = 0.2
    """Share of that which is a mask pulled down to the chin."""
    covers: tuple[float, ...] = (0.3, 0.17, 0.2, 0.06, 0.09, 0.18)
    """How often the rest is a hand, a cup, a head, a microphone, a beard, a flat thing."""

    def __post_init__(self) -> None:
        if not all(0 <= share <= 1 for share in (self.scaled_down, self.blocky, self.covered, self.on_chin)):
            raise ValueError("shares are from 0 to 1")
        if self.smallest < 1 or self.towards_small <= 0:
            raise ValueError("smallest is at least a pixel, towards_small above 0")
        if min(self.covers) < 0 or abs(sum(self.covers) - 1) > 1e-6:
            raise ValueError("covers are shares whose sum is 1")


PLAIN = Recipe()
HARDER = Recipe(
    smallest=14,
    scaled_down=0.6,
    towards_small=1.3,
    blocky=0.25,
)
"""For the cycles after the first fall of the rate. All the time, it costs large and plain faces what it gives small
ones; the mean of the weights before and after has both."""


def fingerprint() -> str:
    """Return 12 digits that change with the code that decides what a training is shown.

    Shares, shapes and colours are written there and nowhere else, so a run that goes on after a change of it would be
    shown two things, and a table that holds lines from before and after compares them.
    """
    sources = (Path(__file__).with_name(f"{name}.py").read_bytes() for name in SHOWN_BY)
    return hashlib.sha256(b"".join(sources)).hexdigest()[:12]
