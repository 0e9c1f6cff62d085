"""`train`: transfer learning in two phases, interruptible at every step."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from maskcam.classifier import judgement
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.modelcard import NOT_FACE, CropRule, ModelCard, file_sha256
from maskcam.signals import StopRequest, stop_on_signals
from training.checkpoint import MEAN_OF_ENDS, Progress, RunFolder
from training.config import TrainConfig
from training.curves import check_plots, draw_curves
from training.manifest import ALL_LABELS, LABELS, TRAIN, VALIDATION, Sample
from training.metrics import called_bare, score
from training.model import all_layers, build, check_weights, head_only
from training.precision import settled
from training.recipe import fingerprint
from training.run_data import check_manifest, check_recipe, chosen, judged, readable
from training.sampling import Batches, drawn_shares, plain_batches
from training.temperature import tempered_loss
from training.tf import import_tensorflow

_ASTRAY = "the training has gone astray, what it answers is no number any more"
_LOWER = "train anew with a lower --rate, --head-rate or --cycle-rate"


class Interrupted(Exception):
    """Ctrl-C: the checkpoint is written; the message says how to go on."""


def rate_at(step: int, config: TrainConfig) -> float:
    """Return the learning rate of a step: level for the head, then warm-up and a cosine down to nothing, each cycle."""
    if step < config.head_steps:
        return config.head_rate
    fall = sum(step >= end for end in config.ends)  # the first, or that of a cycle
    top = config.cycle_rate if fall else config.rate
    start = config.ends[fall - 1] if fall else config.head_steps
    done = (step - start + 1) / max(config.ends[min(fall, config.cycles)] - start, 1)
    if done < config.warm_up:
        return top * done / config.warm_up
    return top * 0.5 * (1 + math.cos(math.pi * (done - config.warm_up) / (1 - config.warm_up)))


def training_card(config: TrainConfig, crop: CropRule) -> ModelCard:
    """Return the card that crop and scaling during training follow; export completes it."""
    return ModelCard(labels=config.labels, input_size=config.input_size, crop=crop, threshold=0.5, sha256="")


def train(folder: RunFolder, config: TrainConfig | None) -> Progress:
    """Train into `folder`; without a configuration go on from its checkpoint.

    Raises UnusableInput for data or a folder that can't be used, FailedOnTheWay when a file can't be written or the
    loss is no number any more, Interrupted after Ctrl-C.
    """
    check_plots()
    if config is None:
        config, crop = folder.config()
        check_manifest(config)
        check_recipe(config)
        with folder.alone():
            return _Training(folder, config, crop, readable(Path(config.manifest))).run()
    folder.check_free()
    check_weights(config.weights)  # before TensorFlow is loaded, which takes seconds
    manifest = Path(config.manifest)
    samples = readable(manifest)
    wanted = chosen(samples[TRAIN], replace(config, labels=ALL_LABELS))
    third = NOT_FACE not in config.without and any(one.label == NOT_FACE for one in wanted)
    config = replace(
        config,
        manifest_sha256=file_sha256(manifest),
        labels=ALL_LABELS if third else LABELS,
        precision=settled(config.precision),
        recipe=fingerprint(),
    )
    training = _Training(folder, config, CropRule(), samples)
    folder.start(config)  # only now: data or weights that can't be used leave no run behind
    with folder.alone():
        return training.run()


class _Training:
    """One process' share of a run."""

    def __init__(
        self, folder: RunFolder, config: TrainConfig, crop: CropRule, samples: dict[str, list[Sample]]
    ) -> None:
        self.folder, self.config = folder, config
        self.card = training_card(config, crop)
        self.validation = judged(samples[VALIDATION], config)
        try:
            self.batches = Batches(
                chosen(samples[TRAIN], config),
                self.card,
                config.batch,
                seed=config.seed,
                without=config.without,
                harder_from=config.ends[0],
            )
        except ValueError as error:
            raise UnusableInput(f"{config.manifest}: {error}") from None
        self.keras = import_tensorflow().keras
        saved = folder.progress()
        self.progress, self.checkpoint = saved if saved else (Progress(), "")
        if kept := self.folder.kept():
            self.progress.best_epoch, self.progress.best_loss = kept
        # A checkpoint doesn't hold what dropout draws from; the same draws again would be learnt by heart.
        self.keras.utils.set_random_seed((config.seed + self.progress.step) % 2**32)
        self.model = build(
            config.input_size,
            len(config.labels),
            config.hidden,
            config.dropout,
            precision=config.precision,
            weights=None if self.checkpoint else config.weights,
        )
        if self.checkpoint:
            folder.restore_weights(self.model, self.checkpoint)

    def run(self) -> Progress:
        config = self.config
        bounds = [(0, config.head_steps, head_only), (config.head_steps, config.steps, all_layers)]
        try:
            with stop_on_signals() as stopped:
                for start, stop, unfreeze in bounds:
                    if self.progress.step < stop:
                        self._phase(max(start, self.progress.step), start, stop, unfreeze, stopped)
            if config.cycles:
                self._average()
        finally:
            self.batches.close()
        return self.progress

    def _phase(self, step: int, start: int, stop: int, unfreeze: Any, stopped: StopRequest) -> None:
        config = self.config
        unfreeze(self.model)
        # Compiled anew, since which layers learn is fixed when the step is traced.
        optimizer = self.keras.optimizers.Adam(config.rate, clipnorm=config.clip)
        self.model.compile(
            optimizer=optimizer,
            loss=self.keras.losses.CategoricalCrossentropy(label_smoothing=config.smoothing),
            metrics=["accuracy"],
        )
        optimizer.build(self.model.trainable_variables)
        if self.checkpoint and step > start:
            self.folder.restore_optimizer(optimizer, self.checkpoint)
        name = "head" if start == 0 and config.head_steps else "all layers"
        with tqdm(total=stop, initial=step, desc=name, unit=" steps", disable=None) as bar:
            for number, images, truth in self.batches.run(step, stop):
                rate = rate_at(number, config)
                optimizer.learning_rate = rate
                values = self.model.train_on_batch(images, truth, return_dict=True)
                # Keras averages since the last reset, so each batch's own value needs a reset in between.
                self.model.reset_metrics()
                if not math.isfinite(float(values["loss"])):
                    raise FailedOnTheWay(f"{_ASTRAY} (at step {number + 1}); {_LOWER}")
                self.progress.add(float(values["loss"]), float(values["accuracy"]))
                shown = {"loss": f"{self.progress.loss:.3f}", "accuracy": f"{self.progress.accuracy:.3f}"}
                bar.set_postfix(shown, refresh=False)
                bar.update()
                if (number + 1) % config.epoch_steps == 0:
                    self._end_epoch(name, rate, optimizer)
                finished = self.progress.step == config.steps and not config.cycles
                if stopped and not finished:
                    if (number + 1) % config.epoch_steps:  # else the epoch's end has saved it
                        self.folder.save(self.model, optimizer, self.progress)
                    raise Interrupted(
                        f"stopped after step {self.progress.step} of {config.steps}; go on with"
                        f" python -m training train --resume --out {self.folder.path}"
                    )

    def _average(self) -> None:
        """Judge the mean of the weights at all ends of the rate, and keep it whatever came before.

        Ends of one run lie in one valley, and their mean nearer to its middle: Izmailov et al., "Averaging Weights
        Leads to Wider Optima and Better Generalization", UAI 2018, arXiv:1803.05407. It is better where faces are small
        or covered, which a validation loss on faces as they come hardly shows. Unlike theirs, the mean keeps the mean
        of the BatchNorms' statistics too, instead of gathering them anew.
        """
        sums: list[Any] = []
        for place in range(len(self.config.ends)):
            self.folder.restore_end(self.model, place)
            weights = [np.asarray(one, np.float64) for one in self.model.get_weights()]
            sums = [old + new for old, new in zip(sums, weights, strict=True)] if sums else weights
        self.model.set_weights([(one / len(self.config.ends)).astype(np.float32) for one in sums])
        epoch = self.config.steps // self.config.epoch_steps + 1
        row: dict[str, float | int | str] = {"epoch": epoch, "phase": MEAN_OF_ENDS, "rate": 0.0}
        row |= {"loss": math.nan, "accuracy": math.nan, **self._validate()}
        self._keep(epoch, row, always=True)
        self._draw()
        self._tell(row)

    def _end_epoch(self, phase: str, rate: float, optimizer: Any) -> None:
        epoch = self.progress.step // self.config.epoch_steps
        row: dict[str, float | int | str] = {
            "epoch": epoch,
            "phase": phase,
            "rate": round(rate, 8),
            "loss": round(self.progress.loss, 5),
            "accuracy": round(self.progress.accuracy, 5),
            **self._validate(),
        }
        self.progress.next_epoch()
        self._keep(epoch, row)
        if self.config.cycles and self.progress.step in self.config.ends:
            self.folder.save_end(self.model, self.config.ends.index(self.progress.step))
        self.folder.save(self.model, optimizer, self.progress)
        self._draw()
        self._tell(row)  # afterwards: whoever listens may be gone

    def _keep(self, epoch: int, row: dict[str, float | int | str], always: bool = False) -> None:
        """Put an epoch down, and keep the weights if they are the best so far or `always`."""
        if always or float(row["val_loss"]) < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_epoch = float(row["val_loss"]), epoch
            self.folder.save_best(self.model, epoch, self.progress.best_loss)
        # Afterwards: what the history says was kept must have been.
        self.folder.add_history(row)

    def _draw(self) -> None:
        # A picture that is open elsewhere, and so can't be replaced on some systems, costs no training.
        try:
            self.folder.put("curves.png", partial(draw_curves, self.folder.history()))
        except FailedOnTheWay as error:
            tqdm.write(f"training goes on: {error}", sys.stderr)

    def _tell(self, row: dict[str, float | int | str]) -> None:
        epoch = row["epoch"]
        learnt = "the mean of the ends" if math.isnan(float(row["loss"])) else f"epoch {epoch}: loss {row['loss']:.4f}"
        tqdm.write(
            f"{learnt}, validation loss {row['val_loss']:.4f},"
            f" {row['val_missed']} missed and {row['val_false']} false of {self._faces()}"
        )
        sys.stdout.flush()  # a log shows the epoch when it ends

    def _faces(self) -> int:
        return sum(one.label in LABELS for one in self.validation)

    def _validate(self) -> dict[str, float | int]:
        """Score the validation samples; the loss weighs classes as `drawn_shares` says, not how sure it says it is."""
        answers, truths = [], []
        for images, truth in plain_batches(self.validation, self.card):
            answers.append(np.asarray(self.model.predict_on_batch(images), np.float32))
            truths.append(truth)
        answer, truth = np.concatenate(answers), np.concatenate(truths)
        if not np.isfinite(answer).all():
            raise FailedOnTheWay(f"{_ASTRAY}; {_LOWER}")
        face = truth[:, self.card.no_mask_index] + truth[:, self.card.mask_index] > 0
        bare = truth[face, self.card.no_mask_index] > 0
        scores = score(called_bare(judgement(answer[face], self.card)), bare, 0.5)
        return {
            "val_loss": round(tempered_loss(answer, truth, drawn_shares(self.card.labels)), 5),
            "val_accuracy": round(scores.accuracy or 0.0, 5),
            "val_missed": scores.missed_alarms,
            "val_false": scores.false_alarms,
        }
