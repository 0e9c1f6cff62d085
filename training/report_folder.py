"""The folder of a report: its files appear whole, and take the place of earlier ones only when that was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.pending import PendingFile, reason, write_failure


class ReportFolder:
    """A folder that a report of some files is written to; what else lies in it is left alone."""

    def __init__(self, path: Path, names: Sequence[str], numbered: Sequence[str], force: bool) -> None:
        """Name the folder and the report's files: `names`, and `NAME-1.png` and so on for each of `numbered`.

        UnusableInput where it can't be a folder, and where it holds such files and not `force`.
        """
        self._path, self._names, self._numbered, self._force = path, names, numbered, force
        self._written: set[str] = set()
        if path.exists() and not path.is_dir():
            raise UnusableInput(f"{path}: is no folder; name another")
        if not force and (taken := self._taken()):
            raise UnusableInput(f"{taken[0]} exists; add --force to replace it, or name another folder")

    def make(self) -> None:
        """Make the folder, and see before the long work that it can be written to; UnusableInput if not."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnusableInput(f"{self._path}: can't be made ({reason(error)}); name another folder") from None
        PendingFile(self._path / self._names[0], force=True).discard()

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Have `fill` write the file at the path it is given, then give it its name; FailedOnTheWay if it can't."""
        target = self._path / name
        with PendingFile(target, self._force) as pending:
            try:
                fill(pending.path)
            except OSError as error:
                raise write_failure(target, error) from None
            pending.commit()
        self._written.add(name)

    def sweep(self) -> None:
        """Remove files that an earlier report left here and this one did not write; FailedOnTheWay if it can't."""
        try:
            for path in self._taken():
                if path.name not in self._written:
                    path.unlink()
        except OSError as error:
            raise FailedOnTheWay(f"{self._path}: an older file can't be removed ({reason(error)})") from None

    def _taken(self) -> list[Path]:
        """Return what an earlier report left."""
        named = [one for one in (self._path / name for name in self._names) if one.exists()]
        if not self._numbered:
            return named
        pages = re.compile(f"({'|'.join(map(re.escape, self._numbered))})-[0-9]+\\.png")
        return named + sorted(one for one in self._path.glob("*-*.png") if pages.fullmatch(one.name))
