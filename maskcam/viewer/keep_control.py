"""The commands that keep something: where to, and whether it is begun or ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from maskcam.viewer.dialogs import ask_for_folder
from maskcam.viewer.keeper import Keeper
from maskcam.viewer.settings import Settings
from maskcam.viewer.state import ViewerState


class KeepControl:
    """Asks for the folder once, then lets the keeper work."""

    def __init__(self, parent: QWidget, keeper: Keeper, state: ViewerState, apply: Callable[[Settings], None]) -> None:
        self._parent, self._keeper, self._state, self._apply = parent, keeper, state, apply

    def snapshot(self) -> None:
        """Save the picture as it is shown."""
        shown = self._state.shown(time.monotonic())
        if shown.picture is None:  # no folder is asked for then
            self._say("There is no picture to save")
        elif (folder := self._folder()) is not None:
            self._keeper.snapshot(shown, folder)

    def record(self) -> None:
        """Start or end a recording."""
        if self._keeper.recording:
            self._keeper.stop_recording()
        elif self._state.shown(time.monotonic()).source is None:
            self._say("There is nothing to record; choose a camera, a video or a stream")
        elif (folder := self._folder()) is not None:
            self._keeper.start_recording(folder, time.monotonic())

    def log(self) -> None:
        """Start or end the event log."""
        if self._keeper.logging:
            self._keeper.stop_log()
        elif (folder := self._folder()) is not None:
            self._keeper.start_log(folder)
            self._say("Events are being logged")

    def choose_folder(self) -> None:
        """Choose where all that is kept from now on goes."""
        folder = ask_for_folder(self._parent)
        if folder is not None:
            self._apply(replace(self._state.settings, folder=folder))

    def open_folder(self) -> None:
        """Show the folder in the desktop's own program."""
        folder = self._folder()
        if folder is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._say(f"Saved files are in {folder}")

    def _folder(self) -> Path | None:
        folder = self._state.settings.folder
        if folder is None or not _is_folder(folder):
            self.choose_folder()
            folder = self._state.settings.folder
        return folder if folder is not None and _is_folder(folder) else None

    def _say(self, words: str) -> None:
        self._state.notify(words, time.monotonic())


def _is_folder(path: Path) -> bool:
    # `Path.is_dir` raises where a network's folder is gone or may not be looked at.
    return os.path.isdir(path)  # noqa: PTH112
