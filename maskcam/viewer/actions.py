"""The window's commands as actions: in the menus, on their keys, and by name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from maskcam.viewer.keys import BY_NAME

_MENUS: tuple[tuple[str, tuple[str | None, ...]], ...] = (
    ("&Source", ("refresh", "camera", None, "open", "stream", "demo", None, "quit")),
    ("&Play", ("pause", "back", "forward", "loop")),
    ("&Keep", ("snapshot", "record", "log", None, "choose_folder", "folder")),
    ("&View", ("private", "mirror", "timeline", "full_screen", "leave")),
    ("&Alarm", ("alarm", "snooze")),
    ("S&ettings", ("settings",)),
    ("&Help", ("help",)),
)
_CHECKED = {"record", "log", "private", "mirror", "timeline", "full_screen", "alarm", "loop", "help"}
_REPEATED = {"back", "forward"}
_KEYLESS = {"choose_folder": "Choose the folder …"}
_WORDS = {
    "open": "Open a video file …",
    "stream": "Open a stream …",
    "settings": "Settings …",
    "record": "Record",
    "log": "Log events",
    "private": "Private view: faces pixelated",
    "alarm": "Alarm",
    "pause": "Pause or go on",
    "help": "Keys",
    "timeline": "The last ten minutes",
    "leave": "Leave full screen",
    "loop": "Repeat without end",
}


class Actions:
    """Every command of the window, by name."""

    def __init__(self, window: QWidget, commands: dict[str, Callable[[], object]]) -> None:
        """`commands` says what each name does; a name without a command, or the reverse, is an error."""
        names = {name for _, entries in _MENUS for name in entries if name is not None}
        if names != set(commands):
            raise ValueError(f"commands and menus differ: {sorted(names ^ set(commands))}")
        self.by_name: dict[str, QAction] = {}
        for name, command in commands.items():
            key = BY_NAME.get(name)
            words = _KEYLESS.get(name) or _WORDS.get(name) or (key.words if key else name)
            action = QAction(words, window)
            action.setCheckable(name in _CHECKED)
            # A key that is held down would begin and end a recording thirty times a second.
            action.setAutoRepeat(name in _REPEATED)
            if key is not None:
                action.setShortcuts([QKeySequence(one) for one in key.keys])
                action.setToolTip(f"{key.words} ({key.keys[0]})")
            action.triggered.connect(lambda _checked=False, command=command: command())
            self.by_name[name] = action
            # Shortcuts of a hidden menu bar, as in full screen, only work on the window itself.
            window.addAction(action)

    def fill(self, bar: QMenuBar, cameras: QMenu, modes: QMenu) -> None:
        """Make the menus; the cameras and their modes, which come and go, have menus of their own."""
        for title, entries in _MENUS:
            menu = bar.addMenu(title)
            if title == "&Source":
                menu.addMenu(cameras)
                menu.addMenu(modes)
            for name in entries:
                if name is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self.by_name[name])

    def check(self, name: str, on: bool) -> None:
        """Show whether something is on; that alone triggers nothing."""
        action = self.by_name[name]
        if action.isChecked() != on:
            action.setChecked(on)
