"""How the app writes a file: under a temporary name beside the target, renamed when it is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from maskcam.errors import FailedOnTheWay, UnusableInput

_LONGEST_STEM = 180
"""Bytes of the target's name that go into the temporary one, which has to fit the file system's 255."""


class PendingFile:
    """An empty file beside `target` that becomes `target` on `commit`, and without it disappears.

    `path` is the temporary name, with the target's suffix; the file exists and has the usual permissions. A
    target that exists is not touched before `commit`. A link is followed, so what it leads to is replaced.

    Raises UnusableInput at once if the target exists and not `force`, is no ordinary file, or can't be made.
    """

    def __init__(self, target: Path, force: bool = False) -> None:
        self.target = target
        self._force = force
        self._done = False
        try:
            self._final = target.resolve()
            if target.exists() and not target.is_file() and not target.is_dir():  # a pipe's real name leads nowhere
                raise UnusableInput(f"{target}: this is not an ordinary file; give another name")
            if self._final.is_dir():
                raise UnusableInput(f"{target}: this is a folder; give the name of a file in it")
            if self._final.exists() and not force:
                raise UnusableInput(f"{target} exists; add --force to replace it, or give another name")
            self.path = self._create()
        except FileNotFoundError:
            raise UnusableInput(f"{target}: its folder does not exist; make the folder first") from None
        except NotADirectoryError:
            raise UnusableInput(f"{target}: what should be its folder is a file; give another name") from None
        except PermissionError:
            raise UnusableInput(f"{target}: you may not write in this folder; give another one") from None
        except (OSError, ValueError, RuntimeError) as error:
            raise UnusableInput(f"{target}: can't be written ({reason(error)}); give another name") from None

    def __enter__(self) -> PendingFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def commit(self) -> None:
        """Give the file its real name; FailedOnTheWay if that fails, and then it stays under its temporary one."""
        if self._done:
            raise RuntimeError("a pending file can be committed only once")
        self._done = True
        kept = f"what was to be written is whole, and kept as {self.path.name}"
        if not self._force and self._final.exists():
            raise FailedOnTheWay(f"{self.target} was made by someone else meanwhile and left alone; {kept}")
        try:
            self.path.replace(self._final)
        except OSError as error:
            raise FailedOnTheWay(f"{self.target}: can't be given this name ({reason(error)}); {kept}") from None

    def discard(self) -> None:
        """Remove the temporary file; does nothing after `commit` or the second time."""
        if not self._done:
            self._done = True
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _create(self) -> Path:
        stem = self._final.stem.encode(errors="surrogateescape")[:_LONGEST_STEM].decode(errors="ignore")
        number = os.getpid()
        count = 0
        while True:
            extra = f"-{count}" if count else ""
            path = self._final.with_name(f"{stem}.{number}{extra}.part{self._final.suffix}")
            try:
                # Plain creation, not tempfile, whose files only their owner may read.
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                return path
            except FileExistsError:
                count += 1


def check_distinct(inputs: Iterable[Path], outputs: Sequence[Path]) -> None:
    """Raise UnusableInput when an output is an input, or two outputs are one, whatever they are called."""
    taken = {key for one in inputs for key in _identity(one)}
    for output in outputs:
        keys = _identity(output)
        if taken & keys:
            raise UnusableInput(f"{output}: is an input or another output of this command; choose another name")
        taken |= keys


def _identity(path: Path) -> set[object]:
    """By what a file is known: its real name, and its number, as "A.mp4" and "a.mp4" may be one file."""
    keys: set[object] = {os.path.realpath(path)}
    with contextlib.suppress(OSError, ValueError):
        status = path.stat()
        keys.add((status.st_dev, status.st_ino))
    return keys


def reason(error: Exception) -> str:
    """Return what the system says of `error`, in a few words."""
    # Errors of libav have it too; their full text would name the temporary file.
    text = getattr(error, "strerror", None)
    return (text or str(error) or type(error).__name__).lower()


def write_failure(target: Path, error: Exception) -> FailedOnTheWay:
    """Return the error that says in one line why writing `target` stopped."""
    return FailedOnTheWay(f"{target}: writing stopped ({reason(error)}); nothing was kept of it")
