"""What a user writes to name a source: a camera's number, a stream's address, or a video file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from maskcam.errors import UnusableInput
from maskcam.sources.inputs import check_file
from maskcam.sources.schemes import SCHEMES, mask_password, scheme_of

_CAMERA_DEVICE = re.compile(r"/dev/video([0-9]+)")
_MOST_CAMERAS = 100
_LONGEST = 4096
"""Characters; more is no name but something pasted by mistake."""


class SourceKind(StrEnum):
    """The three kinds of live source."""

    CAMERA = "camera"
    STREAM = "stream"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source by name. `where` is the number, address or path as text; it may hold a password and is not shown.

    `label` is what may be shown and logged. `width`, `height` (pixels) and `rate` (frames a second) are
    what a camera is asked for; `loop` is for files. ValueError if a camera's number is none.
    """

    kind: SourceKind
    where: str = field(repr=False)
    width: int | None = None
    height: int | None = None
    rate: float | None = None
    loop: bool = False
    label: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.where or (self.kind is SourceKind.CAMERA and not re.fullmatch("[0-9]+", self.where)):
            raise ValueError(f"this names no {self.kind}")
        if (self.width is None) != (self.height is None) or any(
            value is not None and not value > 0 for value in (self.width, self.height, self.rate)
        ):
            raise ValueError("width and height go together, and both they and the rate are more than 0")
        labels = {SourceKind.CAMERA: f"camera {self.where}", SourceKind.STREAM: mask_password(self.where)}
        object.__setattr__(self, "label", labels.get(self.kind) or Path(self.where).name or self.where)

    @property
    def index(self) -> int:
        """The camera's number; ValueError for anything else."""
        if self.kind is not SourceKind.CAMERA:
            raise ValueError(f"a {self.kind} has no number")
        return int(self.where)


def parse_source(text: str) -> SourceSpec:
    """Read what a user wrote. UnusableInput, in one line that shows no password, if no source can be meant."""
    bare = text.strip()
    if not bare:
        raise UnusableInput("no source given; give a camera's number, a stream's address or a video file")
    if len(text) > _LONGEST or bare.splitlines() != [bare] or "\0" in text:
        raise UnusableInput(
            "this is no source; give a camera's number, a stream's address or a video file, in one line"
        )
    if device := _CAMERA_DEVICE.fullmatch(bare):
        bare = device[1]
    if re.fullmatch("[0-9]+", bare):
        # A count of digits first: int() refuses thousands of them with an error of its own.
        if len(bare) > 9 or int(bare) >= _MOST_CAMERAS:
            raise UnusableInput(f"{bare[:12]}: there is no camera of that number; see maskcam cameras")
        return SourceSpec(SourceKind.CAMERA, str(int(bare)))
    if scheme := scheme_of(bare):
        _check_address(bare, scheme)
        # Telephones begin what is written with a capital, which libav knows no protocol by.
        return SourceSpec(SourceKind.STREAM, scheme + bare[len(scheme) :])
    # A file's name may begin or end with a space; a line's end comes from copying.
    path = text if text.splitlines() == [text] else bare
    check_file(Path(path), "video")
    return SourceSpec(SourceKind.FILE, path)


def _check_address(address: str, scheme: str) -> None:
    shown = mask_password(address)
    if scheme not in SCHEMES:
        raise UnusableInput(f"{shown}: a stream's address begins with rtsp://, rtsps://, http:// or https://")
    try:
        parts = urlsplit(address)
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole or any(character.isspace() for character in address):
        raise UnusableInput(f"{shown}: this address is not whole; write it like rtsp://192.168.1.20:554/stream")
