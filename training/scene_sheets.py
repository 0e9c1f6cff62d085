"""What there is to look at after an evaluation on scenes: sheets of boxes, and a line in a CSV for each of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from maskcam.crops import cut, squares
from maskcam.frames import Pixels, Verdict
from maskcam.modelcard import NO_MASK, CropRule
from maskcam.pictures import read_picture
from training.contact import BLUE, RED, SMALL, Layout, Tile, page
from training.manifest import Box
from training.scene_outcome import BAND_NAMES, MISSED, TRUTHS, WRONG, Outcome, Seen

AROUND = CropRule(margin=0.5)
"""How much of its surroundings a box is shown with."""
COLUMNS = ("number", "path", "box", "score", "not_face_probability", "no_mask_probability", "verdict", "reason")
EXTRA_COLUMNS = (*COLUMNS, "overlap")
FACE_COLUMNS = (*COLUMNS, "label", "label_box", "outcome")


@dataclass(frozen=True, slots=True)
class Shown:
    """One place on the sheets: the part of the picture that is cut, the words below, and the line of the CSV."""

    scene: Path
    box: Box
    words: tuple[str, ...]
    serious: bool
    fields: tuple[object, ...]


def of_extra(outcome: Outcome) -> list[Shown]:
    """Show every box that is on no label; those called bare are the serious, since they raise an alarm."""
    return [
        Shown(
            one.scene,
            one.seen.box,
            _words(one.seen),
            one.seen.verdict is Verdict.NO_MASK,
            (*_of_box(one.seen), f"{one.overlap:.3f}"),
        )
        for one in outcome.extra
    ]


def of_faces(outcome: Outcome) -> list[Shown]:
    """Show every labelled face that was missed or judged wrongly, but for the smallest; the bare are the serious."""
    chosen = [one for one in outcome.faces if one.outcome in (MISSED, WRONG) and one.band != BAND_NAMES[0]]
    return [
        Shown(
            one.scene,
            one.box,
            (f"{one.label}: {one.outcome}", *_words(one.seen)),
            TRUTHS[one.label] == NO_MASK,
            (*_of_box(one.seen), one.label, _spelt(one.box), one.outcome),
        )
        for one in chosen
    ]


def sheets(shown: Sequence[Shown], title: str, layout: Layout = SMALL) -> Iterator[Pixels]:
    """Yield pages `(h, w, 3) uint8 RGB` of all places, numbered from 1; none for no place."""
    tiles: list[Tile] = []
    pages = -(-len(shown) // layout.on_page)
    made = 0
    # One picture holds many places, which come one after the other; so each is read once.
    for scene, places in groupby(enumerate(shown, 1), key=lambda place: place[1].scene):
        picture = read_picture(scene)
        for number, one in places:
            square = squares(np.array([one.box], np.float32), AROUND)[0]
            lines = (f"{number} {scene.name}", *one.words)
            tiles.append(Tile(np.ascontiguousarray(cut(picture, square)), lines, RED if one.serious else BLUE))
            if len(tiles) == layout.on_page or number == len(shown):
                made += 1
                yield page(tiles, f"{title}, page {made} of {pages}, {len(shown)} in all", layout)
                tiles = []


def write_lines(path: Path, columns: Sequence[str], shown: Sequence[Shown]) -> None:
    """Write a line for every place, with the number that it has on the sheets."""
    # A file name that isn't UTF-8 comes back as it was from surrogateescape.
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows((number, one.scene, *one.fields) for number, one in enumerate(shown, 1))


def _words(seen: Seen | None) -> tuple[str, ...]:
    if seen is None:
        return ("no box",)
    return (
        f"{seen.verdict.words} {seen.no_mask_probability:.3f}",
        f"score {seen.score:.2f}, no face {seen.not_face_probability:.2f}",
        f"at {seen.box[0]:.0f} {seen.box[1]:.0f}, {seen.box[2] - seen.box[0]:.0f} px",
    )


def _of_box(seen: Seen | None) -> tuple[object, ...]:
    if seen is None:
        return ("",) * (len(COLUMNS) - 2)
    probabilities = (seen.not_face_probability, seen.no_mask_probability)
    return (
        _spelt(seen.box),
        f"{seen.score:.4f}",
        *(f"{value:.6f}" for value in probabilities),
        seen.verdict,
        seen.reason or "",
    )


def _spelt(box: Box) -> str:
    return " ".join(f"{value:g}" for value in box)
