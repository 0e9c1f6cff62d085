"""What the window says when there is no good picture, and what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from maskcam.live import Cause
from maskcam.sources.spec import SourceKind
from maskcam.viewer.health import Fault


class Trouble(StrEnum):
    """What is wrong with the source."""

    NO_CAMERA = "no camera"
    NOT_OPENED = "not opened"
    BUSY = "busy"
    DENIED = "denied"
    BLACK = "black"
    FROZEN = "frozen"
    SILENT = "silent"
    UNPLUGGED = "unplugged"
    STREAM_GONE = "stream gone"
    UNREACHED = "unreached"
    UNREADABLE = "unreadable"
    ENDED = "ended"
    BROKEN_OFF = "broken off"


@dataclass(frozen=True, slots=True)
class Message:
    """Words over the picture: what is, what to do, and, where known, the cause as the source told it."""

    title: str
    advice: str
    detail: str = ""

    def __post_init__(self) -> None:
        if not self.title or not self.advice:
            raise ValueError("a message says what is and what to do")


_CAMERA = {
    Trouble.NO_CAMERA: Message(
        "No camera found",
        "Plug one in. If it is plugged in, try another socket, or choose it in the menu Source.",
    ),
    Trouble.NOT_OPENED: Message(
        "The camera can't be opened",
        "Plug it in, close other programs that use it, and allow it in the system's privacy settings.",
    ),
    Trouble.BUSY: Message(
        "The camera is in use by another program",
        "Close video calls and other camera programs; the picture then comes by itself.",
    ),
    Trouble.DENIED: Message(
        "Camera access is denied",
        "Allow camera access in the system's privacy settings (on Linux: be in the group “video”).",
    ),
    Trouble.BLACK: Message(
        "The picture is black",
        "Open the lens cover, switch on the light, or press the camera's privacy key.",
    ),
    Trouble.FROZEN: Message(
        "The picture is frozen",
        "Nothing that happens now is seen. If it stays so, unplug the camera and plug it in again.",
    ),
    Trouble.SILENT: Message(
        "The camera sends no pictures",
        "Nothing that happens now is seen. If it stays so, unplug the camera and plug it in again.",
    ),
    Trouble.UNPLUGGED: Message(
        "The camera is gone",
        "Plug it in again; the picture then goes on by itself.",
    ),
}
_STREAM = {
    Trouble.BUSY: Message(
        "The stream can't be sent now",
        "End other viewers of this stream, or restart the camera; the picture then comes by itself.",
    ),
    Trouble.DENIED: Message("The stream asks for a password", "Write name:password@ after the // of its address."),
    Trouble.BLACK: Message("The picture is black", "Look at the camera: lens cover, light, privacy setting."),
    Trouble.FROZEN: Message(
        "The picture is frozen", "Nothing that happens now is seen. If it stays so, restart the camera."
    ),
    Trouble.SILENT: Message(
        "The stream sends no pictures",
        "Nothing that happens now is seen. Check that the camera is on and the network reaches it.",
    ),
    Trouble.STREAM_GONE: Message(
        "The stream is gone",
        "Check that the camera is on and the network reaches it; the picture then goes on by itself.",
    ),
    Trouble.UNREACHED: Message(
        "The stream can't be opened",
        "Check that the camera is on and the address right; the picture then comes by itself.",
    ),
    Trouble.ENDED: Message("The video has ended", "Open its address again to see it once more, or another source."),
    Trouble.BROKEN_OFF: Message(
        "The video broke off", "Check the network, then open its address again to see it from the beginning."
    ),
}
_FILE = {
    Trouble.UNREADABLE: Message("The video can't be played", "Choose another file in the menu Source."),
    Trouble.ENDED: Message("The video has ended", "Space plays it again, L repeats it without end."),
}

OPENING = Message("Opening …", "The picture comes in a moment.")
LOADING = "The verdicts come in a moment …"
BEHIND = "The analysis has fallen behind: who is in the picture now isn't judged"
PRIVATE = Message("Private view", "A picture is shown as soon as its faces have been looked for and pixelated.")

FAULTS = {Fault.SILENT: Trouble.SILENT, Fault.FROZEN: Trouble.FROZEN, Fault.BLACK: Trouble.BLACK}


def classify(cause: Cause | None, kind: SourceKind, had_pictures: bool) -> Trouble:
    """Which trouble a lost source is in, from what it says and from what it was."""
    if kind is SourceKind.FILE:
        return Trouble.UNREADABLE
    if cause in _CAUSES:
        return _CAUSES[cause]
    if kind is SourceKind.STREAM:
        return Trouble.STREAM_GONE if had_pictures else Trouble.UNREACHED
    if had_pictures:
        return Trouble.UNPLUGGED
    return _WITHOUT_A_PICTURE.get(cause, Trouble.SILENT)


def message(trouble: Trouble, kind: SourceKind, detail: str = "") -> Message:
    """The words for a trouble of this kind of source."""
    own = {SourceKind.CAMERA: _CAMERA, SourceKind.STREAM: _STREAM, SourceKind.FILE: _FILE}[kind]
    found = own.get(trouble) or _CAMERA.get(trouble) or _STREAM.get(trouble) or _FILE[trouble]
    return Message(found.title, found.advice, detail)


def retry_words(seconds: float, trying: bool) -> str:
    """When the source is tried again."""
    if trying:
        return "Trying again now …"
    if math.isinf(seconds):
        return ""
    whole = max(math.ceil(seconds), 1)
    return f"Trying again in {whole} s"


_CAUSES: dict[Cause | None, Trouble] = {Cause.BUSY: Trouble.BUSY, Cause.DENIED: Trouble.DENIED}
_WITHOUT_A_PICTURE: dict[Cause | None, Trouble] = {
    Cause.MISSING: Trouble.NO_CAMERA,
    Cause.UNTOLD: Trouble.NOT_OPENED,
}
