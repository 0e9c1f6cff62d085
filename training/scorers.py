"""The models that can be judged, behind one small interface: an exported file or a trained Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from maskcam.classifier import MaskClassifier, judgement
from maskcam.crops import scale
from maskcam.errors import UnusableInput
from maskcam.frames import Judgement, Pixels
from maskcam.modelcard import CropRule, ModelCard, file_sha256, load_card
from training.checkpoint import RunFolder
from training.config import TrainConfig
from training.manifest import ALL_LABELS, TRAIN, read_manifest
from training.model import build
from training.scan import as_named
from training.tf import first_line, import_tensorflow
from training.train import training_card

_AT_ONCE = 32


class Scorer(Protocol):
    """Crops -> probabilities. `maskcam.classifier.MaskClassifier` is one."""

    @property
    def card(self) -> ModelCard:
        """How faces are cut and scaled for it, and the threshold."""

    def judge(self, crops: Pixels) -> Judgement:
        """Return what is said of `crops` `(n, size, size, 3) uint8 RGB`."""


class KerasScorer:
    """A Keras model with the preprocessing of its card."""

    def __init__(self, model: Any, card: ModelCard) -> None:
        """Take a model that gives one column for each of the card's labels; ValueError when the two don't fit."""
        size = card.input_size
        if tuple(model.input_shape[1:]) != (size, size, 3) or tuple(model.output_shape[1:]) != (len(card.labels),):
            raise ValueError(f"the model takes {model.input_shape} and gives {model.output_shape}, unlike its card")
        self.card = card
        self._model = model

    def judge(self, crops: Pixels) -> Judgement:
        """Return what is said of `crops` `(n, size, size, 3) uint8 RGB`."""
        answers = [
            np.asarray(self._model.predict_on_batch(scale(crops[start : start + _AT_ONCE], self.card)), np.float32)
            for start in range(0, len(crops), _AT_ONCE)
        ]
        return judgement(np.concatenate([np.empty((0, len(self.card.labels)), np.float32), *answers]), self.card)


def strange_manifests(model: Path, data: Sequence[Path]) -> tuple[str, ...]:
    """Return the manifests in `data` that are not the one by which `model` was trained, as far as that is known.

    Of another manifest's splits, the model may have been trained on any.
    """
    known = _manifest_of(model)
    manifests = [one for one in data if one.is_file()]
    return tuple(str(one) for one in manifests if known and file_sha256(one) != known)


def learnt_from(model: Path, data: Sequence[Path], split: str | None) -> tuple[str, ...]:
    """Return those of `data` that `model` was trained on and `split` leaves in, as far as that is known.

    A manifest is known by what is in it, a folder by its name, which an exported file's card and a run's manifest hold.
    """
    if split not in (None, TRAIN):
        return ()
    known = _manifest_of(model)
    sources = _sources_of(model)
    return tuple(
        str(one)
        for one in data
        if (one.is_dir() and as_named(one).name in sources) or (one.is_file() and known == file_sha256(one))
    )


def _sources_of(model: Path) -> set[str]:
    """Return the names of the data that it was trained on; none where they aren't known."""
    if model.is_dir():
        config, _ = RunFolder(model).config()
        manifest = Path(config.manifest)
        if not manifest.is_file() or file_sha256(manifest) != config.manifest_sha256:
            return set()
        trained = {one.source for one in read_manifest(manifest) if one.split == TRAIN}
        return trained & {*config.sources} if config.sources else trained
    return {one.get("source", "") for one in load_card(model).data} if model.suffix == ".tflite" else set()


def _manifest_of(model: Path) -> str:
    """Return the SHA-256 of the manifest by which it was trained, "" where that isn't known."""
    if model.is_dir():
        return RunFolder(model).config()[0].manifest_sha256 or ""
    return str(load_card(model).training.get("manifest_sha256", "")) if model.suffix == ".tflite" else ""


@contextmanager
def open_scorer(model: Path) -> Iterator[Scorer]:
    """Open a run's folder (its best weights), a `.keras` file or an exported `.tflite` with its card.

    Raises UnusableInput, in one line, for anything else.
    """
    if model.is_dir():
        yield _from_run(RunFolder(model))
    elif not model.is_file():
        raise UnusableInput(f"{model}: no such model; give a run's folder, a .keras file or an exported .tflite file")
    elif model.suffix == ".keras":
        yield _from_file(model)
    elif model.suffix == ".tflite":
        with MaskClassifier(model) as classifier:
            yield classifier
    else:
        raise UnusableInput(f"{model}: not a model; give a run's folder, a .keras file or an exported .tflite file")


def weights_file(model: Path) -> Path:
    """Return the file that holds the weights of what `open_scorer` opens."""
    return RunFolder(model).best if model.is_dir() else model


def _from_run(run: RunFolder) -> KerasScorer:
    config, crop = run.config()
    if not run.best.is_file():
        raise UnusableInput(f"{run.path}: no epoch is finished yet; go on with --resume")
    # Always float32, whatever it was trained in: that is what export converts.
    model = build(config.input_size, len(config.labels), config.hidden, config.dropout)
    run.restore_best(model)
    return KerasScorer(model, training_card(config, crop))


def _from_file(path: Path) -> KerasScorer:
    keras = import_tensorflow().keras
    try:
        model = keras.models.load_model(path, compile=False)
        labels = ALL_LABELS[: int(model.output_shape[1])]
        config = TrainConfig(manifest="", weights=None, input_size=int(model.input_shape[1]), labels=labels)
        return KerasScorer(model, training_card(config, CropRule()))
    except Exception as error:  # each format of file has errors of its own, and any says that it is no such model
        raise UnusableInput(f"{path}: not a Keras model of mask and no mask ({first_line(error)})") from None
