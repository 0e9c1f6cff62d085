"""The window. It wires keys, menus, the engine and the state together, and decides nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Event
from maskcam.sources.opener import open_source
from maskcam.sources.spec import SourceKind, SourceSpec, parse_source
from maskcam.viewer.actions import Actions
from maskcam.viewer.engine import Engine, Errand, Judging, Opener
from maskcam.viewer.front import Front
from maskcam.viewer.keeper import Keeper
from maskcam.viewer.play_control import PlayControl
from maskcam.viewer.remember import Memory
from maskcam.viewer.settings import Settings
from maskcam.viewer.settings_dialog import SettingsDialog
from maskcam.viewer.shown import Shown
from maskcam.viewer.source_control import SourceControl
from maskcam.viewer.state import ViewerState
from maskcam.viewer.supervision import Chosen
from maskcam.viewer.wiring import commands, show_checks

_TICK_MS = 100
"""How often time alone is looked at: a source that is dead sends nothing that could wake anybody."""

_END_SECONDS = 0.9
"""Until everything must be final; what is recorded may have to wait for several pictures to be encoded."""
_NOT_KEPT = (
    "what was being recorded or logged is not complete (*.part.mp4, *.csv): this machine's disk or processor takes too"
    " long; record a smaller picture, or on another disk"
)
_AGAIN_SECONDS = 30.0
"""A camera or stream that was watched so long before something unexpected ended it is watched again by itself."""

Overrides = Callable[[Settings], Settings]


class ViewerWindow(QMainWindow):
    """The viewer's main window; `ended` is emitted once everything that had to be final is final.

    `failed` tells of an error after which it goes on as before, `stopped` of one after which nothing is watched.
    `finished` says that its end has begun.
    """

    woken = Signal()
    failed = Signal(Exception)
    stopped = Signal(Exception)
    ended = Signal()

    def __init__(
        self,
        weights: Path,
        memory: Memory,
        overrides: Overrides = lambda settings: settings,
        opener: Opener = open_source,
    ) -> None:
        """`overrides` are the command line's wishes, which count for this run and are not remembered."""
        super().__init__()
        self._weights, self._memory, self._opener = weights, memory, opener
        self._remembered = memory.settings()
        self.state = ViewerState(overrides(self._remembered))
        self._waking = self.finished = self._abandoned = self._told_unkept = False
        self._watched: tuple[SourceSpec, str, float] | None = None
        self.ended_cleanly = False
        self.keeper = Keeper(self.failed.emit)
        self.play = PlayControl()
        self.dialog: SettingsDialog | None = None
        self.engine = self._new_engine()
        self.sources = SourceControl(self, memory, self.watch, self._reopen, self._say)
        self._build()
        self.woken.connect(self.refresh, Qt.ConnectionType.QueuedConnection)
        self._ticking = QTimer(self)
        self._ticking.timeout.connect(self.refresh)
        self._ticking.start(_TICK_MS)
        self.refresh()

    def begin(self, spec: SourceSpec | None) -> None:
        """Watch this, or without it what was watched last, or the first camera."""
        self.sources.begin(spec)

    def watch(self, spec: SourceSpec, name: str, remember: bool = True) -> None:
        """Go over to this source."""
        if self.finished:
            return
        self.play.spec = spec
        self._watched = spec, name, time.monotonic()
        self.engine.watch(spec)
        # What was analysed of the source before this one is none of the new one's.
        with suppress(Exception):  # an engine that broke is told of by the next refresh
            self._log(event for one in self.engine.drain() for event in one.events)
        self.state.choose(Chosen(name, spec.kind), time.monotonic())
        self.sources.chosen(spec)
        if remember:
            self._memory.keep_source(spec)
        self.refresh()

    def open_text(self, text: str) -> None:
        """Watch what a user wrote or dropped."""
        try:
            spec = parse_source(text)
        except UnusableInput as error:
            self._say(str(error))
            return
        self.watch(spec, spec.label)

    def refresh(self) -> None:
        """Look at everything once: the engine, the time; and show it."""
        self._waking = False
        if self.finished:
            return
        now = time.monotonic()
        try:
            self._update(now)
        except Exception as error:  # whatever it is, the window must stay and say so
            self._start_over(error)
        for words in self.keeper.news():
            self.state.notify(words, now)
        shown = self.state.shown(now, self.keeper.recorded(now))
        self.keeper.show(shown)
        self.sources.settled(self.engine.camera_mode)
        self._show(shown)

    def apply(self, settings: Settings) -> None:
        """Use these settings at once, and remember what is new in them."""
        before = self.state.settings
        new = {one.name: getattr(settings, one.name) for one in fields(settings)}
        new = {name: value for name, value in new.items() if value != getattr(before, name)}
        self._remembered = replace(self._remembered, **new)
        self._memory.keep_settings(self._remembered, new)
        if not self._memory.flush() and not self._told_unkept:
            self._told_unkept = True
            self._say(f"Settings hold for now but can't be remembered: {self._memory.path} can't be written")
        self.state.apply(settings)
        self.engine.judge(_judging(settings))
        self.front.timeline.setVisible(settings.timeline)
        if self.dialog is not None:
            self.dialog.show_settings(settings)
        self.refresh()

    def finish(self) -> None:
        """Take the window away and make everything final, within a second whatever hangs."""
        if self.finished:
            return
        self.finished = True
        end = time.monotonic() + _END_SECONDS
        self._ticking.stop()
        self._memory.keep_geometry(self.saveGeometry())
        self.hide()
        QApplication.processEvents()
        # Asked for first, the recording is completed while the engine is waited for.
        if self.keeper.recording:
            self.keeper.stop_recording()
        clean = self.engine.stop(_END_SECONDS / 2)
        self._log(self.engine.farewell())
        kept = self.keeper.close(max(end - time.monotonic(), 0.3))
        if not kept:
            self.failed.emit(FailedOnTheWay(_NOT_KEPT))
        self.ended_cleanly = self.sources.close() and clean and kept and not self._abandoned
        self._memory.flush()
        self.ended.emit()

    def changeEvent(self, event: QEvent) -> None:
        """In full screen there are no menus, however it is begun and ended."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.menuBar().setVisible(not self.isFullScreen())

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window is closed, by whatever means."""
        event.accept()
        self.finish()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Play the first of the files."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                event.acceptProposedAction()
                self.open_text(url.toLocalFile())
                return

    def _build(self) -> None:
        self.setWindowTitle("maskcam")
        self.setAcceptDrops(True)
        self.front = Front()
        self.setCentralWidget(self.front)
        self.front.timeline.setVisible(self.state.settings.timeline)
        self.actions_ = Actions(self, commands(self))
        self.actions_.fill(self.menuBar(), self.sources.menus.cameras, self.sources.menus.modes)
        by_name = self.actions_.by_name
        self.sources.found.connect(self.front.welcome.looked, Qt.ConnectionType.QueuedConnection)
        self.front.welcome.demo.connect(by_name["demo"].trigger)
        self.front.welcome.refresh.connect(by_name["refresh"].trigger)
        self.front.welcome.open_video.connect(by_name["open"].trigger)
        self.front.welcome.open_stream.connect(by_name["stream"].trigger)
        geometry = self._memory.geometry()
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(1040, 760)

    def _new_engine(self) -> Engine:
        return Engine(self._weights, _judging(self.state.settings), self._wake, self._opener)

    def _reopen(self, errand: Errand) -> None:
        # A try that is planned would come in between.
        self.state.reopened()
        self.engine.reopen(errand)

    def _wake(self) -> None:
        # Called from other threads, hundreds of times a second if need be: one wake-up that waits is enough.
        if not self._waking and not self.finished:
            self._waking = True
            self.woken.emit()

    def _update(self, now: float) -> None:
        view = self.engine.view()
        if view is None:
            return
        self.keeper.tick(self.engine.event_clock(now))
        analysed = self.engine.drain()
        self._log(event for one in analysed for event in one.events)
        wants = self.state.update(now, view, analysed, self.play.playback(self.engine))
        if wants.reopen:
            self.engine.reopen()
        if wants.beep:
            QApplication.beep()

    def _log(self, events: Iterable[Event]) -> None:
        self.keeper.events(events, self.engine.event_clock(time.monotonic()))

    def _start_over(self, error: Exception) -> None:
        """An engine that broke is told of and replaced; the window and what it was set to stay.

        What is live is watched again, since nobody may be there to choose it, unless it breaks at once.
        """
        # Long enough for an analysis that is under way, or nobody's leaving would be logged.
        self._abandoned |= not self.engine.stop(0.5)
        self._log(self.engine.farewell())
        self.keeper.begin_log_anew()
        self.engine = self._new_engine()
        self.play.spec = None
        now, watched, self._watched = time.monotonic(), self._watched, None
        self.state.choose(None, now)
        if watched is None or watched[0].kind is SourceKind.FILE or now - watched[2] < _AGAIN_SECONDS:
            self.stopped.emit(error)
            return
        self.watch(*watched[:2], remember=False)
        if self._watched is None:
            return  # it broke again at once, and that was told
        self.state.notify("Something unexpected went wrong; everybody is new from here on", now)
        self.failed.emit(error)

    def _show(self, shown: Shown) -> None:
        self.front.show_state(shown)
        show_checks(self, shown)

    def _say(self, words: str) -> None:
        self.state.notify(words, time.monotonic())
        self.refresh()


def _judging(settings: Settings) -> Judging:
    return Judging(settings.smallest_face, settings.threshold, settings.privacy)
