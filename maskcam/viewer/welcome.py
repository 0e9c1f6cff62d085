"""The friendly page that is shown while nothing is watched."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from maskcam.viewer.palette import desktop_scale, font

_PLUG = "Plug one in and press “Look again”, or see how maskcam works with the demo."
_INSTEAD = "Or see how maskcam works with the demo."
_DROP = "\nVideos can also be dropped onto this window."


class WelcomePage(QWidget):
    """Says that there is no camera, once that is known, and offers what can be done without one."""

    demo = Signal()
    refresh = Signal()
    open_video = Signal()
    open_stream = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.title = QLabel("Looking for cameras …")
        self.words = QLabel(_INSTEAD + _DROP)
        self._notice = QLabel()
        for label in (self.title, self.words, self._notice):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)  # a file may be called like a tag
            label.setWordWrap(True)
        self.demo_button = _button("Show the demo", self.demo)
        self.refresh_button = _button("Look again", self.refresh)
        self.video_button = _button("Open a video …", self.open_video)
        self.stream_button = _button("Open a stream …", self.open_stream)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, buttons in (
            (first, (self.demo_button, self.refresh_button)),
            (second, (self.video_button, self.stream_button)),
        ):
            row.setSpacing(12)
            row.addStretch()
            for button in buttons:
                row.addWidget(button)
            row.addStretch()
        whole = QVBoxLayout(self)
        whole.setSpacing(16)
        whole.addStretch(2)
        whole.addWidget(self.title)
        whole.addWidget(self.words)
        whole.addSpacing(8)
        whole.addLayout(first)
        whole.addLayout(second)
        whole.addWidget(self._notice)
        whole.addStretch(3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a small window large words would not all be seen."""
        scale = min(desktop_scale(), max(min(self.width() / 410, self.height() / 300), 1.0))
        self.title.setFont(font(22 * scale, bold=True))
        for widget in (self.words, self.demo_button, self.refresh_button, self.video_button, self.stream_button):
            widget.setFont(font(11.5 * scale))

    def looked(self, cameras: Sequence[object]) -> None:
        """The system has been asked for cameras, and knows these."""
        # With a camera, this page is seen after something went wrong.
        self.title.setText("Choose a camera in the menu Source" if cameras else "No camera found")
        self.words.setText((_INSTEAD if cameras else _PLUG) + _DROP)

    def say(self, words: str) -> None:
        """Show a line below the buttons, or none."""
        if self._notice.text() != words:
            self._notice.setText(words)


def _button(words: str, signal: SignalInstance) -> QPushButton:
    button = QPushButton(words)
    button.setMinimumSize(140, 42)
    button.setAutoDefault(True)  # in a window, unlike a dialog, Enter presses only such buttons
    button.clicked.connect(lambda _checked=False: signal.emit())
    return button
