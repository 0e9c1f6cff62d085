from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maskcam.assets import FACE_MODEL_NEAR, MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces
from maskcam.drawn_mask import draw_mask
from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector
from maskcam.frames import Pixels
from maskcam.modelcard import CropRule, ModelCard, card_path, file_sha256
from tests.support import astronaut, scaled


@pytest.fixture(scope="module")
def classifier() -> Iterator[MaskClassifier]:
    with MaskClassifier(asset(MASK_MODEL)) as one:
        yield one


def varied(classifier: MaskClassifier, count: int) -> Pixels:
    size = classifier.card.input_size
    return np.random.default_rng(count).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 16, 60])
def test_any_number_of_faces_gives_as_many_rows_of_probabilities(classifier: MaskClassifier, count: int) -> None:
    answers = classifier.classify(varied(classifier, count))
    assert answers.shape == (count, len(classifier.card.labels))
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-3)


def test_a_face_gets_the_same_answer_alone_and_in_a_batch(classifier: MaskClassifier) -> None:
    crops = varied(classifier, 7)
    alone = np.concatenate([classifier.classify(crops[i : i + 1]) for i in range(7)])
    assert np.abs(classifier.classify(crops) - alone).max() < 0.02


@pytest.mark.parametrize("factor", [1.5, 1.0, 0.5, 0.3])
@pytest.mark.parametrize("colour", [(146, 190, 214), (235, 235, 235), (35, 35, 40)], ids=["blue", "white", "black"])
def test_the_real_face_is_judged_right_bare_and_masked(
    classifier: MaskClassifier, factor: float, colour: tuple[int, int, int]
) -> None:
    image = astronaut()
    with FaceDetector() as detector:
        faces = detector.detect(image)
    boxes = faces.boxes[:1] * np.float32(factor)
    masked = draw_mask(image, faces.keypoints[0], colour)
    bare, covered = (
        float(classifier.no_mask_probability(crop_faces(scaled(one, factor), boxes, classifier.card))[0])
        for one in (image, masked)
    )
    assert covered < classifier.card.threshold <= bare


def test_probability_is_bare_against_bare_and_mask(classifier: MaskClassifier) -> None:
    crops = varied(classifier, 3)
    answers = classifier.classify(crops)
    bare, mask = answers[:, classifier.card.no_mask_index], answers[:, classifier.card.mask_index]
    assert np.allclose(classifier.no_mask_probability(crops), bare / (bare + mask))


@pytest.mark.parametrize("wrong", [np.zeros((1, 80, 80, 3), np.uint8), np.zeros((1, 160, 160, 3), np.float32)])
def test_wrong_crops_are_refused(classifier: MaskClassifier, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="crops must be"):
        classifier.classify(wrong)


def described(weights: Path, **changed: object) -> Path:
    fields: dict[str, object] = {
        "labels": ("mask", "no_mask"),
        "input_size": 160,
        "crop": CropRule(),
        "threshold": 0.5,
        "sha256": file_sha256(weights),
    }
    card = ModelCard(**{**fields, **changed})  # type: ignore[arg-type]
    card_path(weights).write_text(card.to_json(), encoding="utf-8")
    return weights


def test_what_litert_can_not_read_is_refused_in_one_line(tmp_path: Path) -> None:
    weights = tmp_path / "broken.tflite"
    weights.write_bytes(b"nothing that LiteRT knows" * 99)
    with pytest.raises(UnusableInput, match="LiteRT can't run it") as refused:
        MaskClassifier(described(weights))
    assert "\n" not in str(refused.value)


def test_another_network_is_refused_in_one_line(tmp_path: Path) -> None:
    weights = tmp_path / "faces.tflite"
    shutil.copy(asset(FACE_MODEL_NEAR), weights)
    with pytest.raises(UnusableInput, match="export") as refused:
        MaskClassifier(described(weights, input_size=128))
    assert "\n" not in str(refused.value)


def test_a_card_with_too_few_labels_is_refused(tmp_path: Path) -> None:
    weights = tmp_path / "masks.tflite"
    shutil.copy(asset(MASK_MODEL), weights)
    size = MaskClassifier(asset(MASK_MODEL)).card.input_size
    with pytest.raises(UnusableInput, match="gives 3 answers a face where its card names 2"):
        MaskClassifier(described(weights, labels=("mask", "no_mask"), input_size=size))


def test_a_closed_classifier_says_so() -> None:
    classifier = MaskClassifier(asset(MASK_MODEL))
    classifier.close()
    classifier.close()
    crops = np.zeros((1, classifier.card.input_size, classifier.card.input_size, 3), np.uint8)
    with pytest.raises(ValueError, match="closed"):
        classifier.classify(crops)
