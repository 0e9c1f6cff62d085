"""The menus that change: which cameras there are, and what the chosen one is asked for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from maskcam.sources.cameras import CameraInfo, CameraMode
from maskcam.viewer.camera_modes import Choice, Mode, mode_words

SURVEY = "Find out what this camera can do"


class CameraMenus:
    """Cameras by name, and their sizes and rates."""

    def __init__(
        self,
        parent: QWidget,
        choose: Callable[[CameraInfo], None],
        ask: Callable[[Mode], None],
        survey: Callable[[], None],
    ) -> None:
        self.cameras = QMenu("&Cameras", parent)
        self.modes = QMenu("&Size and rate of cameras", parent)
        self._choose, self._ask, self._survey = choose, ask, survey
        self._groups: dict[QMenu, QActionGroup] = {}
        self._listed: object = None
        self._offered: tuple[tuple[Choice, ...], Mode, CameraMode | None, bool] = ((), None, None, False)
        # It tells of its end before it tells what was chosen.
        self.modes.aboutToHide.connect(lambda: QTimer.singleShot(0, self._make_modes))

    def show_cameras(self, cameras: tuple[CameraInfo, ...], chosen: int | None) -> None:
        """List these, the chosen one marked."""
        if self._listed == (cameras, chosen):
            return  # nobody wants a menu to be made anew under his hand
        self._listed = (cameras, chosen)
        group = self._anew(self.cameras)
        if not cameras:
            self.cameras.addAction("No camera found").setEnabled(False)
        for camera in cameras:
            action = self.cameras.addAction(camera.name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(camera.index == chosen)
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, camera=camera: self._choose(camera))

    def show_modes(self, choices: tuple[Choice, ...], wanted: Mode, now: CameraMode | None, watching: bool) -> None:
        """Offer these, the wanted one marked; `now` is what the camera has settled on, if one is watched."""
        self._offered = choices, wanted, now, watching
        if not self.modes.isVisible():  # else once it is closed: nobody wants a menu to be made anew under his hand
            self._make_modes()

    def _make_modes(self) -> None:
        choices, wanted, now, watching = self._offered
        group = self._anew(self.modes)
        if now is not None:
            self.modes.addAction(f"Now: {mode_words(now)}").setEnabled(False)
            self.modes.addSeparator()
        for choice in choices:
            action = self.modes.addAction(choice.words)
            action.setCheckable(True)
            action.setChecked(choice.mode == wanted)
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, mode=choice.mode: self._ask(mode))
        self.modes.addSeparator()
        survey = self.modes.addAction(SURVEY)
        survey.setEnabled(watching)
        survey.triggered.connect(lambda _checked=False: self._survey())

    def _anew(self, menu: QMenu) -> QActionGroup:
        """Empty a menu; return the group of which one entry is marked."""
        menu.clear()
        if menu in self._groups:
            self._groups[menu].deleteLater()
        self._groups[menu] = QActionGroup(menu)
        return self._groups[menu]
