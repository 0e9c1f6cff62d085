"""Which faces of a manifest a run trains on, and which it is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maskcam.errors import UnusableInput
from maskcam.modelcard import NOT_FACE, file_sha256
from training.config import TrainConfig
from training.manifest import LABELS, TRAIN, VALIDATION, Box, Sample, read_manifest
from training.recipe import fingerprint
from training.sampling import check_readable
from training.scenes import is_wild

REJECTS_JUDGED = 400
"""How many pictures of what is no face each epoch is judged on, about."""


def readable(manifest: Path) -> dict[str, list[Sample]]:
    """Read the samples of a manifest's training and validation split; UnusableInput when pictures or faces lack."""
    samples = read_manifest(manifest)
    gone = check_readable(samples)
    if gone:
        raise UnusableInput(f"{manifest}: {len(gone)} of its pictures are gone, {gone[0]} first; run `prepare` again")
    _check_apart(manifest, samples)
    parts: dict[str, list[Sample]] = {TRAIN: [], VALIDATION: []}
    for one in samples:
        if one.split in parts:
            parts[one.split].append(one)
    if not parts[VALIDATION]:
        raise UnusableInput(f"{manifest}: has no validation pictures; give `prepare` more data")
    if not {one.label for one in parts[VALIDATION]} >= set(LABELS):
        raise UnusableInput(f"{manifest}: its validation split needs faces of both classes; give `prepare` more data")
    wild = [one for one in samples if one.box is not None and is_wild(one.box)]
    if wild:
        raise UnusableInput(f"{manifest}: {wild[0].path} has a box beyond any picture; run `prepare` again")
    return parts


def _check_apart(manifest: Path, samples: Sequence[Sample]) -> None:
    """Raise UnusableInput for a face that comes twice, and for an original or a picture in two splits."""
    once: set[tuple[Path, Box | None]] = set()
    splits: dict[str | Path, str] = {}
    for one in samples:
        if one.label in LABELS:
            if (one.path, one.box) in once:
                raise UnusableInput(f"{manifest}: {one.path} comes twice with the same box; run `prepare` again")
            once.add((one.path, one.box))
        for shown in (one.group, one.path):
            if splits.setdefault(shown, one.split) != one.split:
                raise UnusableInput(f"{manifest}: {shown} is in two splits; run `prepare` again")


def chosen(samples: list[Sample], config: TrainConfig) -> list[Sample]:
    """Return the samples with labels and sources that are trained on; UnusableInput for a source that isn't there."""
    missing = set(config.sources) - {one.source for one in samples}
    if missing:
        raise UnusableInput(f"{config.manifest}: no training faces from {', '.join(sorted(missing))}")
    return [one for one in samples if one.label in config.labels and one.source in (config.sources or [one.source])]


def judged(samples: list[Sample], config: TrainConfig) -> list[Sample]:
    """Return the faces that each epoch is judged on, and evenly taken some of what is none: there are many."""
    rejects = [one for one in samples if one.label == NOT_FACE and NOT_FACE in config.labels]
    return [one for one in samples if one.label != NOT_FACE] + rejects[:: max(len(rejects) // REJECTS_JUDGED, 1)]


def check_recipe(config: TrainConfig) -> None:
    """Raise UnusableInput when what a training is shown is not what it was when the run was begun."""
    if config.recipe not in ("", fingerprint()):
        raise UnusableInput("how faces are drawn and changed is not what it was when this run was begun; train anew")


def check_manifest(config: TrainConfig) -> None:
    """Raise UnusableInput when the manifest is not the one that the run was begun with: splits would mix."""
    path = Path(config.manifest)
    if not path.is_file() or file_sha256(path) != config.manifest_sha256:
        raise UnusableInput(f"{path}: gone, or changed since the run began; put the old one back or train anew")
