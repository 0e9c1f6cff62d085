"""Questions to the user; while one is open the picture goes on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMessageBox, QWidget

_SUFFIXES = "*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mpg *.mpeg *.ts *.mts *.m2ts *.3gp *.wmv *.flv *.gif"
_VIDEOS = f"Videos ({_SUFFIXES});;All files (*)"


def ask_for_video(parent: QWidget) -> str:
    """A video file's path, empty if the user changed their mind."""
    path, _ = QFileDialog.getOpenFileName(parent, "Open a video file", _place("MoviesLocation"), _VIDEOS)
    return path


def ask_for_stream(parent: QWidget) -> str:
    """A stream's address, empty if the user changed their mind."""
    text, good = QInputDialog.getText(
        parent,
        "Open a stream",
        "Address, like rtsp://192.168.1.20:554/stream or http://192.168.1.20/video",
        QLineEdit.EchoMode.Normal,
        "rtsp://",
    )
    return text.strip() if good else ""


def ask_for_folder(parent: QWidget) -> Path | None:
    """The folder for pictures, recordings and logs, None if the user changed their mind."""
    title = "Choose the folder for pictures, recordings and event logs"
    text = QFileDialog.getExistingDirectory(parent, title, _place("PicturesLocation"))
    return Path(text) if text else None


def tell_of_crash(parent: QWidget | None, words: str, log: Path | None) -> None:
    """Say in one sentence that something went wrong, and where it is written down; returns at once.

    `words` are the error's own, for when there is no log.
    """
    what = f"what it was is written in {log}" if log else f"it says: {words}"
    tell(parent, f"An unexpected error happened; {what}")


def tell(parent: QWidget | None, words: str) -> None:
    """Say something that must not be missed; returns at once, and the picture goes on."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("maskcam")
    box.setTextFormat(Qt.TextFormat.PlainText)  # a file may be called like a tag
    box.setText(words)
    box.setModal(False)
    box.show()


def _place(name: str) -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation[name])
