"""`evaluate-scenes`: how the whole app, from picture to verdict, does on labelled scenes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from maskcam import __version__
from maskcam.classifier import MaskClassifier
from maskcam.errors import UnusableInput
from maskcam.finder import FaceFinder
from maskcam.frames import Frame, Result
from maskcam.pictures import read_picture
from maskcam.pipeline import Pipeline
from maskcam.runner import DetectorPool
from maskcam.search import LEAST_FACE, SMALLEST_FACE, Effort
from training.report import not_trained_by, trained_on
from training.report_folder import ReportFolder
from training.scan import Trouble
from training.scene_corrections import Correction, correct, read_corrections
from training.scene_outcome import TRUTHS, Holds, Outcome, match
from training.scene_report import as_dict, head, not_judged, report
from training.scene_sheets import EXTRA_COLUMNS, FACE_COLUMNS, of_extra, of_faces, sheets, write_lines
from training.scene_split import Chosen, choose
from training.scenes import Scene, is_scenes, read_scenes
from training.scorers import learnt_from, strange_manifests

METRICS, REPORT = "scenes.json", "scenes.md"
FACES, EXTRA = "missed-or-wrong", "no-label"
OUTPUTS = (METRICS, REPORT, f"{FACES}.csv", f"{EXTRA}.csv")
"""Every file of an evaluation but the sheets, `missed-or-wrong-1.png`, `no-label-1.png` and on."""
FORMAT = 1


@dataclass(frozen=True, slots=True)
class WantedScenes:
    """One evaluation as it was asked for.

    `threshold` is None for that of the weights' card; `manifest` and `split`, given together, leave only the pictures
    of that split; `boxes` is what the labels' boxes hold; `corrected` lists labels that are wrong or missing.
    """

    folder: Path
    model: Path
    out: Path
    smallest: int = SMALLEST_FACE
    threshold: float | None = None
    manifest: Path | None = None
    split: str | None = None
    boxes: Holds = Holds.FACE
    corrected: Path | None = None
    force: bool = False

    def __post_init__(self) -> None:
        if self.smallest < LEAST_FACE:
            raise ValueError(f"faces of {self.smallest} px can't be looked for; {LEAST_FACE} px is the least")
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise ValueError(f"the threshold must be between 0 and 1, not {self.threshold:g}")
        if (self.manifest is None) != (self.split is None):
            raise ValueError("give --manifest and --split together: which pictures are in a split, a manifest tells")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the app said of each scene that could be read, and how long a picture took, in seconds."""

    results: tuple[tuple[Scene, Result], ...]
    seconds: float

    def outcome(self, holds: Holds) -> Outcome:
        """Return what that makes of each label, whose boxes are of this kind."""
        matched = [match(scene, result, holds) for scene, result in self.results]
        faces = tuple(face for found, _ in matched for face in found)
        extra = tuple(one for _, free in matched for one in free)
        return Outcome(faces, extra, len(self.results), self.seconds)

    def corrected(self, corrections: Sequence[Correction]) -> Answers:
        """Return the same answers to the scenes with other labels."""
        return replace(self, results=tuple((correct(scene, corrections), result) for scene, result in self.results))


def evaluate_scenes(wanted: WantedScenes) -> Iterator[str]:
    """Judge the scenes, write the report's files to `wanted.out`, and yield what is worth telling.

    Raises UnusableInput, in one line, for scenes, a manifest, weights or a folder that can't be used; FailedOnTheWay
    when a file can't be written. Pictures that can't be read are told of and left out.
    """
    files = ReportFolder(wanted.out, OUTPUTS, [FACES, EXTRA], wanted.force)
    chosen = _choose(wanted)
    corrections = None if wanted.corrected is None else read_corrections(wanted.corrected)
    trouble = Trouble()
    with DetectorPool() as detector, MaskClassifier(wanted.model) as classifier:
        files.make()
        pipeline = Pipeline(FaceFinder(detector, wanted.smallest, Effort.CLOSELY), classifier, wanted.threshold)
        answers = ask(chosen.scenes, pipeline, trouble)
        sha256 = classifier.card.sha256
    if not answers.results:
        raise UnusableInput(f"not one readable scene in {wanted.folder}: {trouble.unreadable[0]}")
    trouble.other_labels = _other_labels(answers)
    outcome = answers.outcome(wanted.boxes)
    strange = () if wanted.manifest is None else strange_manifests(wanted.model, [wanted.manifest])
    learnt = learnt_from(wanted.model, [wanted.manifest or wanted.folder], wanted.split)
    facts = {
        "format": FORMAT,
        "maskcam": __version__,
        "data": str(wanted.folder),
        "manifest": None if wanted.manifest is None else str(wanted.manifest),
        "split": wanted.split,
        "boxes": str(wanted.boxes),
        "model": wanted.model.name,
        "sha256": sha256,
        "not_trained_by": list(strange),
        "trained_on": list(learnt),
        "threshold": pipeline.threshold,
        "smallest_face": wanted.smallest,
        **as_dict(outcome),
        "left_out": {"of_other_splits": chosen.of_others, "not_in_manifest": chosen.unlisted},
        "not_judged": {"unreadable": len(trouble.unreadable), "other_labels": trouble.other_labels},
    }
    lines = [*head(facts, chosen), *report(outcome), *not_judged(trouble)]
    lines += [*map(not_trained_by, strange), *map(trained_on, learnt)]
    if corrections is not None:
        facts["corrected"], told = _corrected(answers, corrections, wanted)
        lines += told
    _write(files, lines, facts, outcome)
    yield from lines
    yield f"wrote {wanted.out / REPORT}"


def _corrected(
    answers: Answers, corrections: Sequence[Correction], wanted: WantedScenes
) -> tuple[dict[str, Any], list[str]]:
    """Return the counts with the labels corrected, for a file and as lines."""
    right = answers.corrected(corrections)
    outcome, others = right.outcome(wanted.boxes), _other_labels(right)
    unused = sum(not any(one.of(scene.path) for scene, _ in answers.results) for one in corrections)
    facts = {
        "file": str(wanted.corrected),
        **as_dict(outcome),
        "other_labels": others,
        "of_other_pictures": unused,
    }
    lines = ["", f"With the labels corrected by {wanted.corrected}:", "", *report(outcome)]
    if others:
        lines += ["", f"{others} heads have other labels then, and are not judged."]
    if unused:
        lines += ["", f"{unused} of its {len(corrections)} corrections are of none of these pictures."]
    return facts, lines


def _write(files: ReportFolder, lines: Sequence[str], facts: dict[str, Any], outcome: Outcome) -> None:
    text = "\n".join(lines) + "\n"
    files.write(REPORT, lambda path: path.write_text(text, encoding="utf-8", errors="replace"))
    files.write(METRICS, lambda path: path.write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n"))
    for name, columns, shown, title in (
        (FACES, FACE_COLUMNS, of_faces(outcome), "Labelled faces missed or judged wrongly"),
        (EXTRA, EXTRA_COLUMNS, of_extra(outcome), "Boxes on no label"),
    ):
        files.write(f"{name}.csv", partial(write_lines, columns=columns, shown=shown))
        for number, sheet in enumerate(sheets(shown, title), 1):
            files.write(f"{name}-{number}.png", Image.fromarray(sheet).save)
    files.sweep()


def ask(scenes: Sequence[Scene], pipeline: Pipeline, trouble: Trouble) -> Answers:
    """Have the whole app judge each scene as a single picture; what can't be read is added to `trouble`."""
    results: list[tuple[Scene, Result]] = []
    seconds = 0.0
    for scene in tqdm(scenes, desc="judging", unit=" scenes", disable=None):
        try:
            image = read_picture(scene.path)
        except UnusableInput as error:
            trouble.unread(error)
            continue
        begun = time.perf_counter()
        results.append((scene, pipeline.process_single(Frame(image))))
        seconds += time.perf_counter() - begun
    return Answers(tuple(results), seconds / max(len(results), 1))


def _other_labels(answers: Answers) -> int:
    return sum(label not in TRUTHS for scene, _ in answers.results for label in scene.labels)


def _choose(wanted: WantedScenes) -> Chosen:
    if not is_scenes(wanted.folder):
        raise UnusableInput(f"{wanted.folder}: holds no labelled scenes; expected images/ with faces.json")
    scenes = read_scenes(wanted.folder)
    if not scenes:
        raise UnusableInput(f"{wanted.folder}: its faces.json lists no scene")
    if wanted.manifest is None or wanted.split is None:
        return Chosen(tuple(scenes))
    return choose(scenes, wanted.folder, wanted.manifest, wanted.split)
