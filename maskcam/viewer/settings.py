"""What the user has set, checked when made, and as texts that outlive the program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from maskcam.search import LEAST_FACE, SMALLEST_LIVE_FACE

THRESHOLDS = (0.05, 0.95)
"""Between these the window's slider moves; the command line may go further."""
SMALLEST_FACES = (LEAST_FACE, 400)
"""Pixels of width."""
ALARM_SECONDS = (0.5, 60.0)
COOL_DOWN = (5.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that takes effect at once and is remembered.

    `threshold` is the no-mask probability where evidence turns from mask to bare, None for the model's own.
    `smallest_face` is the width in pixels from which faces are looked for.
    `alarm_seconds` is how long a person must be without a mask, `cool_down` how long that person then stays
    unmentioned. A camera is a mirror to those before it, a film isn't; so each has its own switch.
    """

    threshold: float | None = None
    smallest_face: int = SMALLEST_LIVE_FACE
    alarm: bool = False
    alarm_seconds: float = 2.0
    cool_down: float = 60.0
    mirror_camera: bool = True
    mirror_other: bool = False
    privacy: bool = False
    timeline: bool = True
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise ValueError(f"the threshold must lie between 0 and 1, not {self.threshold}")
        _check("the alarm's seconds", self.alarm_seconds, ALARM_SECONDS)
        _check("the cool-down", self.cool_down, COOL_DOWN)
        _check("the smallest face", self.smallest_face, SMALLEST_FACES)

    def as_texts(self) -> dict[str, str]:
        """Every value as a text; an empty one where nothing is set."""
        return {one.name: _text(getattr(self, one.name)) for one in fields(self)}

    @staticmethod
    def from_texts(texts: Mapping[str, str]) -> Settings:
        """The settings of such texts; one that can't be used is left at its default, without a word.

        They come from a file that another release may have written.
        """
        settings = Settings()
        for name, parse in _PARSERS.items():
            try:
                settings = replace(settings, **{name: parse(texts[name])})
            except (KeyError, ValueError):
                continue
        return settings


def sensitivity_words(threshold: float, own: float) -> str:
    """What a threshold trades against the model's `own`."""
    if abs(threshold - own) < 0.005:
        return "The model's own balance"
    if threshold < own:
        return "Misses fewer bare faces, raises more false alarms"
    return "Raises fewer false alarms, misses more bare faces"


def _check(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:g} and {high:g}, not {value}")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


_PARSERS: dict[str, Callable[[str], Any]] = {
    "threshold": lambda text: float(text) if text else None,
    "smallest_face": int,
    "alarm": _flag,
    "alarm_seconds": float,
    "cool_down": float,
    "mirror_camera": _flag,
    "mirror_other": _flag,
    "privacy": _flag,
    "timeline": _flag,
    "folder": lambda text: Path(text) if text else None,
}
