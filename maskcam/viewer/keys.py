"""The keys, in one place: the window binds them, the help and the README list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A command of the window: its name, its keys as Qt writes them, and what the help says of it."""

    name: str
    keys: tuple[str, ...]
    words: str

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError(f"{self.name} has no key")


KEYS = (
    Key("snapshot", ("S",), "Save a picture"),
    Key("record", ("R",), "Start or end a recording"),
    Key("log", ("E",), "Start or end the event log"),
    Key("folder", ("Ctrl+F",), "Open the folder of what was saved"),
    Key("private", ("P",), "Private view: faces pixelated"),
    Key("mirror", ("M",), "Mirror the picture"),
    Key("alarm", ("A",), "Alarm on or off"),
    Key("snooze", ("N",), "Silence the alarm for five minutes"),
    Key("pause", ("Space",), "Pause a video, or go on"),
    Key("back", ("Left",), "Five seconds back in a video"),
    Key("forward", ("Right",), "Five seconds forward in a video"),
    Key("loop", ("L",), "Repeat a video without end"),
    Key("camera", ("C",), "Next camera"),
    Key("open", ("Ctrl+O",), "Open a video file"),
    Key("stream", ("Ctrl+U",), "Open a stream by its address"),
    Key("demo", ("D",), "Show the demo"),
    Key("refresh", ("F5",), "Look for cameras again"),
    Key("timeline", ("T",), "Show or hide the last ten minutes"),
    Key("settings", ("Ctrl+,",), "Settings"),
    Key("full_screen", ("F11", "F"), "Full screen"),
    Key("leave", ("Esc",), "Leave full screen or this help"),
    Key("help", ("F1", "?"), "Show or hide this help"),
    Key("quit", ("Q", "Ctrl+Q"), "Quit"),
)
BY_NAME = {one.name: one for one in KEYS}
