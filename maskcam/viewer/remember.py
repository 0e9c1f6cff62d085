"""What outlives the program: the settings and the last source, in the user's configuration."""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from maskcam.errors import UnusableInput
from maskcam.sources.cameras import CameraMode
from maskcam.sources.schemes import mask_password
from maskcam.sources.spec import SourceKind, SourceSpec, parse_source
from maskcam.viewer.settings import Settings

_MODE = "camera mode"
_SOURCE = "source"
_WINDOW = "window"


class Memory:
    """Reads and writes the user's configuration file."""

    def __init__(self) -> None:
        self._file = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "maskcam", "maskcam")

    def settings(self) -> Settings:
        """The settings as last set."""
        self._file.beginGroup("settings")
        texts = {name: str(self._file.value(name)) for name in self._file.childKeys()}
        self._file.endGroup()
        return Settings.from_texts(texts)

    def keep_settings(self, settings: Settings, changed: Collection[str]) -> None:
        """Remember what was changed; another window may have changed the others since they were read."""
        self._file.beginGroup("settings")
        for name, text in settings.as_texts().items():
            if name in changed:
                self._file.setValue(name, text)
        self._file.endGroup()

    def source(self) -> SourceSpec | None:
        """The source that was chosen last, if it can still be meant."""
        kept = self._file.value(_SOURCE, "")
        try:
            return parse_source(os.fsdecode(bytes(kept.data())) if isinstance(kept, QByteArray) else str(kept))
        except UnusableInput:
            return None

    def keep_source(self, spec: SourceSpec) -> None:
        """Remember the source; not an address with a password in it, which has no place in a plain file."""
        if spec.kind is SourceKind.STREAM and mask_password(spec.where) != spec.where:
            return
        # The program may be started from another folder next time.
        where = str(Path(spec.where).absolute()) if spec.kind is SourceKind.FILE else spec.where
        try:
            where.encode()
        except UnicodeEncodeError:  # a file's name need not be text, and Qt would keep another one
            self._file.setValue(_SOURCE, QByteArray(os.fsencode(where)))
        else:
            self._file.setValue(_SOURCE, where)

    def mode(self) -> CameraMode | None:
        """The size and rate, 0 for any, that cameras are asked for, None for their own."""
        try:
            width, height, rate = str(self._file.value(_MODE, "")).split()
            mode = CameraMode(int(width), int(height), float(rate))
        except ValueError:
            return None
        return mode if min(mode.width, mode.height) > 0 <= mode.rate < math.inf else None

    def keep_mode(self, mode: CameraMode | None) -> None:
        """Remember it."""
        self._file.setValue(_MODE, "" if mode is None else f"{mode.width} {mode.height} {mode.rate}")

    def geometry(self) -> QByteArray | None:
        """Where the window was."""
        value = self._file.value(_WINDOW)
        return value if isinstance(value, QByteArray) else None

    def keep_geometry(self, geometry: QByteArray) -> None:
        """Remember where the window is."""
        self._file.setValue(_WINDOW, geometry)

    @property
    def path(self) -> str:
        """The file."""
        return self._file.fileName()

    def flush(self) -> bool:
        """Write it all now; False if it can't be written."""
        self._file.sync()
        return self._file.status() is QSettings.Status.NoError
