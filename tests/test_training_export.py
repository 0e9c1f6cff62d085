"""The comparison before an export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcam.classifier import MaskClassifier
from maskcam.crops import resize
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Flags, Floats, Judgement, Pixels
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE, card_path, file_sha256
from tests.drawn_faces import draw_face, save
from tests.training_parts import SIZE, card, tiny_model
from training.checkpoint import RunFolder
from training.config import TrainConfig
from training.export import COMPARED, COMPARED_REJECTS, _compared, _complete, _temper, check_agreement, convert, export
from training.manifest import ALL_LABELS, LABELS, TEST, TRAIN, VALIDATION, Sample, write_manifest
from training.metrics import choose_threshold
from training.pictures import app_crop
from training.run_data import REJECTS_JUDGED, judged
from training.temperature import fit_temperature
from training.tf import import_tensorflow

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, MaskClassifier]]:
    """A small model and the classifier that runs its export."""
    model = tiny_model(4)
    path = tmp_path_factory.mktemp("exported") / "tiny.tflite"
    path.write_bytes(convert(model))
    card_path(path).write_text(replace(card(), sha256=file_sha256(path)).to_json())
    with MaskClassifier(path) as classifier:
        yield model, classifier


@pytest.fixture(scope="module")
def faces() -> Pixels:
    return np.stack([resize(draw_face(masked, seed), SIZE) for masked in (True, False) for seed in range(20)])


def samples(label: str, split: str, count: int) -> list[Sample]:
    return [Sample(Path(f"/{label}{number}.png"), label, "own", f"own/{number}", split) for number in range(count)]


def test_faces_and_what_is_none_are_compared_evenly_taken() -> None:
    every = [*samples(MASK, VALIDATION, 500), *samples(NO_MASK, VALIDATION, 300), *samples(NOT_FACE, VALIDATION, 700)]
    found = _compared([*samples(MASK, TRAIN, 100), *every, *samples(NO_MASK, TEST, 100)])
    assert {one.split for one in found} == {VALIDATION}
    counts = Counter(one.label for one in found)
    assert counts[NOT_FACE] == COMPARED_REJECTS and counts[MASK] + counts[NO_MASK] == COMPARED
    assert counts[MASK] / COMPARED == pytest.approx(500 / 800, abs=0.02)


def test_an_epoch_is_judged_on_all_faces_and_some_of_what_is_none() -> None:
    every = [*samples(MASK, VALIDATION, 500), *samples(NOT_FACE, VALIDATION, 3 * REJECTS_JUDGED)]
    config = TrainConfig("", None, labels=ALL_LABELS)
    assert Counter(one.label for one in judged(every, config)) == {MASK: 500, NOT_FACE: REJECTS_JUDGED}
    assert judged(every, replace(config, labels=LABELS)) == every[:500]
    assert judged(every[:700], config) == every[:700]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can write")
def test_a_folder_that_can_not_be_written_to_is_told_before_the_work(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.start(TrainConfig("absent.csv", None))
    tiny_model(1).save_weights(run.best)
    with pytest.raises(UnusableInput, match=r"^/proc/self/weights\.tflite: "):
        list(export(run, Path("/proc/self/weights.tflite"), force=False))


class ByContrast:
    """Takes for bare what has much contrast."""

    card = card()

    def judge(self, crops: Pixels) -> Judgement:
        contrast = crops.reshape(len(crops), -1).std(axis=1) / 127
        return Judgement(contrast.astype(np.float32), np.zeros(len(crops), np.float32))


def write_waves(
    folder: Path, faces: Sequence[tuple[str, int, float]], names: Sequence[str] = (), source: str = "own"
) -> list[Sample]:
    """Write pictures of waves, validation faces of `ByContrast`: label, how many waves, and how high."""
    found = []
    for number, (label, waves, height) in enumerate(faces):
        row = 128 + 90 * np.sin(np.linspace(0, 2 * np.pi * waves, 160) + number) * height / 140
        name = names[number] if names else f"{label}{number}.png"
        path = save(np.tile(row[None, :, None], (160, 1, 3)).astype(np.uint8), folder / name)
        found.append(Sample(path, label, source, f"{source}/{number}", VALIDATION))
    write_manifest(folder / "manifest.csv", found)
    return found


def test_the_threshold_heeds_the_harder_views(tmp_path: Path) -> None:
    found = write_waves(tmp_path, [(MASK, 2, 55)] * 4 + [(NO_MASK, 4, 140)] * 4)
    done = _complete(card(), ByContrast(), found, TrainConfig(str(tmp_path / "manifest.csv"), None))  # type: ignore[arg-type]
    plain = ByContrast().judge(np.stack([app_crop(one, card().crop, SIZE) for one in found])).no_mask_probability
    masked, bare = plain[:4], plain[4:]
    alone = choose_threshold(plain, np.arange(8) >= 4)
    assert masked.max() < done.threshold < alone < bare.min(), "blurred, bare ones have less"
    assert done.metrics["validation"]["missed_alarms"] == done.metrics["validation"]["false_alarms"] == 0


def test_a_label_known_to_be_wrong_doesn_t_choose_the_threshold_and_counts(tmp_path: Path) -> None:
    """Of the pictures listed as mislabelled one is here, bare and labelled masked."""
    faces = [(MASK, 2, 30.0)] * 4 + [(NO_MASK, 2, 140.0)] * 4 + [(MASK, 2, 130.0)]
    names = [f"face-mask-4k/with_mask/with_mask_{1 if n < 8 else 1089}{n if n < 8 else ''}.jpg" for n in range(9)]
    found = write_waves(tmp_path, faces, names, "face-mask-4k")
    config = TrainConfig(str(tmp_path / "manifest.csv"), None)
    done = _complete(card(), ByContrast(), found, config)  # type: ignore[arg-type]
    right = _complete(card(), ByContrast(), found[:8], config)  # type: ignore[arg-type]
    assert done.threshold == right.threshold
    assert done.metrics["validation"]["negatives"] == 5
    assert done.metrics["validation"]["false_alarms"] == 1


def test_a_label_known_to_be_wrong_does_not_choose_the_temperature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chose: list[list[bool]] = []

    def fitted(probability: Floats, bare: Flags) -> float:
        chose.append(bare.tolist())
        return fit_temperature(probability, bare)

    monkeypatch.setattr("training.export.fit_temperature", fitted)
    monkeypatch.setattr("training.export.temper", lambda model, temperature: None)  # the layers have other names here
    names = [f"face-mask-4k/with_mask/with_mask_{number}.jpg" for number in (1, 2, 1089)]
    faces = [(MASK, 2, 30.0), (NO_MASK, 2, 140.0), (MASK, 2, 130.0)]
    _temper(tiny_model(4), write_waves(tmp_path, faces, names, "face-mask-4k"), card())
    assert chose == [[False, True]], "the third is listed"


def test_an_honest_export_is_accepted(exported: tuple[Any, MaskClassifier], faces: Pixels) -> None:
    check_agreement(*exported, faces)
    check_agreement(*exported, faces[:1])


def test_an_export_of_other_weights_is_refused(exported: tuple[Any, MaskClassifier], faces: Pixels) -> None:
    model, classifier = exported
    kept = model.get_weights()
    kernel, bias = kept[-2], kept[-1]
    try:
        for changed in ([kernel[:, ::-1], bias], [kernel, bias + np.array([0.2, 0.0], np.float32)]):
            model.set_weights([*kept[:-2], *changed])
            with pytest.raises(FailedOnTheWay, match="does not agree with the Keras model") as caught:
                check_agreement(model, classifier, faces)
            assert "\n" not in str(caught.value)
    finally:
        model.set_weights(kept)
    check_agreement(model, classifier, faces)


def test_an_export_that_is_far_off_for_few_faces_is_refused(
    exported: tuple[Any, MaskClassifier], faces: Pixels
) -> None:
    """One face of 40 moves the average by little, so the worst count too."""
    model, classifier = exported
    keras = import_tensorflow().keras
    black = keras.ops.max(model.input, axis=(1, 2, 3)) < 0
    shift = keras.ops.cast(black, "float32")[:, None] * np.array([[0.3, -0.3]], np.float32)
    differs = keras.Model(model.input, model.output + shift)
    check_agreement(differs, classifier, faces)
    some_black = np.concatenate([faces[1:], np.zeros_like(faces[:1])])
    check_agreement(model, classifier, some_black)
    with pytest.raises(FailedOnTheWay, match=r"0\.00\d\d apart on average .* 0\.[12]\d\d\d for 99 of 100"):
        check_agreement(differs, classifier, some_black)


def test_the_conversion_has_8_bit_weights(exported: tuple[Any, MaskClassifier]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=convert(exported[0]))
    kinds = Counter(tensor["dtype"].__name__ for tensor in runner.get_tensor_details())
    assert kinds["int8"] >= 1
    assert runner.get_input_details()[0]["dtype"] is np.float32


def test_an_export_whose_other_answers_are_exchanged_is_refused(faces: Pixels, tmp_path: Path) -> None:
    """The no-mask column is the same in both, so that alone would not show it."""
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(1)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Flatten()(keras.layers.AveragePooling2D(15)(image))
    three = keras.Model(image, keras.layers.Dense(3, activation="softmax")(x))
    path = tmp_path / "three.tflite"
    path.write_bytes(convert(three))
    labels = (MASK, NO_MASK, NOT_FACE)
    card_path(path).write_text(replace(card(), labels=labels, sha256=file_sha256(path)).to_json())
    exchanged = keras.Model(image, keras.ops.take(three.output, np.array([2, 1, 0]), axis=1))
    with MaskClassifier(path) as classifier:
        check_agreement(three, classifier, faces)
        with pytest.raises(FailedOnTheWay, match="does not agree"):
            check_agreement(exchanged, classifier, faces)
