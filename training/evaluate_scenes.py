"""`evaluate-scenes`: how the whole app, from picture to verdict, does on labelled scenes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from maskcam import __version__
from maskcam.boxes import overlaps
from maskcam.classifier import MaskClassifier
from maskcam.crops import cut, resize, squares
from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import Frame, Pixels, Result, Verdict
from maskcam.modelcard import NO_MASK, CropRule
from maskcam.pictures import read_picture
from maskcam.pipeline import Pipeline
from maskcam.search import LEAST_FACE, SMALLEST_FACE
from training.measures import wilson
from training.report_folder import ReportFolder
from training.scan import HEAD_LABELS, INCORRECT, Trouble
from training.scenes import Scene, is_scenes, read_scenes

FOUND_IOU = 0.3
"""Overlap from which a box is a labelled face's."""
BANDS = (20, 32, 64)
"""Widths of a labelled face in pixels at which the next band of sizes begins."""
METRICS, REPORT = "scenes.json", "scenes.md"
MISSED_SHEET, EXTRA_SHEET = "missed-or-wrong-{}.png", "no-label-{}.png"
TRUTHS = {**HEAD_LABELS, INCORRECT: NO_MASK}
"""A mask worn incorrectly protects nobody, so such a face counts as bare."""
FORMAT = 1
RIGHT, WRONG, UNSURE, MISSED = OUTCOMES = ("right", "wrong", "unsure", "missed")
_TILE, _ACROSS, _ON_SHEET = 96, 12, 240


@dataclass(frozen=True, slots=True)
class Face:
    """One labelled face and what became of it; `box` is the label's."""

    scene: Path
    box: tuple[float, ...]
    label: str
    outcome: str

    @property
    def band(self) -> str:
        """The class of its width."""
        wide = self.box[2] - self.box[0]
        place = int(np.digitize(wide, BANDS))
        return (
            f"<{BANDS[0]}",
            *(f"{low}-{high}" for low, high in pairwise(BANDS)),
            f">={BANDS[-1]}",
        )[place]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All scenes: what became of each face, which boxes fit none, and how long a picture took, in seconds."""

    faces: tuple[Face, ...]
    extra: tuple[tuple[Path, tuple[float, ...]], ...]
    scenes: int
    seconds: float


def evaluate_scenes(
    folder: Path,
    weights: Path,
    out: Path,
    *,
    smallest: int = SMALLEST_FACE,
    threshold: float | None = None,
    force: bool = False,
) -> Iterator[str]:
    """Judge every scene in `folder`, write the report's files to `out`, and yield what is worth telling.

    `threshold` is None for that of the weights' card. Raises UnusableInput, in one line, for scenes, weights, numbers
    or a folder that can't be used; FailedOnTheWay when a file can't be written. Pictures that can't be read are told
    of and left out.
    """
    if smallest < LEAST_FACE:
        raise UnusableInput(f"faces of {smallest} px can't be looked for; {LEAST_FACE} px is the least")
    if threshold is not None and not 0 < threshold < 1:
        raise UnusableInput(f"the threshold must be between 0 and 1, not {threshold:g}")
    files = ReportFolder(out, (METRICS, REPORT), [name.format("[0-9]*") for name in (MISSED_SHEET, EXTRA_SHEET)], force)
    if not is_scenes(folder):
        raise UnusableInput(f"{folder}: holds no labelled scenes; expected images/ with faces.json")
    scenes = read_scenes(folder)
    if not scenes:
        raise UnusableInput(f"{folder}: its faces.json lists no scene")
    trouble = Trouble()
    with FaceDetector() as detector, MaskClassifier(weights) as classifier:
        files.make()
        pipeline = Pipeline(FaceFinder(detector, smallest), classifier, threshold)
        outcome = judge_scenes(scenes, pipeline, trouble)
        card = classifier.card
    if not outcome.scenes:
        raise UnusableInput(f"not one readable scene in {folder}: {trouble.unreadable[0]}")
    facts = {
        "format": FORMAT,
        "maskcam": __version__,
        "data": str(folder),
        "model": weights.name,
        "sha256": card.sha256,
        "threshold": pipeline.threshold,
        "smallest_face": smallest,
        **as_dict(outcome),
        "not_judged": {"unreadable": len(trouble.unreadable), "other_labels": trouble.other_labels},
    }
    lines = [*_facts(facts), *report(outcome), *_not_judged(trouble)]
    text = "\n".join(lines) + "\n"
    files.write(REPORT, lambda path: path.write_text(text, encoding="utf-8", errors="replace"))
    files.write(METRICS, lambda path: path.write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n"))
    missed = [
        (one.scene, one.box) for one in outcome.faces if one.outcome in (MISSED, WRONG) and one.band != f"<{BANDS[0]}"
    ]
    for name, places in ((MISSED_SHEET, missed), (EXTRA_SHEET, list(outcome.extra))):
        for page, first in enumerate(range(0, len(places), _ON_SHEET), 1):
            sheet = Image.fromarray(_sheet(places[first : first + _ON_SHEET]))
            files.write(name.format(page), sheet.save)
    files.sweep()
    yield from lines
    yield f"wrote {out / REPORT}"


def _facts(facts: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{facts['scenes']} scenes of {facts['data']}, judged by {facts['model']} from no-mask probability"
        f" {facts['threshold']:.4f} on; faces are looked for from {facts['smallest_face']} px on."
    )
    yield ""


def _not_judged(trouble: Trouble) -> Iterator[str]:
    if trouble.other_labels:
        yield f"not judged: {trouble.other_labels} heads with other labels"
    if trouble.unreadable:
        yield f"unreadable: {len(trouble.unreadable)}"
        yield from (f"  {line}" for line in trouble.unreadable)


def judge_scenes(scenes: Sequence[Scene], pipeline: Pipeline, trouble: Trouble) -> Outcome:
    """Have the whole app judge each scene as a single picture; what can't be judged is added to `trouble`."""
    faces: list[Face] = []
    extra: list[tuple[Path, tuple[float, ...]]] = []
    seconds, judged = 0.0, 0
    for scene in tqdm(scenes, desc="judging", unit=" scenes", disable=None):
        try:
            image = read_picture(scene.path)
        except UnusableInput as error:
            trouble.unreadable.append(str(error))
            continue
        judged += 1
        begun = time.perf_counter()
        result = pipeline.process_single(Frame(image))
        seconds += time.perf_counter() - begun
        found, free = match(scene, result)
        faces += found
        trouble.other_labels += len(scene.labels) - len(found)
        extra += [(scene.path, tuple(map(float, result.boxes[place]))) for place in free]
    return Outcome(tuple(faces), tuple(extra), judged, seconds / max(judged, 1))


def match(scene: Scene, result: Result) -> tuple[list[Face], list[int]]:
    """Give every box to the label that it overlaps most, best pairs first; return the faces and the boxes left over.

    A box that overlaps a label enough but comes second is left over too: one person, one box. Heads with a label that
    says nothing of masks have their boxes, but are no faces to judge.
    """
    iou, _ = overlaps(scene.boxes, result.boxes)
    given: dict[int, int] = {}
    for flat in np.argsort(-iou, axis=None, kind="stable"):
        face, box = divmod(int(flat), len(result))
        if iou[face, box] < FOUND_IOU:
            break
        if face not in given and box not in given.values():
            given[face] = box
    faces = [
        Face(scene.path, tuple(map(float, scene.boxes[place])), label, _outcome(label, result, given.get(place)))
        for place, label in enumerate(scene.labels)
        if label in TRUTHS
    ]
    return faces, [box for box in range(len(result)) if box not in given.values()]


def _outcome(label: str, result: Result, box: int | None) -> str:
    if box is None:
        return MISSED
    if result.verdicts[box] is Verdict.UNSURE:
        return UNSURE
    return RIGHT if str(result.verdicts[box]) == TRUTHS[label] else WRONG


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return the counts for a file."""
    return {
        "scenes": outcome.scenes,
        "milliseconds_a_scene": round(outcome.seconds * 1000, 1),
        "boxes_without_label": len(outcome.extra),
        "faces": [
            {"label": label, "width": band, **dict(zip(OUTCOMES, counts, strict=True))}
            for (label, band), counts in _counts(outcome).items()
        ],
    }


def report(outcome: Outcome) -> Iterator[str]:
    """Yield the report's lines, in Markdown."""
    yield "| label | width, px | faces | right | 95 % | wrong | unsure | missed |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for (label, band), counts in _counts(outcome).items():
        right, wrong, unsure, missed = counts
        low, high = wilson(right, sum(counts)) or (0.0, 1.0)
        share = f"{100 * low:.0f}-{100 * high:.0f} %"
        yield f"| {label} | {band} | {sum(counts)} | {right} | {share} | {wrong} | {unsure} | {missed} |"
    yield ""
    yield (
        f"{len(outcome.extra)} boxes on no labelled face in {outcome.scenes} scenes,"
        f" {len(outcome.extra) / outcome.scenes:.2f} each; {outcome.seconds * 1000:.0f} ms a scene"
    )


def _counts(outcome: Outcome) -> dict[tuple[str, str], tuple[int, ...]]:
    """Return the outcomes counted by label and band, and for each label those of the two largest bands together."""
    wide = {name for name in {one.band for one in outcome.faces} if name in (f"{BANDS[1]}-{BANDS[2]}", f">={BANDS[2]}")}
    keys: dict[tuple[str, str], list[str]] = {}
    for one in sorted(outcome.faces, key=lambda face: (face.label, face.box[2] - face.box[0])):
        keys.setdefault((one.label, one.band), []).append(one.outcome)
        if one.band in wide:
            keys.setdefault((one.label, f">={BANDS[1]} in all"), []).append(one.outcome)
    return {key: tuple(found.count(name) for name in OUTCOMES) for key, found in keys.items()}


def _sheet(places: Sequence[tuple[Path, tuple[float, ...]]]) -> Pixels:
    """Return a sheet of the places, each cut with its surroundings."""
    tiles = []
    for path, box in places:
        square = squares(np.array([box], np.float32), CropRule(margin=0.5))[0]
        tiles.append(resize(cut(read_picture(path), square), _TILE))
    tiles += [np.zeros((_TILE, _TILE, 3), np.uint8)] * (-len(tiles) % _ACROSS)
    return np.concatenate([np.concatenate(tiles[row : row + _ACROSS], 1) for row in range(0, len(tiles), _ACROSS)])
