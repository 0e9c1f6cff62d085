"""Of a folder of scenes, the pictures that belong to one split of a manifest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskcam.errors import UnusableInput
from training.manifest import SPLITS, read_manifest
from training.scenes import Scene


@dataclass(frozen=True, slots=True)
class Chosen:
    """The scenes to judge; how many pictures belong to other splits, and how many the manifest doesn't list."""

    scenes: tuple[Scene, ...]
    of_others: int = 0
    unlisted: int = 0


def choose(scenes: Sequence[Scene], folder: Path, manifest: Path, split: str) -> Chosen:
    """Choose the scenes in `folder` whose pictures are in this split, and in no other.

    Pictures are told by where they truly lie, as another folder may hold others of the same names. UnusableInput for an
    unknown split, for what is no manifest, and when no picture is left.
    """
    if split not in SPLITS:
        raise UnusableInput(f"{split}: no such split; there are {', '.join(SPLITS)}")
    listed: defaultdict[Path, set[str]] = defaultdict(set)
    for one in read_manifest(manifest):
        listed[one.path].add(one.split)
    splits: defaultdict[Path, set[str]] = defaultdict(set)
    for path, names in listed.items():
        splits[path.resolve()] |= names
    own = [splits.get(one.path.resolve(), set()) for one in scenes]
    chosen = tuple(one for one, names in zip(scenes, own, strict=True) if names == {split})
    if not chosen:
        why = f"its pictures are in other splits, {split} has none of them" if any(own) else "it lists none of them"
        raise UnusableInput(f"{folder}: no picture belongs to the split {split} of {manifest}; {why}")
    unlisted = sum(not names for names in own)
    return Chosen(chosen, len(scenes) - len(chosen) - unlisted, unlisted)
