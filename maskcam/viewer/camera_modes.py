"""Which sizes and rates the menu offers for a camera: what is usual, and what is known of this one."""

from __future__ import annotations

from dataclasses import dataclass

from maskcam.sources.cameras import CameraMode

Mode = CameraMode | None
"""What a camera is asked for, with the rate 0 for any; None for its own."""

USUAL = (
    CameraMode(640, 480, 30.0),
    CameraMode(1280, 720, 30.0),
    CameraMode(1280, 720, 60.0),
    CameraMode(1920, 1080, 30.0),
    CameraMode(1920, 1080, 60.0),
    CameraMode(3840, 2160, 30.0),
)
"""What is offered for a camera of which nothing is known; it answers with the nearest that it can do."""

_SAME_RATE = 1.0
"""Pictures a second by which a rate may be off and be the same: cameras say 29.97, 30.00003."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the menu: what the camera is asked for, and in words what comes of it, as far as it is known."""

    mode: Mode
    words: str


class CameraModes:
    """What each camera was asked for and what it gave, for as long as the program runs. Cameras go by number."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._given: dict[int, dict[Mode, CameraMode]] = {}
        self._found: dict[int, tuple[CameraMode, ...]] = {}

    def named(self, camera: int, name: str) -> None:
        """Take the name of the camera of this number; if it had another, forget what was known of that camera."""
        if self._names.get(camera, name) != name:
            self._given.pop(camera, None)
            self._found.pop(camera, None)
        self._names[camera] = name

    def answered(self, camera: int, asked: Mode, given: CameraMode) -> None:
        """Take that the camera, asked for one mode, gave another or the same."""
        if given.width > 0 and given.height > 0:
            self._given.setdefault(camera, {})[asked] = given

    def found(self, camera: int, modes: tuple[CameraMode, ...]) -> None:
        """Take all that this camera can do, found by trying; nothing if that failed."""
        if modes:
            self._found[camera] = modes

    def choices(self, camera: int | None, wanted: Mode) -> tuple[Choice, ...]:
        """What to offer for this camera, None where none is watched; `wanted`, asked of every camera, is among it."""
        given = self._given.get(camera, {}) if camera is not None else {}
        found = self._found.get(camera) if camera is not None else None
        modes = USUAL if found is None else found
        if wanted is not None and wanted not in modes:
            modes = (wanted, *modes)
        return tuple(Choice(mode, _words(mode, given.get(mode))) for mode in (None, *modes))


def mode_words(mode: CameraMode) -> str:
    """A size and rate, in words; the rate only where the camera says it."""
    size = f"{mode.width} x {mode.height}"
    return f"{size}, {mode.rate:g} pictures a second" if mode.rate else size


def gives(asked: CameraMode, given: CameraMode) -> bool:
    """Whether a camera gives what it was asked for; a rate that it doesn't tell, or wasn't asked for, fits."""
    same_rate = not given.rate or not asked.rate or abs(given.rate - asked.rate) <= _SAME_RATE
    return (given.width, given.height) == (asked.width, asked.height) and same_rate


def _words(asked: Mode, given: CameraMode | None) -> str:
    if asked is None:
        return "The camera's own"
    words = mode_words(asked)
    if given is None or gives(asked, given):
        return words
    return f"{words}: this camera gives {mode_words(given)}"
