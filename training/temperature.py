"""Temperature scaling: makes the network say how sure it is, neither more nor less.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML 2017. Label smoothing
leaves a network less sure than it could be; one number, fitted on faces it never learnt from, mends that and moves
no face across the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Flags, Floats
from maskcam.odds import log_odds_of, probability_of
from training.measures import calibration, expected_calibration_error

TEMPERATURES: NDArray[np.float64] = np.exp(np.linspace(np.log(0.2), np.log(5), 201))
"""What is tried; the middle one is 1, which changes nothing."""


def tempered(no_mask_probability: Floats, temperature: float) -> Floats:
    """Return `(n,) float32` probabilities as a network would give them whose last layer is divided by `temperature`."""
    if temperature <= 0:
        raise ValueError(f"a temperature is above 0, not {temperature}")
    return probability_of(log_odds_of(no_mask_probability) / temperature).astype(np.float32)


def fit_temperature(no_mask_probability: Floats, bare: Flags) -> float:
    """Return the temperature with the least log loss for `(n,)` probabilities and truths; 1 where none helps.

    It helps only where it lessens the expected calibration error too.
    """
    if not len(bare):
        return 1.0
    best = float(min(TEMPERATURES, key=lambda one: _log_loss(tempered(no_mask_probability, float(one)), bare)))
    before, after = (_error(tempered(no_mask_probability, one), bare) for one in (1.0, best))
    return best if after < before else 1.0


def tempered_loss(answers: Floats, truth: Floats, shares: Sequence[float]) -> float:
    """Return the log loss that the best temperature leaves, for `(n, k)` probabilities and one-hot truths.

    Each class weighs as its one of the k `shares` says, however many pictures it has. How sure a network says it is
    changes from epoch to epoch and is mended at the export; this compares what is left then.
    """
    logs = np.log(np.maximum(answers.astype(np.float64), 1e-7))
    counts = truth.sum(axis=0)
    there = np.where(counts > 0, shares, 0.0)
    weights = truth / np.maximum(counts, 1) * there / there.sum()
    losses = []
    for temperature in TEMPERATURES[::4]:
        scaled = logs / temperature
        scaled = scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)
        losses.append(float(-(scaled * weights).sum()))
    return min(losses)


def temper(model: Any, temperature: float) -> None:
    """Divide the logits of a Keras model's layer `answer` by `temperature`, in place."""
    layer = model.get_layer("answer")
    layer.set_weights([np.asarray(weights) / np.float32(temperature) for weights in layer.get_weights()])


def _log_loss(no_mask_probability: Floats, bare: Flags) -> float:
    right = np.where(bare, no_mask_probability, 1 - no_mask_probability).astype(np.float64)
    return float(-np.log(np.maximum(right, 1e-7)).mean())


def _error(no_mask_probability: Floats, bare: Flags) -> float:
    return expected_calibration_error(calibration(no_mask_probability, bare)) or 0.0
