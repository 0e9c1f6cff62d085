"""`export`: from a run to the file that the app loads, with a card that tells the truth about it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcam.classifier import MaskClassifier, judgement
from maskcam.crops import scale
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Pixels
from maskcam.modelcard import NO_MASK, ModelCard, card_path, file_sha256
from maskcam.native import quiet
from maskcam.pending import PendingFile, reason
from training.about import about_path, read_about
from training.checkpoint import MEAN_OF_ENDS, Progress, RunFolder
from training.config import TrainConfig
from training.evenly import evenly
from training.judge import Judged, judge
from training.labelled import Labelled, mislabelled
from training.ladders import SIZE, Step
from training.manifest import LABELS, TEST, TRAIN, VALIDATION, Sample, read_manifest
from training.metrics import choose_threshold, score
from training.model import IMAGENET, build
from training.pictures import app_crop
from training.run_data import check_manifest, chosen
from training.sampling import plain_batches
from training.scan import Trouble
from training.temperature import fit_temperature, temper
from training.tf import import_tensorflow
from training.train import training_card

LARGEST_FILE = 25_000_000
"""Bytes that the exported file may have."""
MEAN_APART, MOST_APART = 0.01, 0.1
"""How far the no-mask probabilities of the exported file and of the Keras model may differ, on average and for 99
of 100 pictures: 8-bit weights move a few undecided faces, a wrong conversion moves all. No face may turn over by
more than the latter."""
COMPARED, COMPARED_REJECTS = 200, 50
"""Faces, and pictures of what is none, evenly taken from the validation set, on which the two are compared."""
HARDER = (Step(SIZE, 16), Step(SIZE, 24), Step("blur", 0.04), Step("dark", 0.06))
"""Views of the validation faces by which thresholds are told apart that are equally good on the faces as they are."""


def export(run: RunFolder, target: Path, force: bool) -> Iterator[str]:
    """Convert the run's best weights to `target` and write its card beside it; yield what is worth telling.

    Raises UnusableInput when there is no run, no finished epoch, or a file is in the way; FailedOnTheWay when the
    exported file is too large or doesn't agree with the Keras model. Then neither file appears.
    """
    config, crop = run.config()
    if not run.best.is_file():
        raise UnusableInput(f"{run.path}: no epoch is finished yet; go on with --resume")
    if target.suffix != ".tflite" or not target.parent.is_dir():
        raise UnusableInput(f"{target}: name a .tflite file in a folder that exists")
    for path in (target, card_path(target)):
        if path.is_dir():
            raise UnusableInput(f"{path}: this is a folder; give the name of a file that can be made or replaced")
        if path.exists() and not force:
            raise UnusableInput(f"{path}: exists; add --force to replace it")
    PendingFile(target, force=True).discard()  # what can't be written is told before the work
    check_manifest(config)
    progress = saved[0] if (saved := run.progress()) else Progress()
    samples = read_manifest(Path(config.manifest))
    model = build(config.input_size, len(config.labels), config.hidden, config.dropout)
    run.restore_best(model)
    temperature = _temper(model, samples, training_card(config, crop))
    part = target.with_name(target.stem + ".part.tflite")
    part_card = card_path(part)
    try:
        part.write_bytes(convert(model))
        size = part.stat().st_size
        if size > LARGEST_FILE:
            raise FailedOnTheWay(f"the exported file has {size:,} bytes, more than {LARGEST_FILE:,}")
        card = replace(training_card(config, crop), sha256=file_sha256(part))
        part_card.write_text(card.to_json(), encoding="utf-8")
        with MaskClassifier(part) as classifier:
            check_agreement(model, classifier, _load(_compared(samples), card))
            card = _complete(card, classifier, samples, config)
        done = {"steps_done": progress.step, "kept": _kept(run, progress), "temperature": round(temperature, 4)}
        card = replace(card, training={**card.training, **done})
        part_card.write_text(card.to_json(), encoding="utf-8")
        _put_in_place([(part, target), (part_card, card_path(target))])
    except OSError as error:
        raise FailedOnTheWay(f"{target}: can't be written ({reason(error)})") from None
    finally:
        for one in (part, part_card):
            with suppress(OSError):
                one.unlink(missing_ok=True)
    yield (
        f"wrote {target} ({size / 1e6:.1f} MB) and {card_path(target)};"
        f" temperature {temperature:.3f}, threshold {card.threshold:.4f}"
    )
    if unfinished := _unfinished(run, config, progress):
        yield unfinished
    for name, values in card.metrics.items():
        yield (
            f"{name}: {values['missed_alarms']} missed of {values['positives']} bare,"
            f" {values['false_alarms']} false of {values['negatives']} masked;"
            f" rejected as no face: {values['bare_rejected']} bare, {values['masked_rejected']} masked"
        )


def _put_in_place(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Give each file its name, all or none: weights and a card that don't belong together can't be loaded."""
    before = [(target, target.read_bytes() if target.exists() else None) for _, target in pairs]
    try:
        for part, target in pairs:
            part.replace(target)
    except OSError:
        for target, old in before:
            with suppress(OSError):
                target.unlink(missing_ok=True) if old is None else target.write_bytes(old)
        raise


def _temper(model: Any, samples: Sequence[Sample], card: ModelCard) -> float:
    """Scale the model's last layer so that it is calibrated on the validation set; return the temperature."""
    wrong = mislabelled()
    faces = [one for one in samples if one.split == VALIDATION and one.label in LABELS and one.path not in wrong]
    answers = [np.asarray(model.predict_on_batch(images), np.float32) for images, _ in plain_batches(faces, card)]
    try:
        probability = judgement(np.concatenate(answers), card).no_mask_probability
    except ValueError as error:
        raise FailedOnTheWay(f"the run's answers are no numbers; its training has gone astray ({error})") from None
    temperature = fit_temperature(probability, np.array([one.label == NO_MASK for one in faces], np.bool_))
    temper(model, temperature)
    return temperature


def convert(model: Any) -> bytes:
    """Return the model as a LiteRT file with 8-bit weights; activations stay float."""
    tensorflow = import_tensorflow()
    with quiet(), redirect_stdout(io.StringIO()):  # it prints every tensor it captures
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        return bytes(converter.convert())


def check_agreement(model: Any, classifier: MaskClassifier, pictures: Pixels) -> None:
    """Raise FailedOnTheWay when model and exported file differ on `pictures` `(n, s, s, 3) uint8`, in any answer."""
    exported = classifier.classify(pictures)
    original = np.concatenate(
        [
            np.asarray(model.predict_on_batch(scale(pictures[start : start + 32], classifier.card)))
            for start in range(0, len(pictures), 32)
        ]
    )
    differ: NDArray[np.float32] = np.abs(exported - original)
    apart = differ.max(axis=1)
    mean, most = float(apart.mean()), float(np.quantile(apart, 0.99))
    turned = int((((exported >= 0.5) != (original >= 0.5)) & (differ > MOST_APART)).any(axis=1).sum())
    if mean > MEAN_APART or most > MOST_APART or turned:
        raise FailedOnTheWay(
            f"the exported file does not agree with the Keras model: answers {mean:.4f} apart on average"
            f" (at most {MEAN_APART}), {most:.4f} for 99 of 100 pictures (at most {MOST_APART}), {turned} turned"
        )


def _complete(card: ModelCard, classifier: MaskClassifier, samples: Sequence[Sample], config: TrainConfig) -> ModelCard:
    """Choose the threshold on the validation set, score validation and test, and fill in the card.

    Labels known to be wrong don't choose it, and count all the same.
    """
    parts = {one.split for one in samples if one.label in LABELS}
    judged = {part: _judge(classifier, samples, part) for part in (VALIDATION, TEST) if part in parts}
    if VALIDATION not in judged:
        raise FailedOnTheWay("no threshold can be chosen: no face is in the validation set")
    decided, wrong = judged[VALIDATION], mislabelled()
    right = np.array([one.path not in wrong for one in decided.faces])
    try:
        threshold = choose_threshold(
            decided.no_mask_probability[right], decided.bare[right], decided.by_step[:, right[decided.on_ladder]]
        )
    except ValueError as error:
        raise FailedOnTheWay(f"no threshold can be chosen: {error}") from None
    about = read_about(about_path(Path(config.manifest)))
    trained = sorted({one.source for one in chosen([one for one in samples if one.split == TRAIN], config)})
    return replace(
        card,
        threshold=threshold,
        metrics={
            part: {
                "positive_class": NO_MASK,
                **score(one.no_mask_probability, one.bare, threshold).as_dict(),
                "bare_rejected": int((one.rejected & one.bare).sum()),
                "masked_rejected": int((one.rejected & ~one.bare).sum()),
            }
            for part, one in judged.items()
        },
        data=[{"source": name, **about.get(name, {})} for name in trained],
        start_weights=_start(config),
        training={
            **asdict(config),
            "manifest": Path(config.manifest).name,
            "weights": Path(config.weights or "none").name,
        },
    )


def _start(config: TrainConfig) -> dict[str, str]:
    name = Path(config.weights or "none").name
    known = "ImageNet weights of keras.applications" if name == IMAGENET else "not stated"
    return {"name": name, "origin": config.weights_origin or known, "licence": config.weights_licence or "not stated"}


def _judge(classifier: MaskClassifier, samples: Sequence[Sample], part: str) -> Judged:
    """Judge the faces of a part through the app's own preprocessing; those of validation in harder views too."""
    there = (one for one in samples if one.split == part and one.label in LABELS)
    faces = [Labelled(one.path, one.label, one.source, one.box) for one in there]
    trouble = Trouble()
    judged = judge(classifier, faces, HARDER if part == VALIDATION else (), None, trouble)
    if trouble.unreadable:
        raise UnusableInput(trouble.unreadable[0])
    return judged


def _kept(run: RunFolder, progress: Progress) -> str:
    """Tell which weights of the run are the ones that are exported."""
    last = run.history()[-1:]
    if last and last[0]["phase"] == MEAN_OF_ENDS:
        return MEAN_OF_ENDS
    # The file knows best: after a crash the checkpoint may be older.
    epoch, _ = run.kept() or (progress.best_epoch, progress.best_loss)
    return f"epoch {epoch}"


def _unfinished(run: RunFolder, config: TrainConfig, progress: Progress) -> str:
    """Say what the run lacks, empty when it is finished."""
    if progress.step < config.steps:
        return (
            f"the run is not finished: {progress.step} of {config.steps} steps; its best weights so far were exported"
        )
    if config.cycles and _kept(run, progress) != MEAN_OF_ENDS:
        return "the mean of the run's ends was not made: go on with --resume; its best epoch was exported"
    return ""


def _compared(samples: Sequence[Sample]) -> list[Sample]:
    """Return some of the validation samples, faces and what is none."""
    there = [one for one in samples if one.split == VALIDATION]
    found = []
    for wanted, most in ((True, COMPARED), (False, COMPARED_REJECTS)):
        some = [one for one in there if (one.label in LABELS) == wanted]
        found += [one for one, taken in zip(some, evenly(len(some), most), strict=True) if taken]
    return found


def _load(samples: Sequence[Sample], card: ModelCard) -> Pixels:
    return np.stack([app_crop(one, card.crop, card.input_size) for one in samples])
