"""Runs the exported InceptionV3 on a batch of crops, with LiteRT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskcam.closing import Closing
from maskcam.cores import usable_cores
from maskcam.crops import scale
from maskcam.errors import UnusableInput
from maskcam.frames import Floats, Judgement, Pixels
from maskcam.modelcard import ModelCard, load_card
from maskcam.native import quiet

BATCH_SIZES = (4, 1)
"""The sizes kept ready, largest first: a new size would cost a re-allocation in the middle of a video."""


class MaskClassifier(Closing):
    """Crops -> probabilities, one column for each of the card's labels. Not thread-safe."""

    def __init__(self, weights: Path) -> None:
        """Load a weights file and its card; it is run by as many threads as there are cores to be used, at most 4.

        Raises UnusableInput, in one line, when the file, the card or the two together can't be used.
        """
        self.card: ModelCard = load_card(weights)
        self._weights = weights
        self._threads = min(usable_cores(), 4)
        self._runners: dict[int, Any] = {}
        with quiet():
            for size in BATCH_SIZES:
                self._runners[size] = self._prepare(size)

    def classify(self, crops: Pixels) -> Floats:
        """Return `(n, k) float32` probabilities for `crops` `(n, size, size, 3) uint8 RGB`; n = 0 is fine.

        ValueError for crops of another shape or type, or once closed.
        """
        size = self.card.input_size
        if crops.shape[1:] != (size, size, 3) or crops.dtype != np.uint8:
            raise ValueError(f"crops must be (n, {size}, {size}, 3) uint8, not {crops.shape} {crops.dtype}")
        if not self._runners:
            raise ValueError("the classifier is closed")
        answers = np.empty((len(crops), len(self.card.labels)), np.float32)
        start = 0
        for count in BATCH_SIZES:
            while len(crops) - start >= count:
                answers[start : start + count] = self._run(count, scale(crops[start : start + count], self.card))
                start += count
        return answers

    def judge(self, crops: Pixels) -> Judgement:
        """Return what is said of each of `crops` `(n, size, size, 3) uint8 RGB`."""
        return judgement(self.classify(crops), self.card)

    def no_mask_probability(self, crops: Pixels) -> Floats:
        """Return `(n,) float32`: bare / (bare + mask) for each crop."""
        return self.judge(crops).no_mask_probability

    def close(self) -> None:
        """Free the weights; a second call does nothing."""
        with quiet():
            self._runners.clear()

    def _run(self, count: int, batch: Floats) -> Floats:
        runner = self._runners[count]
        runner.set_tensor(runner.get_input_details()[0]["index"], batch)
        runner.invoke()
        return np.asarray(runner.get_tensor(runner.get_output_details()[0]["index"]), np.float32)

    def _prepare(self, count: int) -> Any:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 (slow to import, so only when used)

        size, labels = self.card.input_size, len(self.card.labels)
        try:
            runner = Interpreter(model_path=str(self._weights), num_threads=self._threads)
            runner.resize_tensor_input(runner.get_input_details()[0]["index"], (count, size, size, 3))
            runner.allocate_tensors()
            runner.invoke()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UnusableInput(f"{self._weights}: LiteRT can't run it ({reason}); export the model again") from None
        shape = tuple(runner.get_output_details()[0]["shape"])
        if shape != (count, labels):
            raise UnusableInput(
                f"{self._weights}: gives {shape[-1]} answers a face where its card names {labels}; export it again"
            )
        return runner


def judgement(answers: Floats, card: ModelCard) -> Judgement:
    """Read a network's answers `(n, k) float32`, one column for each of the card's labels."""
    bare, mask = answers[:, card.no_mask_index], answers[:, card.mask_index]
    no_mask = bare / np.maximum(bare + mask, np.finfo(np.float32).tiny)
    rejected = np.zeros(len(answers)) if card.not_face_index is None else answers[:, card.not_face_index]
    return Judgement(np.clip(no_mask, 0, 1).astype(np.float32), np.clip(rejected, 0, 1).astype(np.float32))
