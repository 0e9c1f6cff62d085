"""Some of many, evenly spread."""

from __future__ import annotations

import numpy as np

from maskcam.frames import Flags


def evenly(count: int, most: int | None) -> Flags:
    """Choose at most `most` of `count` places, all of them for None, evenly spread: `(count,) bool`."""
    chosen = np.zeros(count, np.bool_)
    kept = count if most is None else min(most, count)
    chosen[(np.arange(kept) * count) // max(kept, 1)] = True
    return chosen
