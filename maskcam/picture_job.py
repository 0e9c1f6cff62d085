"""Judges pictures that stand alone, and writes annotated copies and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskcam.errors import BrokenOff, FailedOnTheWay, UnusableInput
from maskcam.frames import Frame, Result
from maskcam.overlay import draw
from maskcam.pending import PendingFile, check_distinct
from maskcam.pictures import (
    JPEG_SUFFIXES,
    PICTURE_SUFFIXES,
    UNREAD_SUFFIXES,
    count_pictures,
    read_picture,
    write_picture,
)
from maskcam.pipeline import Pipeline
from maskcam.sinks.lines import STANDARD_OUTPUT, Record
from maskcam.sinks.records import picture_line

WRITABLE = frozenset({*JPEG_SUFFIXES, ".png", ".webp"})
"""A copy of a picture in another format is written as PNG."""


@dataclass(frozen=True, slots=True)
class JudgedPicture:
    """One picture done, or the one line that says why it or its copy could not be."""

    path: Path
    result: Result | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PictureOutputs:
    """Where annotated copies and JSON lines go; `-` for the lines is standard output."""

    folder: Path | None = None
    json: str | None = None
    force: bool = False

    def copy(self, path: Path) -> Path | None:
        """Return where the annotated copy of the picture at `path` goes, if anywhere."""
        if self.folder is None or path.suffix.lower() in UNREAD_SUFFIXES:
            return None
        suffix = path.suffix if path.suffix.lower() in WRITABLE else ".png"
        return self.folder / (path.stem + suffix)

    def prepare(self, paths: Sequence[Path]) -> None:
        """Make the folder; UnusableInput when it can't be made or outputs would fall together."""
        copies: dict[Path, Path] = {}
        for path in paths:
            copy = self.copy(path)
            if copy is not None and copies.setdefault(copy, path) is not path:
                raise UnusableInput(
                    f"{path} and {copies[copy]} would have the same copy; write them into different folders"
                )
        records = [Path(self.json)] if self.json and self.json != STANDARD_OUTPUT else []
        check_distinct(paths, [*copies, *records])
        if self.folder is not None:
            if self.folder.suffix.lower() in PICTURE_SUFFIXES and not self.folder.exists():
                raise UnusableInput(f"{self.folder}: copies go into a folder; give a folder's name")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                line = f"{self.folder}: can't be a folder for the copies ({error.strerror}); give another name"
                raise UnusableInput(line) from None


def process_pictures(
    paths: Sequence[Path], pipeline: Pipeline, outputs: PictureOutputs, records: Record
) -> Iterator[JudgedPicture]:
    """Judge each picture; a bad one, or a copy that can't be written, is told and the others are done.

    Ends early when the search of one is broken off.

    Copies go where `outputs`, prepared, says; JSON lines into `records`.
    """
    for index, path in enumerate(paths):
        try:
            image = read_picture(path)
            target = outputs.copy(path)
            if target is not None:
                # What can't be written is told before the work.
                PendingFile(target, outputs.force).discard()
            result = pipeline.process_single(Frame(image, index, 0.0, str(path)))
        except UnusableInput as error:
            yield JudgedPicture(path, None, str(error))
            continue
        except BrokenOff:
            return
        records.write([picture_line(str(path), result)])
        troubles = []
        if (count := count_pictures(path)) > 1:
            troubles.append(
                f"{path}: only the first of the {count} pictures in it was judged; give each as its own file"
            )
        if target is not None:
            try:
                write_picture(draw(image, result), target, outputs.force)
            except (UnusableInput, FailedOnTheWay) as error:
                troubles.append(str(error))
        yield JudgedPicture(path, result, "; ".join(troubles) or None)
