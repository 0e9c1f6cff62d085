"""Names and files for what the user keeps of a live picture: never over what is there."""

from __future__ import annotations

import contextlib
import io
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Event, Pixels, check_image
from maskcam.pending import reason
from maskcam.sinks.records import EVENT_HEADER


def snapshot_name(when: datetime) -> str:
    """The file name of a picture kept at `when`."""
    return f"{_stem(when)}.png"


def recording_name(when: datetime) -> str:
    """The file name of a recording begun at `when`."""
    return f"{_stem(when)}.mp4"


def event_log_name(when: datetime) -> str:
    """The file name of an event log begun at `when`."""
    return f"{_stem(when)}.csv"


def write_snapshot(image: Pixels, folder: Path, when: datetime) -> Path:
    """Write `image`, `(h, w, 3) uint8 RGB`, as PNG into `folder` and return where; `-2` and so on if the name is taken.

    UnusableInput if the folder can't be written to, FailedOnTheWay if writing stops; then nothing is left of it.
    """
    check_image(image)
    data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))[1]
    path, file = create_beside(folder / snapshot_name(when))
    try:
        with file:
            file.write(data.tobytes())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise FailedOnTheWay(f"{path}: the picture can't be written ({reason(error)})") from None
    return path


def create_beside(target: Path) -> tuple[Path, BinaryIO]:
    """Make `target`, or the first of `-2`, `-3`... before its suffixes that is free, and open it for writing.

    UnusableInput if its folder doesn't exist or can't be written to.
    """
    number = 1
    stem, dot, suffixes = target.name.partition(".")
    while True:
        path = target if number == 1 else target.with_name(f"{stem}-{number}{dot}{suffixes}")
        try:
            return path, path.open("xb")
        except FileExistsError:
            number += 1
        except (OSError, ValueError) as error:
            line = f"{target.parent}: nothing can be written there ({reason(error)}); choose another folder"
            raise UnusableInput(line) from None


class EventLog:
    """A CSV file, `time,track,event,verdict,probability`, with wall-clock times; each line is written at once.

    Where the name is taken it gets another, `path` tells which: people's numbers begin anew with each log.
    UnusableInput if its folder can't be written to, FailedOnTheWay when writing stops.
    """

    def __init__(self, path: Path) -> None:
        self.path, file = create_beside(path)
        self._file = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            self._write(EVENT_HEADER + "\n")
        except OSError as error:
            self.close()
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise FailedOnTheWay(f"{self.path}: can't be written to ({reason(error)})") from None

    def write(self, event: Event, when: datetime) -> None:
        """Add `event`, which happened at `when`; ValueError unless `when` knows its time zone."""
        if when.tzinfo is None:
            raise ValueError("a wall-clock time needs its zone: summers and winters differ")
        try:
            self._write(
                f"{when.isoformat(timespec='milliseconds')},{event.track},{event.kind},{event.verdict},"
                f"{event.probability:.4f}\n"
            )
        except OSError as error:
            raise FailedOnTheWay(f"{self.path}: writing stopped ({reason(error)})") from None

    def close(self) -> None:
        """Close the file; does nothing the second time."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _write(self, line: str) -> None:
        self._file.write(line)
        self._file.flush()


def _stem(when: datetime) -> str:
    return f"maskcam-{when:%Y%m%d-%H%M%S}"


def rename_new(source: Path, target: Path) -> Path:
    """Give `source` the name `target`, or the first free one after it, and return that; FailedOnTheWay if it fails."""
    number = 1
    while True:
        path = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
        try:
            if not path.exists():
                source.rename(path)
                return path
        except OSError as error:
            raise FailedOnTheWay(f"{source} holds the whole recording but can't be renamed ({reason(error)})") from None
        number += 1
