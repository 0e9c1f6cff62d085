"""Log-odds of probabilities: independent evidence adds up in them. 0 and 1 would be infinite and are cut off."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

EDGE = 1e-7
"""How near to 0 and 1 a probability may come unless something else is asked."""


def log_odds(probability: float) -> float:
    """Return the natural logarithm of p / (1 - p)."""
    kept = min(max(probability, EDGE), 1.0 - EDGE)
    return math.log(kept / (1.0 - kept))


def log_odds_of(probabilities: NDArray[np.floating], edge: float = EDGE) -> NDArray[np.float64]:
    """Return the same of each of `(n,)`, whose values count as no nearer to 0 and 1 than `edge`, `(n,) float64`."""
    kept = np.clip(probabilities.astype(np.float64), edge, 1.0 - edge)
    return np.asarray(np.log(kept / (1.0 - kept)))


def probability_of(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities that have these log-odds, `(n,) float64` both."""
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))
