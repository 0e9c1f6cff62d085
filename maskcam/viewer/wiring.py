"""What each command of the window does, and which of them show that they are on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from maskcam.viewer.dialogs import ask_for_stream, ask_for_video
from maskcam.viewer.keep_control import KeepControl
from maskcam.viewer.settings_dialog import SettingsDialog
from maskcam.viewer.shown import Shown
from maskcam.viewer.source_control import demo_source

if TYPE_CHECKING:
    from maskcam.viewer.window import ViewerWindow

_STEP = 5.0
"""Seconds that an arrow key moves a video."""


def commands(window: ViewerWindow) -> dict[str, Callable[[], object]]:
    """Every command of the window by its name."""
    keep = KeepControl(window, window.keeper, window.state, window.apply)
    play = window.play
    return {
        "refresh": window.sources.look,
        "camera": window.sources.next_camera,
        "open": lambda: _open(window, ask_for_video(window)),
        "stream": lambda: _open(window, ask_for_stream(window)),
        "demo": lambda: window.watch(demo_source(), "Demo", remember=False),
        "quit": window.close,
        "pause": lambda: play.pause(window.engine),
        "back": lambda: play.seek(window.engine, -_STEP),
        "forward": lambda: play.seek(window.engine, _STEP),
        "loop": lambda: play.loop(window.engine),
        "snapshot": keep.snapshot,
        "record": keep.record,
        "log": keep.log,
        "choose_folder": keep.choose_folder,
        "folder": keep.open_folder,
        "private": lambda: _toggle(window, "privacy"),
        "mirror": lambda: _toggle(window, window.state.mirror_setting),
        "timeline": lambda: _toggle(window, "timeline"),
        "full_screen": lambda: _full_screen(window),
        "leave": lambda: _leave(window),
        "alarm": lambda: _toggle(window, "alarm"),
        "snooze": lambda: window.state.snooze(time.monotonic()),
        "settings": lambda: _open_settings(window),
        "help": lambda: window.front.canvas.show_help(not window.front.canvas.helping),
    }


def show_checks(window: ViewerWindow, shown: Shown) -> None:
    """Show in the menus what is on, and what can't be done now."""
    settings, actions = window.state.settings, window.actions_
    for name, on in (
        *(("private", settings.privacy), ("alarm", settings.alarm), ("timeline", settings.timeline)),
        *(("mirror", shown.mirrored), ("loop", shown.looping), ("full_screen", window.isFullScreen())),
        *(("record", window.keeper.recording), ("log", window.keeper.logging)),
        ("help", window.front.canvas.helping),
    ):
        actions.check(name, on)
    # A key that can do nothing is free for what has the focus: Space presses a button.
    for name in ("pause", "back", "forward", "loop"):
        actions.by_name[name].setEnabled(window.play.playing)
    actions.by_name["mirror"].setEnabled(shown.source is not None)
    actions.by_name["snooze"].setEnabled(settings.alarm)


def _open(window: ViewerWindow, text: str) -> None:
    if text:
        window.open_text(text)


def _toggle(window: ViewerWindow, name: str) -> None:
    settings = window.state.settings
    turned: dict[str, Any] = {name: not getattr(settings, name)}
    window.apply(replace(settings, **turned))


def _full_screen(window: ViewerWindow) -> None:
    window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)


def _leave(window: ViewerWindow) -> None:
    if window.front.canvas.helping:
        window.front.canvas.show_help(False)
    elif window.isFullScreen():
        _full_screen(window)


def _open_settings(window: ViewerWindow) -> None:
    if window.dialog is None:
        window.dialog = SettingsDialog(window, window.state.settings, window.engine.own_threshold, window.apply)
    window.dialog.show()
    window.dialog.raise_()
    window.dialog.activateWindow()
