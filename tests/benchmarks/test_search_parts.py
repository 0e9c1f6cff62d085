"""What each part of the search for faces buys and costs, on labelled scenes.

MASKCAM_SCENES=DIR python -m pytest tests/benchmarks/test_search_parts.py --benchmark-only -s

DIR holds `images/` and `faces.json` with boxes of faces, as `python -m training evaluate-scenes` reads them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.faces import Detector, FaceDetector
from maskcam.finder import WORTH_A_VERDICT, FaceFinder, search
from maskcam.frames import Faces, Hints, Judgement, Pixels
from maskcam.merging import gather, merge, take
from maskcam.modelcard import MASK, NO_MASK
from maskcam.pipeline import Classifier, Pipeline
from maskcam.search import Effort, plan_search
from training.manifest import Box
from training.scan import Trouble
from training.scene_outcome import BANDS, OUTCOMES, RIGHT, Holds
from training.scenes import read_scenes

SCENES = os.environ.get("MASKCAM_SCENES", "")
SMALL, WIDE = BANDS[:2]

pytestmark = pytest.mark.skipif(not SCENES, reason="MASKCAM_SCENES names no folder of labelled scenes")


class Tiles:
    """The tiles alone: boxes of at least this score, of those that overlap the best one, not their mean."""

    def __init__(self, detector: FaceDetector, least: float) -> None:
        self.detector, self.least = detector, least

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        found = search(self.detector, image, plan_search(image.shape[1], image.shape[0]).looks)
        return merge(take(found, found.scores >= self.least))


class Settled:
    """Each box of a detector as a closer look shows it, where that finds a face."""

    def __init__(self, boxes: Detector, detector: FaceDetector) -> None:
        self.boxes, self.finder = boxes, FaceFinder(detector)

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        found = self.boxes.detect(image)
        closer = self.finder._closer(image, found.boxes)
        return merge(gather([seen if len(seen) else take(found, np.array([row])) for row, seen in enumerate(closer)]))


class Whole:
    """The whole frame, looked at once: boxes of at least this score."""

    def __init__(self, detector: FaceDetector, least: float) -> None:
        self.detector, self.least = detector, least

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        found = self.detector.detect(image)
        return take(found, found.scores >= self.least)


class TwoAnswers:
    """The classifier without its third answer: everything is a face, and as sure as the detector says, or surer."""

    def __init__(self, classifier: MaskClassifier) -> None:
        self.classifier = classifier
        self.card = replace(classifier.card, labels=(MASK, NO_MASK))

    def judge(self, crops: Pixels) -> Judgement:
        said = self.classifier.judge(crops)
        return Judgement(said.no_mask_probability, np.zeros(len(said), np.float32))


class Sure:
    """Every box of a detector as a sure one, so that the detector's own limit alone decides."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        found = self.detector.detect(image, hints)
        return Faces(found.boxes, np.maximum(found.scores, np.float32(0.5)), found.keypoints)


def variants(detector: FaceDetector, classifier: MaskClassifier) -> dict[str, tuple[Detector, Classifier]]:
    two = TwoAnswers(classifier)
    return {
        "the whole picture, score .5": (Sure(Whole(detector, 0.5)), two),
        "tiles, score .5": (Sure(Tiles(detector, 0.5)), two),
        "tiles, score .25": (Sure(Tiles(detector, WORTH_A_VERDICT)), two),
        "tiles, score .25, third answer": (Tiles(detector, WORTH_A_VERDICT), classifier),
        "the same, each box settled by a closer look": (
            Settled(Tiles(detector, WORTH_A_VERDICT), detector),
            classifier,
        ),
        "instead, boxes blended: as the app does with videos": (FaceFinder(detector), classifier),
        "finer tiles, score .3: as the app does with pictures": (
            FaceFinder(detector, effort=Effort.CLOSELY),
            classifier,
        ),
    }


def width(box: Box) -> float:
    return box[2] - box[0]


def test_parts_of_the_search(benchmark: Any) -> None:
    from training.evaluate_scenes import ask

    scenes = read_scenes(Path(SCENES))
    print(f"\n| | masked: {', '.join(OUTCOMES)} | bare | {SMALL}-{WIDE} px | on no label, a picture | ms a picture |")
    print("| --- | --- | --- | --- | --- | --- |")

    def run() -> None:
        with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
            for name, parts in variants(detector, classifier).items():
                outcome = ask(scenes, Pipeline(*parts), Trouble()).outcome(Holds.FACE)
                row = {}
                for label in ("with_mask", "without_mask"):
                    told = [one.outcome for one in outcome.faces if one.label == label and width(one.box) >= WIDE]
                    row[label] = ", ".join(str(told.count(kind)) for kind in OUTCOMES)
                small = [one.outcome for one in outcome.faces if one.label in row and SMALL <= width(one.box) < WIDE]
                extra = len(outcome.extra) / outcome.scenes
                print(
                    f"| {name} | {row['with_mask']} | {row['without_mask']} |"
                    f" {small.count(RIGHT)} of {len(small)} | {extra:.2f} |"
                    f" {1000 * outcome.seconds:.0f} |"
                )

    benchmark.pedantic(run, rounds=1)
