"""Log-odds, there and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.odds import EDGE, log_odds, log_odds_of, probability_of


@given(st.floats(1e-6, 1 - 1e-6))
def test_there_and_back(probability: float) -> None:
    odds = log_odds_of(np.array([probability]))
    assert probability_of(odds)[0] == pytest.approx(probability)
    assert odds[0] == pytest.approx(log_odds(probability))


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probable_is_never_less_in_odds(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert log_odds(low) <= log_odds(high)


def test_log_odds_are_the_logarithm_of_the_odds() -> None:
    assert log_odds(0.5) == 0
    assert log_odds(0.9) == pytest.approx(math.log(9))


def test_nothing_is_infinite() -> None:
    ends = log_odds_of(np.array([0.0, 1.0], np.float32))
    assert ends[1] == pytest.approx(-ends[0]) == pytest.approx(math.log((1 - EDGE) / EDGE))
    assert log_odds(0.0) == pytest.approx(ends[0])
    assert log_odds_of(np.array([0.0]), 0.01)[0] == pytest.approx(-math.log(99))
