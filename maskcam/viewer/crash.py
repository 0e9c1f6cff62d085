"""An error that nobody expected: into the log file, and one sentence to the user. The window stays."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal

from maskcam import __version__

LOG = logging.getLogger("maskcam")

_LARGEST = 500_000
"""Bytes of a log file before it is put aside; two old ones are kept."""


def log_path() -> Path:
    """Where the log file lies: in the user's folder for what programs note down."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.StateLocation)) / "maskcam.log"


class LogFile(logging.handlers.RotatingFileHandler):
    """The log; what can't be written, as on a full disk, is noted in `failed` and else passed over."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_LARGEST, backupCount=2, encoding="utf-8")
        self.path, self.failed = path, False
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:
        """Note it; Python's own way is a traceback for every line that is lost."""
        self.failed = True

    def close(self) -> None:
        """Close the file; what could not be written until now can't be then either."""
        with contextlib.suppress(OSError):
            super().close()


def open_log() -> LogFile | None:
    """Begin the log of this run; None if it can't be written, since the program matters more."""
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = LogFile(path)
    except OSError:
        LOG.addHandler(logging.NullHandler())
        return None
    LOG.addHandler(log)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    LOG.info("maskcam %s", __version__)
    return log


class CrashReporter(QObject):
    """Takes every error that reaches the top of a thread; `tell` is called once, in the window's thread."""

    happened = Signal(str)

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._told = False
        self.happened.connect(tell, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over from Python, whose own way is lines on a terminal that nobody may see."""
        sys.excepthook = self.report
        threading.excepthook = lambda what: self.report(
            what.exc_type, what.exc_value or what.exc_type(), what.exc_traceback
        )

    def uninstall(self) -> None:
        """Give back to Python what is its own."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def tell_again(self) -> None:
        """Tell the user of the next error too."""
        self._told = False

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None = None) -> None:
        """Log an error and tell the user of the first one; a hundred dialogs help nobody."""
        LOG.error("unexpected", exc_info=(kind, error, trace or error.__traceback__))
        if not self._told:
            self._told = True
            self.happened.emit(str(error) or kind.__name__)
