"""Writes text line by line, to a file or to standard output."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from maskcam.closing import Closing
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.pending import PendingFile, reason, write_failure

STANDARD_OUTPUT = "-"


class TextSink(Closing):
    """UTF-8 text, line by line. `target` `-` is standard output; a file appears only when `finish` returns.

    Raises UnusableInput at once if the target can't be made; FailedOnTheWay when writing fails.
    """

    def __init__(self, target: Path | str, force: bool = False) -> None:
        self._file: PendingFile | None = None
        self._own: BinaryIO | None = None
        self._closed = False
        if str(target) == STANDARD_OUTPUT:
            if sys.stdout is None:
                raise UnusableInput("standard output is closed; give a file")
            self._name = Path("standard output")
            return
        self._name = Path(target)
        self._file = PendingFile(self._name, force)
        try:
            self._own = self._file.path.open("wb")
        except OSError as error:
            self._file.discard()
            raise write_failure(self._name, error) from None

    def write_line(self, line: str) -> None:
        """Add `line` and a line feed. On standard output it can be read at once."""
        self._check_open()
        data = line.encode() + b"\n"
        try:
            if self._own is None:
                sys.stdout.flush()
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            else:
                self._own.write(data)
        except OSError as error:
            self.close()
            if self._file is not None:
                raise write_failure(self._name, error) from None
            abandon_stdout()
            raise FailedOnTheWay(f"standard output: writing stopped ({reason(error)})") from None

    def finish(self) -> None:
        """Complete the file and give it its name."""
        self._check_open()
        if self._file is None or self._own is None:
            self._closed = True
            return
        try:
            self._own.close()
        except OSError as error:
            self.close()
            raise write_failure(self._name, error) from None
        self._closed = True
        self._file.commit()

    def close(self) -> None:
        """Give the file up unless it is finished; does nothing the second time."""
        if self._closed:
            return
        self._closed = True
        if self._own is not None:
            with contextlib.suppress(OSError):
                self._own.close()
        if self._file is not None:
            self._file.discard()

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"{self._name} is closed")


class Record(Closing):
    """Lines that are written beside other work. When they can't be written any more, that goes on without them.

    `target` as for `TextSink`, None for no lines at all; raises UnusableInput as there. `lost` says in one line why
    they ended, or is None. A record that is closed before `finish` leaves no file.
    """

    def __init__(self, target: Path | str | None, force: bool = False) -> None:
        self.lost: str | None = None
        self._sink = TextSink(target, force) if target else None

    def write(self, lines: Iterable[str]) -> None:
        """Add `lines`, unless the record is lost."""
        if self._sink is None:
            return
        try:
            for line in lines:
                self._sink.write_line(line)
        except FailedOnTheWay as error:
            self.lost, self._sink = str(error), None

    def finish(self) -> None:
        """Complete the file and give it its name, unless the record is lost."""
        if self._sink is None:
            return
        try:
            self._sink.finish()
        except FailedOnTheWay as error:
            self.lost = str(error)

    def close(self) -> None:
        """Give the file up unless it is finished; does nothing the second time."""
        if self._sink is not None:
            self._sink.close()


def one_line(text: str) -> str:
    """Return `text` with what would break the line or steer a terminal written out, as a file's name may hold it."""
    return "".join(repr(one)[1:-1] if unicodedata.category(one) == "Cc" else one for one in text)


def abandon_stdout() -> None:
    """Send standard output nowhere, after whoever read it has gone."""
    abandon(sys.stdout)


def _flush_stdout() -> None:
    """Write what waits for standard output; where that fails drop it, or it would fail again when Python ends."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            abandon_stdout()


def abandon(stream: TextIO) -> None:
    """Send a standard stream nowhere, after whoever read it has gone."""
    # What is left in the buffer would fail once more, with a traceback, when Python ends.
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Make the standard streams such that all can be written to, for a whole program, and leave nothing in them."""
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name need not be text that the terminal can show
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        _flush_stdout()


def open_closed_streams() -> None:
    """Open the null device where the program was started with a standard stream closed.

    Else the next file opened would take its number, and what native code writes to it would go into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for the program's whole life)
