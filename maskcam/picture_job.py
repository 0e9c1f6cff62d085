"""Judges pictures that stand alone, and writes annotated copies and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskcam.errors import UnusableInput
from maskcam.frames import Frame, Result
from maskcam.overlay import draw
from maskcam.pictures import read_picture, write_picture
from maskcam.pipeline import Pipeline
from maskcam.records import picture_line
from maskcam.sinks import TextSink

WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""A copy of a picture in another format is written as PNG."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture done, or the one line that says why it could not be."""

    path: Path
    result: Result | None
    error: str | None = None


def copy_targets(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Return where each picture's annotated copy goes; UnusableInput when two would be one, or one the original."""
    targets = []
    for path in paths:
        suffix = path.suffix if path.suffix.lower() in WRITABLE else ".png"
        targets.append(folder / (path.stem + suffix))
    seen: dict[Path, Path] = {}
    for path, target in zip(paths, targets, strict=True):
        other = seen.setdefault(target, path)
        if other != path:
            raise UnusableInput(f"{path} and {other} would have the same copy {target.name}; do them one by one")
        if target.resolve() == path.resolve():
            raise UnusableInput(f"{folder}: holds the originals; choose another folder for the copies")
    return targets


def process_pictures(
    paths: Sequence[Path], pipeline: Pipeline, folder: Path | None, records: TextSink | None, force: bool
) -> Iterator[Judged]:
    """Judge each picture; a bad one is told and the others are done.

    Copies go into `folder`, which is made if need be, JSON lines into `records`. Raises UnusableInput before any
    work when the copies can't be placed, FailedOnTheWay when writing fails.
    """
    targets: Sequence[Path | None] = [None] * len(paths)
    if folder is not None:
        targets = copy_targets(paths, folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnusableInput(f"{folder}: can't be a folder for the copies ({error.strerror})") from None
    for index, (path, target) in enumerate(zip(paths, targets, strict=True)):
        try:
            image = read_picture(path)
            result = pipeline.process_single(Frame(image, index, 0.0, str(path)))
            if target is not None:
                write_picture(draw(image, result), target, force)
        except UnusableInput as error:
            yield Judged(path, None, str(error))
            continue
        if records:
            records.write_line(picture_line(str(path), result))
        yield Judged(path, result)
