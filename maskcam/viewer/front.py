"""What the window shows, from top to bottom: the picture or the welcome page, the timeline, the status bar."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from maskcam.viewer.canvas import Canvas
from maskcam.viewer.shown import Shown
from maskcam.viewer.status import StatusBar
from maskcam.viewer.timeline_strip import TimelineStrip
from maskcam.viewer.welcome import WelcomePage


class Front(QWidget):
    """The middle of the window."""

    def __init__(self) -> None:
        super().__init__()
        self.canvas, self.welcome = Canvas(), WelcomePage()
        self.timeline, self.status = TimelineStrip(), StatusBar()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.canvas)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._pages, 1)
        column.addWidget(self.timeline)
        column.addWidget(self.status)

    def show_state(self, shown: Shown) -> None:
        """Show this from now on."""
        # The keys are listed on the canvas, also where there is nothing else to show.
        page = self.welcome if shown.source is None and not self.canvas.helping else self.canvas
        if self._pages.currentWidget() is not page:
            self._pages.setCurrentWidget(page)
            (self.welcome.demo_button if page is self.welcome else self.canvas).setFocus()
        self.welcome.say(shown.notice)
        self.canvas.set_shown(shown)
        self.status.show_state(shown)
        self.timeline.show_moments(shown.moments, shown.now)
