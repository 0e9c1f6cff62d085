"""`prepare`: from folders of data to a manifest in which no original crosses a split."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from maskcam.crops import squares
from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector, Range
from maskcam.frames import Floats, Pixels
from maskcam.modelcard import NOT_FACE, CropRule
from maskcam.pictures import read_picture
from training.about import about_path, read_about, write_about
from training.duplicates import join, near_copies, thumbnail
from training.labelled import Listed
from training.landmarks import find_keypoints
from training.manifest import ALL_LABELS, SPLITS, TEST, TRAIN, VALIDATION, Keypoints, Sample, write_manifest
from training.pictures import whole_crop
from training.report_folder import ReportFolder
from training.same_face import same_faces, upright_face
from training.scan import Found, Trouble, as_named, scan

VALIDATION_SHARE = 0.2
LEAST_CONTRAST = 4.0
"""Grey levels of standard deviation that a picture's thumbnail needs; with less there is no face to see."""
WIDER = (0.35, 0.7)
"""Margins, in sides of a box, of cuts by which a scene's face is compared with pictures of other sources."""
_STRONGEST = (TEST, VALIDATION, TRAIN)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The samples of a manifest and what was kept out of it."""

    samples: tuple[Sample, ...]
    left_out: Counter[str]
    near_pairs: int
    groups: int
    largest_group: int
    trouble: Trouble
    unknown: Mapping[str, int] = field(default_factory=dict)
    """For each list of pictures not to train on, how many of its names are of no face that was found here."""
    untold: tuple[str, ...] = ()
    """Sources of which the description given tells nothing."""


def prepare(
    folders: Sequence[Path], out: Path, about: Path | None = None, force: bool = False, unwanted: Sequence[Listed] = ()
) -> Prepared:
    """Read the data in `folders` and write `out/manifest.csv`, beside it what `about` tells of the sources.

    Without `about` what is told there already stays.

    Nothing that is listed as `unwanted` is trained on; what is judged on stays, wrong labels too.

    Raises UnusableInput, in one line, for a folder without data, for data without one readable picture, for a folder
    that can't be written to, and unless `force` for one that holds a manifest already.
    """
    trouble = Trouble()
    target = out / "manifest.csv"
    outputs = ReportFolder(out, (target.name, about_path(target).name), (), force)
    if about is not None and not about.is_file():
        raise UnusableInput(f"{about}: no such description of the sources")
    told = read_about(about or about_path(target))
    places = _places(folders)
    outputs.make()
    read, rule = _FacesRead(), CropRule()
    with FaceDetector(Range.NEAR) as detector:
        sources = chain.from_iterable(scan(place, trouble, rejects=True) for place in places)
        for one in tqdm(sources, desc="reading", unit=" faces", disable=None):
            read.add(one, rule, detector, trouble)
    if not read.faces:
        raise UnusableInput("not one readable, labelled face in this data")
    origins = [one.origin for one in read.faces]
    pairs = sorted({*_near_pairs(read.faces, read.thumbs, rule), *same_faces(read.upright, origins)})
    # What is no face goes where its scene goes, and is compared with nothing: one wall looks like another.
    prepared = split([*read.faces, *read.rejects], pairs, trouble, unwanted)
    if about is not None:
        prepared = replace(prepared, untold=tuple(sorted({place.name for place in places} - set(told))))
    outputs.write(target.name, lambda path: write_manifest(path, prepared.samples))
    outputs.write(about_path(target).name, lambda path: write_about(path, told))
    return prepared


def _places(folders: Sequence[Path]) -> list[Path]:
    """Return the folders' whole paths; UnusableInput where one isn't there, or two can't be told apart."""
    for folder in folders:
        if not folder.is_dir():
            why = "is no folder; give the folder with the pictures" if folder.exists() else "no such folder of data"
            raise UnusableInput(f"{folder}: {why}")
    places = [as_named(folder) for folder in folders]
    if min(len({place.name for place in places}), len({place.resolve() for place in places})) < len(places):
        raise UnusableInput(
            "the same data are given twice, or two folders of the same name; the manifest tells sources apart by it"
        )
    return places


@dataclass(slots=True)
class _FacesRead:
    """The faces that could be read, of each its thumbnail and, where it has key points, itself upright; the rest."""

    faces: list[Found] = field(default_factory=list)
    thumbs: list[Pixels] = field(default_factory=list)
    upright: list[Floats | None] = field(default_factory=list)
    rejects: list[Found] = field(default_factory=list)

    def add(self, one: Found, rule: CropRule, detector: FaceDetector, trouble: Trouble) -> None:
        """Add a face, or what is none, or to `trouble` why it can't be used."""
        if one.label == NOT_FACE:
            self.rejects.append(one)
            return
        try:
            crop = whole_crop(one.path, one.box, rule)
        except UnusableInput as error:
            trouble.unread(error)
            return
        thumb = thumbnail(crop)
        if thumb.std() < LEAST_CONTRAST and one.published != TEST:
            trouble.blank += 1
            return
        points = _in_picture(find_keypoints(crop, detector), one, rule)
        self.thumbs.append(thumb)
        # Not of the crop: what it repeats at a picture's edge would differ where the face lies otherwise.
        self.upright.append(None if points is None else upright_face(read_picture(one.path), points))
        self.faces.append(replace(one, keypoints=points))


def split(
    found: Sequence[Found], near_pairs: Sequence[tuple[int, int]], trouble: Trouble, unwanted: Sequence[Listed] = ()
) -> Prepared:
    """Give every group one split.

    The strongest published split in a group decides (test, then validation, then train); its members published
    elsewhere are left out, and so are unpublished copies of test pictures. A group of unpublished pictures goes
    to validation or train by a hash of its name, so that an unrelated picture added later moves none. What would be
    trained on and is listed as `unwanted` is left out.
    """
    groups = join(len(found), chain(near_pairs, _same_origin(found)))
    published: defaultdict[int, set[str]] = defaultdict(set)
    names: dict[int, str] = {}
    for group, one in zip(groups, found, strict=True):
        if one.published:
            published[group].add(one.published)
        names[group] = min(names.get(group, one.origin), one.origin)
    samples: list[Sample] = []
    left_out: Counter[str] = Counter()
    known = {some.name: {some.entry(one.path) for one in found} - {None} for some in unwanted}
    unknown = {some.name: len(some.files) - len(known[some.name]) for some in unwanted}
    for group, one in zip(groups, found, strict=True):
        decided = next((name for name in _STRONGEST if name in published[group]), None) or _by_hash(names[group])
        elsewhere = one.published is not None and one.published != decided
        if elsewhere or (one.published is None and decided == TEST):
            left_out[f"{one.source}: copies of {decided} pictures"] += 1
            continue
        listed = next((some.name for some in unwanted if decided == TRAIN and one.path in some), None)
        if listed is not None:
            left_out[f"{one.source}: listed in {listed}"] += 1
            continue
        samples.append(Sample(one.path, one.label, one.source, names[group], decided, one.box, one.keypoints))
    sizes = Counter(group for group, one in zip(groups, found, strict=True) if one.label != NOT_FACE)
    return Prepared(tuple(samples), left_out, len(near_pairs), len(sizes), max(sizes.values()), trouble, unknown)


def describe(prepared: Prepared) -> Iterator[str]:
    """Yield the lines of the report: pictures by source, class and split, copies, balance, what was unusable."""
    counts = Counter((one.source, one.split, one.label) for one in prepared.samples)
    yield f"{'source':<20}{'split':<12}" + "".join(f"{label:>10}" for label in ALL_LABELS)
    for source in sorted({key[0] for key in counts}):
        for part in SPLITS:
            row = [counts[source, part, label] for label in ALL_LABELS]
            if any(row):
                yield f"{source:<20}{part:<12}" + "".join(f"{n:>10}" for n in row)
    for part in SPLITS:
        row = [sum(n for (_, p, one), n in counts.items() if (p, one) == (part, label)) for label in ALL_LABELS]
        if any(row[:2]):
            balance = f"   {100 * row[1] / sum(row[:2]):.0f} % of the faces without a mask"
            yield f"{'all':<20}{part:<12}" + "".join(f"{n:>10}" for n in row) + balance
    yield (f"{prepared.near_pairs} near-copy pairs; {prepared.groups} groups, the largest of {prepared.largest_group}")
    for reason, number in sorted(prepared.left_out.items()):
        yield f"left out: {number} of {reason}"
    for name, number in prepared.unknown.items():
        if number:
            yield f"listed in {name}, but of no face found in these pictures: {number}"
    if prepared.untold:
        yield f"the description of the sources tells nothing of {', '.join(prepared.untold)}"
    yield from _unusable(prepared.trouble)


def _unusable(trouble: Trouble) -> Iterator[str]:
    if trouble.without_original:
        yield (
            f"{trouble.without_original} copies by their names, whose originals can't be told, since there are not as"
            " many as these names count: they may be on both sides"
        )
    yield from (f"left out: {one}" for one in trouble.passed_over())
    if trouble.blank:
        yield f"left out: {trouble.blank} pictures without contrast, in which there is nothing to see"
    if trouble.other_labels:
        yield f"left out: {trouble.other_labels} heads labelled neither with_mask nor without_mask"
    if trouble.unreadable:
        yield f"unreadable: {len(trouble.unreadable)}"
        yield from (f"  {line}" for line in trouble.unreadable)


def _in_picture(points: Floats | None, one: Found, rule: CropRule) -> Keypoints | None:
    """Return the key points of a face's crop in the pixels of its picture, to a tenth of a pixel."""
    if points is None:
        return None
    if one.box is not None:
        points = points + squares(np.array([one.box], np.float32), rule)[0, :2]
    return tuple(round(float(value), 1) for value in points.ravel())


def _near_pairs(found: Sequence[Found], thumbs: Sequence[Pixels], rule: CropRule) -> Iterator[tuple[int, int]]:
    """Yield the pairs of near copies; what stands for a scene's face are also wider cuts of it, and all the scene.

    Another source may hold the same photograph whole, or cut otherwise.
    """
    owners, all_thumbs = list(range(len(found))), list(thumbs)
    scenes: set[Path] = set()
    for place, one in enumerate(found):
        if one.box is None:
            continue
        crops = [whole_crop(one.path, one.box, replace(rule, margin=margin)) for margin in WIDER]
        if one.path not in scenes:
            crops.append(read_picture(one.path))
            scenes.add(one.path)
        for thumb in map(thumbnail, crops):
            if thumb.std() >= LEAST_CONTRAST:
                owners.append(place)
                all_thumbs.append(thumb)
    for a, b in near_copies(all_thumbs):
        if owners[a] != owners[b]:
            yield min(owners[a], owners[b]), max(owners[a], owners[b])


def _same_origin(found: Sequence[Found]) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for place, one in enumerate(found):
        earlier = first.setdefault(one.origin, place)
        if earlier != place:
            yield earlier, place


def _by_hash(name: str) -> str:
    share = int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:4]) / 2**32
    return VALIDATION if share < VALIDATION_SHARE else TRAIN
