"""Faces and answers that several tests of `evaluate` need."""

from __future__ import annotations

import numpy as np

from training.ladders import SIZE_STEPS, WEATHER_STEPS

SMALL = 75


HEAD = np.array([157, 14, 302, 192])
"""The astronaut's head in scikit-image's portrait, labelled by hand."""


ALL_STEPS = SIZE_STEPS + WEATHER_STEPS
