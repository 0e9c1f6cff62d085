"""Temperature scaling: it mends what is too sure or too unsure, and moves no face across the middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.frames import Flags, Floats
from training.measures import calibration, expected_calibration_error
from training.temperature import fit_temperature, temper, tempered
from training.tf import import_tensorflow


def honest(count: int, seed: int) -> tuple[Floats, Flags]:
    """Draw faces whose probability tells the truth about how often they are bare."""
    random = np.random.default_rng(seed)
    probability = (1 / (1 + np.exp(-random.normal(0, 4, count)))).astype(np.float32)
    return probability, random.random(count) < probability


def error(probability: Floats, bare: Flags) -> float:
    found = expected_calibration_error(calibration(probability, bare))
    assert found is not None
    return found


@pytest.mark.parametrize("spoilt", [0.4, 2.5])
def test_the_temperature_undoes_what_was_spoilt(spoilt: float) -> None:
    probability, bare = honest(4000, 1)
    wrong = tempered(probability, spoilt)
    found = fit_temperature(wrong, bare)
    assert found == pytest.approx(1 / spoilt, rel=0.15)
    assert error(tempered(wrong, found), bare) < error(wrong, bare) / 2


def test_what_is_honest_is_left_nearly_alone() -> None:
    assert fit_temperature(*honest(4000, 2)) == pytest.approx(1, rel=0.1)


def test_no_faces_have_no_temperature() -> None:
    assert fit_temperature(np.empty(0, np.float32), np.empty(0, np.bool_)) == 1


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20), st.floats(0.2, 5))
def test_no_face_crosses_the_middle_and_the_order_stays(values: list[float], temperature: float) -> None:
    before = np.array(sorted(values), np.float32)
    after = tempered(before, temperature)
    assert ((after > 0.5) == (before > 0.5))[np.abs(before - 0.5) > 1e-5].all()
    assert (np.diff(after) >= 0).all() and np.isfinite(after).all()


def test_a_temperature_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        tempered(np.array([0.5], np.float32), 0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
def test_a_tempered_network_gives_the_tempered_probabilities() -> None:
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(3)
    entry = keras.Input((4,))
    model = keras.Model(entry, keras.layers.Dense(2, activation="softmax", name="answer")(entry))
    model.get_layer("answer").set_weights([np.random.default_rng(0).normal(0, 2, (4, 2)), np.array([0.3, -0.2])])
    data = np.random.default_rng(1).normal(0, 1, (50, 4)).astype(np.float32)
    before = np.asarray(model.predict_on_batch(data))[:, 1]
    temper(model, 0.5)
    after = np.asarray(model.predict_on_batch(data))[:, 1]
    assert np.abs(after - tempered(before, 0.5)).max() < 1e-5
    assert np.abs(after - before).max() > 0.05
