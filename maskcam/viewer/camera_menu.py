"""The menus that change: which cameras there are, and what the chosen one is asked for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from maskcam.cameras import CameraInfo
from maskcam.viewer.actions import MODES, mode_words

Mode = tuple[int, int, float] | None


class CameraMenus:
    """Cameras by name, and their sizes and rates."""

    def __init__(self, parent: QWidget, choose: Callable[[CameraInfo], None], ask: Callable[[Mode], None]) -> None:
        self.cameras = QMenu("&Cameras", parent)
        self.modes = QMenu("&Size and rate of cameras", parent)
        self._choose, self._ask = choose, ask
        self._group: QActionGroup | None = None
        self._modes = QActionGroup(parent)
        for mode in MODES:
            action = self.modes.addAction(mode_words(mode))
            action.setCheckable(True)
            action.setData(mode)
            self._modes.addAction(action)
            action.triggered.connect(lambda _checked=False, mode=mode: self._ask(mode))

    def show_cameras(self, cameras: tuple[CameraInfo, ...], chosen: int | None) -> None:
        """List these, the chosen one marked."""
        self.cameras.clear()
        self._group = QActionGroup(self.cameras)
        if not cameras:
            self.cameras.addAction("No camera found").setEnabled(False)
        for camera in cameras:
            action = self.cameras.addAction(camera.name)
            action.setCheckable(True)
            action.setChecked(camera.index == chosen)
            self._group.addAction(action)
            action.triggered.connect(lambda _checked=False, camera=camera: self._choose(camera))

    def show_mode(self, mode: Mode) -> None:
        """Mark what cameras are asked for."""
        for action in self._modes.actions():
            wanted = action.data()
            action.setChecked((tuple(wanted) if wanted else None) == mode)
