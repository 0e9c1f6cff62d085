"""Which cameras there are, and which source comes next. Looking for cameras never holds up the window."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from maskcam.assets import DEMO_CLIP, asset
from maskcam.runner.worker import Worker
from maskcam.sources.cameras import CameraInfo, CameraMode, camera_backend, list_cameras, probe
from maskcam.sources.spec import SourceKind, SourceSpec
from maskcam.viewer.camera_menu import CameraMenus
from maskcam.viewer.camera_modes import CameraModes, Mode
from maskcam.viewer.engine import Errand
from maskcam.viewer.remember import Memory

_SURVEY_SECONDS = 8.0
"""So long a camera is asked what it can do at most; people wait for its picture meanwhile."""

_LOOK_MS = 4000
"""How often cameras are looked for while the window waits for one."""


class Watch(Protocol):
    """Goes over to a source under a name."""

    def __call__(self, spec: SourceSpec, name: str, remember: bool = True) -> None:
        """Watch it."""


def demo_source() -> SourceSpec:
    """The bundled clip, over and over."""
    return SourceSpec(SourceKind.FILE, str(asset(DEMO_CLIP)), loop=True)


class SourceControl(QObject):
    """Keeps the list of cameras and the menus of it."""

    found = Signal(tuple)
    surveyed = Signal(int, tuple)

    def __init__(
        self,
        parent: QWidget,
        memory: Memory,
        watch: Watch,
        reopen: Callable[[Errand], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(parent)
        self._memory, self._watch, self._reopen, self._say = memory, watch, reopen, say
        self._list, self._probe = list_cameras, probe
        self._cameras: tuple[CameraInfo, ...] = ()
        self._mode: Mode = memory.mode()
        self._modes = CameraModes()
        self._settled: CameraMode | None = None
        self._chosen: SourceSpec | None = None
        self._waiting = self._first = False
        self.menus = CameraMenus(parent, self._choose, self._ask, self._survey)
        self._show_modes()
        self.menus.show_cameras((), None)
        self._worker = Worker("look for cameras", self._failed)
        self.found.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self.surveyed.connect(self._can_do, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look_again)

    def begin(self, spec: SourceSpec | None) -> None:
        """Watch this; without it, once it is known which cameras there are, the last source or the first camera."""
        self._waiting = self._first = spec is None
        if spec is not None:
            self._watch(self._asked(spec), self._name(spec))
        self.look()

    def look(self) -> None:
        """Look for cameras anew."""
        self._worker.do(lambda: self.found.emit(self._list()))

    def next_camera(self) -> None:
        """Go over to the camera after this one."""
        if self._cameras:
            numbers = [camera.index for camera in self._cameras]
            now = self._number()
            place = numbers.index(now) + 1 if now in numbers else 0
            self._choose(self._cameras[place % len(self._cameras)])
        else:
            self.look()

    def chosen(self, spec: SourceSpec) -> None:
        """Another source is watched now: nothing is waited for any more."""
        self._chosen, self._waiting = spec, False
        self._timer.stop()
        self.menus.show_cameras(self._cameras, self._number())
        self._show_modes()

    def settled(self, mode: CameraMode | None) -> None:
        """The source that is watched has settled on this size and rate, if it is a camera and open."""
        if mode is self._settled:
            return
        self._settled = mode
        chosen, number = self._chosen, self._number()
        if mode is not None and chosen is not None and number is not None:
            size = (
                CameraMode(chosen.width, chosen.height, chosen.rate or 0.0) if chosen.width and chosen.height else None
            )
            self._modes.answered(number, size, mode)
        self._show_modes()

    def close(self) -> bool:
        """Look no more; False if the system is still busy looking."""
        self._timer.stop()
        return self._worker.stop(0.1)

    def _show(self, cameras: tuple[CameraInfo, ...]) -> None:
        self._cameras = cameras
        for camera in cameras:
            self._modes.named(camera.index, camera.name)
        self.menus.show_cameras(cameras, self._number())
        if not self._waiting:
            return
        last = self._memory.source() if self._first else None
        self._first = False
        numbers = {camera.index: camera for camera in cameras}
        if last is not None and (last.kind is not SourceKind.CAMERA or last.index in numbers):
            self._watch(self._asked(last), self._name(last))
        elif cameras:
            self._choose(cameras[0])
        else:
            self._timer.start()

    def _look_again(self) -> None:
        # One that hangs is not asked a second time.
        if not self._worker.waiting:
            self.look()

    def _choose(self, camera: CameraInfo) -> None:
        spec = self._asked(SourceSpec(SourceKind.CAMERA, str(camera.index)))
        self._watch(spec, camera.name)

    def _ask(self, mode: Mode) -> None:
        self._mode = mode
        self._memory.keep_mode(mode)
        self._show_modes()
        if self._chosen is not None and self._chosen.kind is SourceKind.CAMERA:
            self._watch(self._asked(self._chosen), self._name(self._chosen))

    def _survey(self) -> None:
        cameras = {camera.index: camera for camera in self._cameras}
        number = self._number()
        if number is None:
            return
        camera = cameras.get(number) or CameraInfo(number, f"camera {number}", camera_backend())

        def errand(wanted: Callable[[], bool]) -> None:
            enough = time.monotonic() + _SURVEY_SECONDS
            modes = self._probe(camera, lambda: wanted() and time.monotonic() < enough)
            self.surveyed.emit(number, modes)

        self._say("Finding out what the camera can do; its picture comes back by itself")
        self._reopen(errand)

    def _can_do(self, number: int, modes: tuple[CameraMode, ...]) -> None:
        self._modes.found(number, modes)
        self._say(
            "What the camera can do is in the menu Source, Size and rate" if modes else "The camera could not be asked"
        )
        self._show_modes()

    def _show_modes(self) -> None:
        number = self._number()
        now = None if number is None else self._settled
        self.menus.show_modes(self._modes.choices(number, self._mode), self._mode, now, number is not None)

    def _asked(self, spec: SourceSpec) -> SourceSpec:
        if spec.kind is not SourceKind.CAMERA:
            return spec
        if self._mode is None:
            return replace(spec, width=None, height=None, rate=None)
        return replace(spec, width=self._mode.width, height=self._mode.height, rate=self._mode.rate or None)

    def _name(self, spec: SourceSpec) -> str:
        names = {camera.index: camera.name for camera in self._cameras}
        return names.get(spec.index, spec.label) if spec.kind is SourceKind.CAMERA else spec.label

    def _number(self) -> int | None:
        chosen = self._chosen
        return chosen.index if chosen is not None and chosen.kind is SourceKind.CAMERA else None

    def _failed(self, error: Exception) -> None:
        logging.getLogger("maskcam").error("cameras can't be listed", exc_info=error)
        self.found.emit(())
