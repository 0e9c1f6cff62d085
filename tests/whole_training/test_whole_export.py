"""What a run is exported to: the file, and the card that tells of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskcam.classifier import MaskClassifier
from maskcam.crops import scale
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Pixels
from maskcam.modelcard import NOT_FACE, CropRule, file_sha256, load_card
from tests.whole_training.chain_parts import (
    EPOCH_STEPS,
    EPOCHS,
    HIDDEN,
    SIZE,
    Chain,
)
from training import export as export_module
from training.checkpoint import RunFolder
from training.export import LARGEST_FILE, MEAN_APART, MOST_APART, _complete, _put_in_place, export
from training.manifest import LABELS, NO_MASK, TEST, TRAIN, VALIDATION, read_manifest
from training.model import build
from training.temperature import temper
from training.train import training_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


def test_the_exported_file_is_small_and_alone_with_its_card(chain: Chain) -> None:
    assert sorted(one.name for one in chain.exported_file.parent.iterdir()) == ["tiny.json", "tiny.tflite"]
    assert 1_000_000 < chain.exported_file.stat().st_size <= LARGEST_FILE


def test_the_card_tells_the_truth(chain: Chain) -> None:
    card = load_card(chain.exported_file)
    assert card.sha256 == file_sha256(chain.exported_file)
    assert (card.labels, card.input_size, card.crop) == (LABELS, SIZE, CropRule())
    assert 0.1 <= card.threshold <= 0.9
    assert card.training["seed"] == 3 and card.training["epochs"] == EPOCHS
    assert card.training["steps_done"] == EPOCHS * EPOCH_STEPS and "not finished" not in chain.exported.out
    temperature = card.training["temperature"]
    assert 0.2 <= temperature <= 5 and f"temperature {temperature:.3f}" in chain.exported.out
    assert card.data == [{"source": "kaggle"}, {"source": "own", "name": "drawn faces", "licence": "none"}]
    start = {"name": "start.weights.h5", "origin": "made by chance", "licence": "Unlicense"}
    assert card.start_weights == start
    assert str(chain.folder) not in card.to_json(), "no path of this machine travels with the weights"


def test_the_card_names_no_source_of_which_nothing_was_learnt(chain: Chain, tmp_path: Path) -> None:
    samples = read_manifest(chain.manifest)
    config, crop = RunFolder(chain.run).config()
    none = [replace(samples[0], label=NOT_FACE, source="nobody", group="nobody/1", split=TRAIN)]
    with MaskClassifier(chain.exported_file) as classifier:
        card = _complete(training_card(config, crop), classifier, [*samples, *none], config)
    assert [one["source"] for one in card.data] == ["kaggle", "own"]


@pytest.fixture
def converted(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversion, which takes the longest, is that of the same run before."""
    content = chain.exported_file.read_bytes()
    monkeypatch.setattr(export_module, "convert", lambda model: content)


@pytest.mark.usefixtures("converted")
def test_of_a_run_that_is_not_finished_it_is_said(chain: Chain, tmp_path: Path) -> None:
    shutil.copytree(chain.run, tmp_path / "run")
    state = tmp_path / "run" / "checkpoint.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "step": 3}))
    told = list(export(RunFolder(tmp_path / "run"), tmp_path / "app.tflite", force=False))
    assert f"not finished: 3 of {EPOCHS * EPOCH_STEPS} steps" in "\n".join(told)
    assert load_card(tmp_path / "app.tflite").training["steps_done"] == 3


def test_weights_and_card_are_put_in_place_both_or_none(tmp_path: Path) -> None:
    names = ("new.a", "a"), ("new.b", "b")
    for new, _ in names:
        (tmp_path / new).write_text(new)
    (tmp_path / "a").write_text("a")
    (tmp_path / "b" / "c").mkdir(parents=True)
    with pytest.raises(OSError, match="b"):
        _put_in_place([(tmp_path / new, tmp_path / old) for new, old in names])
    assert (tmp_path / "a").read_text() == "a"


@pytest.mark.usefixtures("converted")
def test_an_export_that_can_not_be_written_is_told_in_one_line(chain: Chain, tmp_path: Path) -> None:
    target = tmp_path / "app.tflite"
    told = export(RunFolder(chain.run), target, force=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_module, "check_agreement", lambda *_: target.mkdir())  # somebody does, during the work
        with pytest.raises(FailedOnTheWay, match="can't be written") as caught:
            list(told)
    assert "\n" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["app.tflite"]


def test_a_folder_in_the_way_is_told_of_before_the_work(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "app.json").mkdir()
    with pytest.raises(UnusableInput, match=r"app\.json: this is a folder"):
        list(export(RunFolder(chain.run), tmp_path / "app.tflite", force=True))


def test_the_metrics_add_up(chain: Chain) -> None:
    card = load_card(chain.exported_file)
    samples = read_manifest(chain.manifest)
    assert set(card.metrics) == {VALIDATION, TEST}
    for part, values in card.metrics.items():
        bare = sum(one.split == part and one.label == NO_MASK for one in samples)
        assert values["positives"] == bare
        assert values["positives"] + values["negatives"] == sum(one.split == part for one in samples)
        right = values["positives"] + values["negatives"] - values["missed_alarms"] - values["false_alarms"]
        assert values["accuracy"] == pytest.approx(right / (values["positives"] + values["negatives"]), abs=1e-5)
        assert (values["threshold"], values["positive_class"]) == (card.threshold, NO_MASK)
        said = f"{part}: {values['missed_alarms']} missed of {bare} bare, {values['false_alarms']} false of"
        assert said in chain.exported.out
    assert f"threshold {card.threshold:.4f}" in chain.exported.out


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_app_loads_what_was_exported(chain: Chain, pictures: Pixels, count: int) -> None:
    with MaskClassifier(chain.exported_file) as classifier:
        answers = classifier.classify(pictures[:count])
        assert answers.shape == (count, 2) and answers.dtype == np.float32
        assert (answers >= 0).all() and answers.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-3)
        np.testing.assert_allclose(answers, classifier.classify(pictures)[:count], atol=1e-5)


def test_the_exported_file_agrees_with_the_best_weights(chain: Chain, pictures: Pixels) -> None:
    model = build(SIZE, len(LABELS), HIDDEN, 0.0)
    model.load_weights(chain.run / "best.weights.h5")
    temper(model, load_card(chain.exported_file).training["temperature"])
    with MaskClassifier(chain.exported_file) as classifier:
        exported = classifier.classify(pictures)
        expected = np.asarray(model.predict_on_batch(scale(pictures, classifier.card)))
    apart = np.abs(exported - expected)
    assert float(apart.mean()) <= 2 * MEAN_APART
    assert float(apart.max()) <= 2 * MOST_APART
    assert np.ptp(exported[:, 0]) > 0, "the answer depends on the picture"
