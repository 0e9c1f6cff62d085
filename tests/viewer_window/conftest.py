"""A window, its settings kept apart, and a folder for what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings

from maskcam.assets import MASK_MODEL, asset
from maskcam.sources.cameras import CameraInfo
from maskcam.viewer import window as window_module
from maskcam.viewer.remember import Memory
from maskcam.viewer.window import ViewerWindow
from tests.viewer_window.window_parts import Make, leave, until


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture(autouse=True)
def time_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other work may take longer; that a window ends in time whatever hangs has tests of its own."""
    monkeypatch.setattr(window_module, "_END_SECONDS", 60.0)


@pytest.fixture
def make(qtbot: Any, tmp_path: Path) -> Iterator[Make]:
    made: list[ViewerWindow] = []
    errors: list[Exception] = []

    def new(cameras: tuple[CameraInfo, ...] = (), **more: Any) -> ViewerWindow:
        shown = ViewerWindow(asset(MASK_MODEL), Memory(), **more)
        shown.sources._list = lambda: cameras
        shown.failed.connect(errors.append)
        shown.stopped.connect(errors.append)
        made.append(shown)
        qtbot.addWidget(shown)
        shown.show()
        # Keys go to the active window alone.
        until(qtbot, shown.isActiveWindow)
        return shown

    yield new
    for one in made:
        leave(qtbot, one)
    assert not errors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    path.mkdir()
    return path
