"""What Qt has to say goes into the log; where it can't open a window at all, one line says so to the user."""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from maskcam.errors import UNUSABLE
from maskcam.viewer.crash import LOG

_FAILURES = ("could not connect", "could not find", "could not load")


class QtMessages:
    """Holds Qt's messages until there is a log. They would else appear on a terminal, as ours, and explain little."""

    def __init__(self) -> None:
        self._held: list[str] | None = []

    def install(self) -> None:
        """Take over from Qt; before the application is made, which is where Qt gives up without a screen."""
        qInstallMessageHandler(self._take)

    def uninstall(self) -> None:
        """Give back to Qt what is its own."""
        qInstallMessageHandler(None)

    def log(self) -> None:
        """There is a window and a log: write what was held, and from now on all as it comes."""
        held, self._held = self._held or [], None
        for text in held:
            LOG.warning("Qt: %s", text)

    def _take(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if self._held is None:
            LOG.warning("Qt: %s", text)
        elif kind is QtMsgType.QtFatalMsg:
            # After this message Qt aborts the process, and no exception gets past it.
            sys.stderr.write(f"maskcam: {no_window(self._held)}\n")
            sys.stderr.flush()
            os._exit(UNUSABLE)
        else:
            self._held.append(text)


def no_window(said: list[str]) -> str:
    """Why no window can be opened, from what Qt said before it gave up, and what to do."""
    reasons = [text for one in _FAILURES for text in said if text.lower().startswith(one)]
    why = f" ({reasons[0].strip().rstrip('.')})" if reasons else ""
    return (
        f"no window can be opened here{why}; check DISPLAY and QT_QPA_PLATFORM, and install the system packages that"
        " the README names; maskcam video works without a window"
    )
