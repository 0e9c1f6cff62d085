"""The faces to be judged: from a manifest, or from folders as `prepare` knows them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from tqdm import tqdm

from maskcam.errors import UnusableInput
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE
from maskcam.pending import reason
from training.manifest import SPLITS, Box, Sample, read_manifest
from training.scan import INCORRECT, Trouble, as_named, scan
from training.scenes import is_wild

MISLABELLED = "mislabelled"
TRUTHS = (MASK, NO_MASK, INCORRECT, NOT_FACE)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One face and what it truly is.

    `box` is the detector's, pixels xyxy in the picture at `path`; without one the whole picture is the crop. A
    mask worn incorrectly protects nobody, so such a face counts as bare.
    """

    path: Path
    truth: str
    source: str
    box: Box | None = None

    def __post_init__(self) -> None:
        if self.truth not in TRUTHS:
            raise ValueError(f"unknown truth {self.truth!r}")
        if self.box is not None and is_wild(self.box):
            raise ValueError(f"no picture has a box like {self.box}")

    @property
    def bare(self) -> bool:
        """Whether the right answer is "no mask"."""
        return self.truth not in (MASK, NOT_FACE)


@dataclass(frozen=True, slots=True)
class Listed:
    """Pictures that are reported on a row of their own: its name, and the file names, from any folder on."""

    name: str
    files: frozenset[tuple[str, ...]]

    def __post_init__(self) -> None:
        if not self.name or not all(self.files):
            raise ValueError("a list and its files need names")

    def __contains__(self, path: PurePath) -> bool:
        return self.entry(path) is not None

    def entry(self, path: PurePath) -> tuple[str, ...] | None:
        """Return the file name in the list that `path` has, None if it has none."""
        ends = (path.parts[start:] for start in range(len(path.parts)))
        return next((end for end in ends if end in self.files), None)


def read_labelled(data: Sequence[Path], split: str | None, trouble: Trouble, smallest: int = 0) -> list[Labelled]:
    """Read the faces of manifests (`.csv`) and folders, of one split or all; UnusableInput when there are none.

    Faces whose box is less than `smallest` pixels wide are left out; a picture that is one face has no box.
    """
    if split is not None and split not in SPLITS:
        raise UnusableInput(f"{split}: no such split; there are {', '.join(SPLITS)}")
    for place in data:
        if not place.exists():
            raise UnusableInput(f"{place}: no such manifest or folder of data")
    names = [place.resolve() if place.is_file() else as_named(place).name for place in data]
    if len(set(names)) < len(names) or len({place.resolve() for place in data}) < len(data):
        raise UnusableInput("the same data are given twice, or two folders of one name; sources are told apart by it")
    faces: list[Labelled] = []
    for place in data:
        found = list(_from_manifest(place, split) if place.is_file() else _from_folder(place, split, trouble))
        found = [one for one in found if one.box is None or one.box[2] - one.box[0] >= smallest]
        if not found and not trouble.unreadable:
            raise UnusableInput(f"{place}: holds no labelled faces" + (f" of the split {split}" if split else ""))
        here = {(one.path, one.box) for one in found}
        if again := next((one for one in faces if (one.path, one.box) in here), None):
            raise UnusableInput(f"{place}: {again.path} is among the data before it too; give every face once")
        faces += found
    return faces


def read_rejects(data: Sequence[Path], split: str | None) -> list[Labelled]:
    """Read what is no face from the manifests among `data`; there may be nothing."""
    return [
        _of_manifest(place, one)
        for place in data
        if place.is_file()
        for one in read_manifest(place)
        if one.label == NOT_FACE and split in (None, one.split)
    ]


def read_listed(option: str) -> Listed:
    """Read what `NAME=FILE` names, a CSV with a column `file`; UnusableInput when it is none."""
    name, _, file_name = option.partition("=")
    if not name or not file_name:
        raise UnusableInput(f"{option}: name the row and its list, as in drawn=drawn_faces.csv")
    return read_list(name, Path(file_name))


def read_list(name: str, path: Path) -> Listed:
    """Read the list at `path`, a CSV with a column `file`; UnusableInput when it is none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # some spreadsheets write a mark before the text
            rows = csv.DictReader(file)
            if "file" not in (rows.fieldnames or ()):
                raise ValueError("it has no column file")
            files = frozenset(PurePath(row["file"]).parts for row in rows if row["file"])
        return Listed(name, files)
    except (OSError, ValueError, csv.Error) as error:
        raise UnusableInput(f"{path}: not a list of pictures ({reason(error)})") from None


def known_lists() -> list[Listed]:
    """Return the lists beside this file, of pictures in data that are known, which get rows of their own in reports."""
    return [read_list("drawn", Path(__file__).with_name("drawn_faces.csv")), mislabelled()]


def mislabelled() -> Listed:
    """Return the pictures whose label is known to be wrong."""
    return read_list(MISLABELLED, Path(__file__).with_name("mislabelled.csv"))


def _from_manifest(path: Path, split: str | None) -> Iterator[Labelled]:
    for one in read_manifest(path):
        if split in (None, one.split) and one.label != NOT_FACE:
            yield _of_manifest(path, one)


def _of_manifest(path: Path, one: Sample) -> Labelled:
    try:
        return Labelled(one.path, one.label, one.source, one.box)
    except ValueError as error:
        raise UnusableInput(f"{path}: {one.path}: {error}") from None


def _from_folder(folder: Path, split: str | None, trouble: Trouble) -> Iterator[Labelled]:
    found = scan(as_named(folder), trouble, incorrect=True)
    for one in tqdm(found, desc="reading", unit=" faces", disable=None):
        if split is not None and one.published is None:
            raise UnusableInput(f"{folder}: has no published splits; leave --split out, or give a manifest")
        if split in (None, one.published):
            yield Labelled(one.path, one.label, one.source, one.box)
